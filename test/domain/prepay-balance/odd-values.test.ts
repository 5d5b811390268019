import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isLong } from '../../support/proof.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { actions, balanceOf, eur, ledgerProblems, make, makeBucket } from './balances.js';
import { create, pathOf, type Type } from './transports.js';

// Every attribute with every odd value: refused or done, never a bug, and nobody else notices.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.clock.set('2026-01-31T09:00:00.000Z'));
afterAll(() => server.close());

const party = [{ id: 'odd', '@referredType': 'Individual' }];
const times = ['2026-02-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'];
const parts = [
  { id: '' },
  { id: 'x' },
  [{ id: 'x', '@referredType': 'y' }],
  { value: 'x' },
  eur(1),
  { amount: 1, units: 'EUROS' },
  { amount: 1, units: '' },
  { amount: '1' },
];
const validities = [
  { endDateTime: '2026-02-02T00:00:00Z' },
  { startDateTime: '2026-02-02T00:00:00Z' },
  { startDateTime: null, endDateTime: null },
];
const oddities: unknown[] = [
  null,
  '',
  ' ',
  'x',
  'weekly',
  'receiver',
  0,
  1,
  -1,
  1.5,
  1e300,
  true,
  false,
  [],
  {},
  [{}],
  [null],
  ...parts,
  ...times,
  ...validities,
];

const common = [
  'amount',
  'validFor',
  'channel',
  'relatedParty',
  'requestor',
  'description',
  'reason',
  '@type',
  '@schemaLocation',
  'usageType',
  'bucket',
  'product',
  'logicalResource',
  'partyAccount',
  'status',
];
const attributesOf: Partial<Record<Type, string[]>> = {
  TopupBalance: [
    ...common,
    'requestedDate',
    'recurringPeriod',
    'numberOfPeriods',
    'isAutoTopup',
    'autoTopupThreshold',
    'payment',
    'paymentMethod',
    'voucher',
    'relatedTopupBalance',
    'nextDueDate',
    'periodsDone',
  ],
  ReserveBalance: [...common, 'expirationDate', 'nextDueDate'],
  TransferBalance: [
    ...common,
    'receiver',
    'receiverBucket',
    'receiverBucketUsageType',
    'receiverLogicalResource',
    'receiverPartyAccount',
    'receiverProduct',
    'transferCost',
    'costOwner',
  ],
  AdjustBalance: [...common, 'adjustType', 'reserveBalance'],
};

/** Requests on their way at a time. */
const atOnce = 40;

const expectedStatuses = new Set([200, 201, 400, 409, 422]);

interface Case {
  type: Type;
  kind: string;
  /** Makes what is patched; absent: the oddity goes into the creation. */
  patched?: boolean;
  input: (bucketId: string, friendId: string, index: number) => object;
}

const cases: Case[] = [
  { type: 'TopupBalance', kind: 'creation', input: (id) => ({ bucket: { id }, amount: eur(1) }) },
  { type: 'ReserveBalance', kind: 'creation', input: (id) => ({ bucket: { id }, amount: eur(1) }) },
  {
    type: 'TransferBalance',
    kind: 'creation',
    input: (id, friend) => ({ bucket: { id }, receiverBucket: { id: friend }, amount: eur(1) }),
  },
  {
    type: 'AdjustBalance',
    kind: 'creation',
    input: (id) => ({ bucket: { id }, amount: eur(1), ...actions.debit.attributes }),
  },
  {
    type: 'TopupBalance',
    kind: 'PATCH of a scheduled one',
    patched: true,
    input: (id, _friend, index) => ({
      ...(index % 2 ? { bucket: { id } } : { relatedParty: party }),
      amount: eur(1),
      requestedDate: '2026-02-15T00:00:00.000Z',
    }),
  },
  {
    type: 'TopupBalance',
    kind: 'PATCH of a recurring top-up',
    patched: true,
    input: (id, _friend, index) => ({
      ...(index % 2 ? { bucket: { id } } : { relatedParty: party }),
      amount: eur(1),
      recurringPeriod: 'weekly',
      numberOfPeriods: 9,
    }),
  },
  {
    type: 'ReserveBalance',
    kind: 'PATCH',
    patched: true,
    input: (id) => ({ bucket: { id }, amount: eur(0.01), expirationDate: '2026-02-15T00:00:00.000Z' }),
  },
  {
    type: 'TransferBalance',
    kind: 'PATCH',
    patched: true,
    input: (id, friend) => ({ bucket: { id }, receiverBucket: { id: friend }, amount: eur(0.01) }),
  },
];

describe('odd values', () => {
  it.each(cases)(
    'in the $kind of a $type are refused, or it is done, and everybody goes on',
    async ({ type, kind, patched, input }) => {
      const owner = `${kind} ${type}`;
      const id = await makeBucket(server, 10_000, { relatedParty: [{ ...party[0], id: owner }] });
      const friend = await makeBucket(server, 0);
      const found: unknown[] = [];
      // Every value, and every attribute, with a third of the other; all with all in `npm run test:long`.
      const tries = (attributesOf[type] ?? []).flatMap((name, at) =>
        oddities
          .map((value, index) => ({ name, value, index }))
          .filter(({ index }) => isLong || (index + at + seed) % 3 === 0),
      );
      const left = tries.values();
      const work = async (): Promise<void> => {
        for (const { name, value, index } of left) {
          const given = JSON.parse(JSON.stringify(input(id, friend, index)).replaceAll('"odd"', JSON.stringify(owner)));
          const path = patched ? `${pathOf(type)}/${(await make(server, type, given)).id}` : pathOf(type);
          const { status, body } = await server.rest(patched ? 'PATCH' : 'POST', path, {
            body: patched ? { [name]: value } : { ...given, [name]: value },
          });
          if (!expectedStatuses.has(status)) found.push([name, value, body]);
        }
      };
      // All at once would be too much for a slow machine, which then answers 503.
      await Promise.all(Array.from({ length: atOnce }, work));
      expect(found).toEqual([]);
      server.clock.set('2026-03-01T00:00:00.000Z');
      expect((await server.rest('GET', `/bucket/${id}`)).status).toBe(200);
      expect(
        (await create(server, 'rest', 'AdjustBalance', { ...actions.debit.attributes, bucket: { id }, amount: eur(1) }))
          .code,
      ).toBeUndefined();
      const due = '(filter: { nextDueDate: { lte: "2026-03-01T00:00:00.000Z" } }) { totalCount }';
      const { data } = await server.graphql(`{ topupBalances${due} reserveBalances${due} }`);
      expect(data).toEqual({ topupBalances: { totalCount: 0 }, reserveBalances: { totalCount: 0 } });
      for (const one of [id, friend]) {
        expect(await ledgerProblems(server, one)).toEqual([]);
        expect((await balanceOf(server, one))[0]).toBeGreaterThanOrEqual(0);
      }
    },
  );
});
