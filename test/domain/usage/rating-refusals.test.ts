import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contentOf } from '../../fixtures/rows.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, eventsOf, makeBucket, read } from '../prepay-balance/balances.js';
import {
  adjustmentsOf,
  charged,
  guided,
  left,
  ratings,
  storedBeside,
  to,
  usageOf,
  usageSpecification,
} from './charges.js';
import { calledBy, create, createMany, transports, made, rate, update } from '../../fixtures/transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const bucketOf = (opening: number, attributes?: object): Promise<string> => makeBucket(server, opening, attributes);

describe('a charge that is refused', () => {
  const cases: [what: string, arrange: () => Promise<object>, status: number, message: string][] = [
    ['of more than is left', async () => to(await bucketOf(1)), 409, 'has 1 EUR left, 3 EUR were asked for'],
    ['of a suspended bucket', async () => to(await bucketOf(9, { status: 'suspended' })), 409, 'is suspended'],
    [
      'of an expired bucket',
      async () => to(await bucketOf(9, { validFor: { endDateTime: '2026-02-01T00:00:00.000Z' } })),
      409,
      'is expired',
    ],
    [
      'of a bucket before its time',
      async () => to(await bucketOf(9, { validFor: { startDateTime: '2036-02-01T00:00:00.000Z' } })),
      409,
      'is valid from',
    ],
    ['of an unknown bucket', async () => to('no-such-bucket'), 422, "bucket 'no-such-bucket' does not exist"],
    [
      'in other units',
      async () => to(await bucketOf(0, { usageType: 'data', remainingValue: { amount: 9, units: 'MB' } })),
      422,
      'counts MB, not EUR',
    ],
    [
      'that cannot be told exactly',
      async () => to(await bucketOf(0, { usageType: 'voice', remainingValue: { amount: 9, units: 'h' } }), 1, 's'),
      422,
      'cannot be told exactly',
    ],
  ];
  const everyWay = cases.flatMap(([what, ...rest]) => transports.map((door) => [what, door, ...rest] as const));

  async function isRecorded(reference: string | undefined, message: string | undefined): Promise<void> {
    const action = await read(server, 'AdjustBalance', reference ?? 'none');
    expect(action).toMatchObject({ status: 'failed', adjustType: 'usageDebit' });
    expect(message).toContain(action.failureMessage);
    expect(await eventsOf(server, action.id)).toEqual(['AdjustBalanceFailureEvent']);
  }

  it.each(everyWay)(
    '%s leaves the usage as it was, through %s, and is recorded',
    async (_what, door, arrange, status, message) => {
      const chargeTo = await arrange();
      // Whoever reads first sees to it that the bucket has expired.
      await server.rest('GET', '/bucket?fields=none');
      const id = await guided(server);
      const before = await storedBeside(server);
      const outcome = await rate(server, door, id, ratings(3), { chargeTo });
      expect([outcome.status, outcome.message]).toEqual([status, expect.stringContaining(message)]);
      await isRecorded(outcome.reference, outcome.message);
      const created = await create(server, door, 'Usage', {
        usageSpecification,
        status: 'rated',
        externalId: 'refused',
        ratedProductUsage: ratings(3),
        chargeTo,
      });
      expect([created.status, created.message]).toEqual([status, expect.stringContaining(message)]);
      await isRecorded(created.reference, created.message);
      expect(await storedBeside(server)).toEqual(before);
      expect(await eventsOf(server, id)).toEqual(['UsageCreateEvent']);
    },
  );

  it.each(transports)('leaves the bucket charged that was charged, through %s', async (door) => {
    const [one, other] = [await bucketOf(10), await bucketOf(4)];
    const id = await charged(server, one, 3);
    const before = await usageOf(server, id);
    for (const [amount, chargeTo] of [
      [5, to(other)],
      [11, to(one)],
      [3, to('no-such-bucket')],
    ] as const) {
      expect((await rate(server, door, id, ratings(amount), { chargeTo })).status).toBeGreaterThan(400);
    }
    expect([await usageOf(server, id), await left(server, one, other)]).toEqual([before, [7, 4]]);
  });

  it('is the first of a batch of which none is taken', async () => {
    const [rich, poor] = [await bucketOf(10), await bucketOf(3)];
    const one = (bucket: string): object => ({
      usageSpecification,
      status: 'rated',
      ratedProductUsage: ratings(2),
      chargeTo: to(bucket),
    });
    for (const door of transports) {
      const before = await storedBeside(server);
      const outcome = await createMany(server, door, 'Usage', [
        one(rich),
        { usageSpecification },
        one(poor),
        one(rich),
        one(poor),
      ]);
      expect([outcome.status, outcome.message]).toEqual([
        409,
        `element 4: bucket '${poor}' has 1 EUR left, 2 EUR were asked for`,
      ]);
      await isRecorded(outcome.reference, outcome.message);
      expect(await storedBeside(server)).toEqual(before);
    }
    const { resource } = await createMany(server, 'graphql', 'Usage', [one(rich), { usageSpecification }, one(poor)]);
    const [first, second, third] = resource;
    expect([first.chargeTo.amount, second.chargeTo, third.chargeTo.amount, await left(server, rich, poor)]).toEqual([
      eur(2),
      undefined,
      eur(2),
      [8, 1],
    ]);
    expect((await adjustmentsOf(server, third.id)).map(({ id }) => ({ id }))).toEqual(third.adjustBalance);
  });
});

