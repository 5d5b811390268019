import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { actions, balanceOf, eur, ledgerProblems, makeBuckets } from './balances.js';
import { create, transports, update } from './transports.js';
import { startSecondServer } from './second-server.js';
import { proofSize } from '../../support/proof.js';

/** Transfers of one test, by workers that each send the next when they have their answer. */
const transfers = proofSize('TRANSFERS', { short: 150, long: 400 });
const workers = 24;
const readers = 3;
const opening = 50;

const servers: TestServer[] = [];
beforeAll(async () => {
  const server = await startTestServer();
  servers.push(server);
  if (server.database.url) servers.push(await startSecondServer(server, new TestClock()));
});
afterAll(async () => {
  for (const one of [...servers].reverse()) await one.close();
});

const serverOf = (index: number): TestServer => servers[index % servers.length] as TestServer;

/** What a reader gets who asks for all of them in one query, in each of the ways there are. */
const sums: ((ids: string[]) => [string, (data: any) => number[]])[] = [
  (ids) => [
    `{ buckets(filter: { id: { in: ${JSON.stringify(ids)} } }) { items { remainingValue { amount } reservedValue { amount } } } }`,
    ({ buckets }) =>
      buckets.items.flatMap(({ remainingValue, reservedValue }: any) => [remainingValue.amount, reservedValue.amount]),
  ],
  (ids) => [
    `{ ${ids.map((id, index) => `b${index}: bucket(id: "${id}") { remainingValue { amount } reservedValue { amount } }`).join(' ')} }`,
    (data) =>
      Object.values(data).flatMap(({ remainingValue, reservedValue }: any) => [
        remainingValue.amount,
        reservedValue.amount,
      ]),
  ],
];

/** Sends transfers along these steps from many sides while others read; answers how often each code came. */
async function underLoad(
  ids: string[],
  steps: [number, number][],
): Promise<{ codes: Record<string, number>; reads: number; wrong: number[] }> {
  const codes: Record<string, number> = {};
  const wrong: number[] = [];
  let [sent, reads, isOver] = [0, 0, false];
  const work = async (): Promise<void> => {
    while (sent < transfers) {
      const index = sent++;
      const [from, to] = steps[index % steps.length] as [number, number];
      const input = { bucket: { id: ids[from] }, receiverBucket: { id: ids[to] }, amount: eur(1 + (index % 7)) };
      const { code = 'ok', resource } = await create(
        serverOf(index),
        transports[index % 3 === 0 ? 1 : 0] ?? 'rest',
        'TransferBalance',
        input,
      );
      codes[code] = (codes[code] ?? 0) + 1;
      if (resource && index % 10 === 0) {
        const reversal = await update(serverOf(index + 1), 'rest', 'TransferBalance', resource.id, {
          status: 'cancelled',
        });
        codes[`reversal ${reversal.code ?? 'ok'}`] = (codes[`reversal ${reversal.code ?? 'ok'}`] ?? 0) + 1;
      }
    }
  };
  const look = async (reader: number): Promise<void> => {
    while (!isOver) {
      const [query, amountsOf] = (sums[reads % sums.length] as (typeof sums)[number])(ids);
      const { data, errors } = await serverOf(reader).graphql(query);
      expect(errors).toBeUndefined();
      reads += 1;
      const total = amountsOf(data).reduce((sum, amount) => sum + amount, 0);
      if (total !== opening * ids.length) wrong.push(total);
    }
  };
  const looking = Promise.all(Array.from({ length: readers }, (_, index) => look(index)));
  await Promise.all(Array.from({ length: workers }, work)).finally(() => (isOver = true));
  await looking;
  return { codes, reads, wrong };
}

async function expectConserved(ids: string[]): Promise<void> {
  const balances = await Promise.all(ids.map((id, index) => balanceOf(serverOf(index), id)));
  expect(balances.reduce((sum, [remaining, reserved]) => sum + remaining + reserved, 0)).toBe(opening * ids.length);
  for (const id of ids) expect(await ledgerProblems(serverOf(0), id)).toEqual([]);
}

describe('transfers at full load', () => {
  it.each<[string, number, [number, number][]]>([
    [
      'there and back between two buckets',
      2,
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'in three circles among ten buckets',
      10,
      [
        [0, 1],
        [1, 2],
        [2, 0],
        [9, 4],
        [4, 2],
        [2, 9],
        [7, 6],
        [6, 5],
        [5, 3],
        [3, 7],
        [8, 0],
        [0, 8],
      ],
    ],
  ])('%s end without a deadlock, and nobody ever reads a half', async (_what, count, steps) => {
    const ids = await makeBuckets(serverOf(0), count, opening);
    const { codes, reads, wrong } = await underLoad(ids, steps);
    console.info(`${transfers} transfers on ${servers.length} server(s): ${JSON.stringify(codes)}, ${reads} reads`);
    expect(Object.keys(codes).filter((code) => !/^(reversal )?(ok|INSUFFICIENT_REMAINING)$/.test(code))).toEqual([]);
    expect(codes['ok']).toBeGreaterThan(transfers / 10);
    expect(wrong).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    await expectConserved(ids);
  });

  it('that draw on several buckets, whose owners also spend and reserve, neither', async () => {
    const products = [{ id: 'one side' }, { id: 'other side' }];
    const sides = await Promise.all(
      products.map((product) => makeBuckets(serverOf(0), 4, opening, { product: [product] })),
    );
    const receivers = sides.map((side) => String(side[3]));
    let spent = 0;
    const outcomes = await Promise.all(
      Array.from({ length: transfers / 2 }, async (_, index) => {
        const side = index % 2;
        const product = products[side];
        if (index % 5 === 0) {
          const { code } = await create(serverOf(index), 'rest', 'AdjustBalance', {
            ...actions.debit.attributes,
            product,
            amount: eur(1),
          });
          if (code === undefined) spent += 1;
          return code;
        }
        if (index % 7 === 0)
          return (await create(serverOf(index), 'graphql', 'ReserveBalance', { product: [product], amount: eur(1) }))
            .code;
        return (
          await create(serverOf(index), 'rest', 'TransferBalance', {
            product,
            receiverBucket: { id: receivers[1 - side] },
            amount: eur(30),
          })
        ).code;
      }),
    );
    expect([...new Set(outcomes)].filter((code) => code !== undefined && code !== 'INSUFFICIENT_REMAINING')).toEqual(
      [],
    );
    const balances = await Promise.all(sides.flat().map((id) => balanceOf(serverOf(0), id)));
    expect(balances.flat().reduce((sum, amount) => sum + amount, 0)).toBe(8 * opening - spent);
    for (const id of sides.flat()) expect(await ledgerProblems(serverOf(0), id)).toEqual([]);
  });
});