describe('a chargeTo that makes no sense', () => {
  const usd = { taxIncludedRatingAmount: { value: 1, unit: 'USD' } };
  const cases: [what: string, chargeTo: object, rated: object[], named: string][] = [
    [
      'has no amount, and rating none with tax',
      to('b'),
      [{ taxExcludedRatingAmount: { value: 1, unit: 'EUR' } }],
      'chargeTo.amount is missing',
    ],
    [
      'has no amount, and rating two currencies',
      to('b'),
      [...ratings(1), usd],
      'ratedProductUsage.1.taxIncludedRatingAmount.unit is USD',
    ],
    ['has no bucket', { amount: eur(1) }, ratings(1), 'bucket'],
    ['has a bucket without an id', { bucket: { name: 'Main' } }, ratings(1), 'bucket'],
    ['has a bucket with an empty id', to(''), ratings(1), 'chargeTo.bucket.id'],
    ['has a negative amount', to('b', -1), ratings(1), 'chargeTo.amount.amount'],
    ['has an amount of nothing', to('b', 1, ''), ratings(1), 'chargeTo.amount.units'],
  ];

  it.each(cases.flatMap(([what, ...rest]) => transports.map((door) => [what, door, ...rest] as const)))(
    '%s is refused, through %s, and leaves nothing',
    async (_what, door, chargeTo, rated, named) => {
      const id = await guided(server);
      const before = await contentOf(server.database);
      const more = { chargeTo };
      for (const outcome of [
        await rate(server, door, id, rated, more),
        await create(server, door, 'Usage', { usageSpecification, status: 'rated', ratedProductUsage: rated, ...more }),
      ]) {
        expect([outcome.status, outcome.message]).toEqual([400, expect.stringContaining(calledBy(door, named))]);
      }
      expect(await contentOf(server.database)).toEqual(before);
    },
  );

  it('is not taken from a file', async () => {
    const line = {
      usageSpecification,
      status: 'rated',
      ratedProductUsage: ratings(1),
      chargeTo: to(await bucketOf(10)),
    };
    const before = await storedBeside(server);
    const task = await server.rest('POST', '/tmf-api/usageManagement/v4/importJob', {
      text: `${JSON.stringify(line)}\n`,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(task).toMatchObject({ status: 201, body: { lines: 1, rejected: 1 } });
    const log = await (await fetch(task.body.errorLog)).text();
    expect(JSON.parse(log)).toMatchObject({
      line: 1,
      code: 'INVALID_ATTRIBUTE',
      message: expect.stringContaining('chargeTo is not taken from files'),
    });
    expect(((await storedBeside(server)) as { Usage: string }).Usage).toEqual((before as { Usage: string }).Usage);
  });

  it.each(transports)('comes before rating, through %s', async (door) => {
    for (const status of ['received', 'guided', 'rejected', 'recycled']) {
      const { id } = await made(server, 'Usage', { usageSpecification, status });
      const message = `chargeTo goes with a usage that is rated or rerated, not ${status}`;
      expect(await update(server, door, 'Usage', id, { chargeTo: to('b', 1) })).toMatchObject({ status: 400, message });
      expect(await create(server, door, 'Usage', { usageSpecification, status, chargeTo: to('b', 1) })).toMatchObject({
        status: 400,
        message,
      });
    }
    for (const none of [[], null]) {
      const id = await guided(server);
      expect(await rate(server, door, id, none as never, { chargeTo: to('b', 1) })).toMatchObject({
        status: 400,
        message: expect.stringContaining('ratedProductUsage'),
      });
    }
  });
});
