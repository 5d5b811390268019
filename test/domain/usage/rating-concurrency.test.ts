import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import { makeBucket, makeBuckets } from '../prepay-balance/balances.js';
import { create as createBalance } from '../prepay-balance/transports.js';
import { adjustmentsOf, charged, guided, left, ratings, to, usageOf, usageSpecification } from './charges.js';
import { create, transports, made, rate, type Outcome } from '../../fixtures/transports.js';

const opening = 100_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** As many values as are wanted, the same for the same seed. */
const sample = <T>(of: fc.Arbitrary<T>, count: number): T[] => fc.sample(of, { numRuns: count, seed });
const cents = fc.integer({ min: 0, max: 99_999 }).map((value) => value / 100);
const statuses = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ status }) => status).sort();

/** What each bucket must have left, by what the usages say they consumed. */
async function expected(buckets: readonly string[], usageIds: readonly string[]): Promise<number[]> {
  const consumed = new Map<string, number>();
  for (const id of usageIds) {
    const { chargeTo } = await usageOf(server, id);
    if (chargeTo)
      consumed.set(
        chargeTo.bucket.id,
        (consumed.get(chargeTo.bucket.id) ?? 0) + Math.round(chargeTo.amount.amount * 100),
      );
  }
  return buckets.map((id) => (opening * 100 - (consumed.get(id) ?? 0)) / 100);
}

describe('ratings at the same time', () => {
  it('of one usage leave its buckets at what the last one says', async () => {
    const buckets = await makeBuckets(server, 3, opening);
    const id = await charged(server, buckets[0]!, 5);
    const wanted = sample(fc.record({ amount: cents, bucket: fc.constantFrom(...buckets, null, undefined) }), 50);
    const outcomes = await concurrently(wanted.length, (index) => {
      const { amount, bucket } = wanted[index]!;
      return retryWhileBusy((key) =>
        rate(
          server,
          'graphql',
          id,
          ratings(amount),
          bucket === undefined ? {} : { chargeTo: bucket && to(bucket) },
          key,
        ),
      );
    });
    expect(statuses(outcomes)).toEqual(wanted.map(() => 200));
    expect((await usageOf(server, id)).status).toBe('rated');
    expect(await left(server, ...buckets)).toEqual(await expected(buckets, [id]));
  });

  it('of several usages, beside other actions on their buckets, lose nothing', async () => {
    const buckets = await makeBuckets(server, 3, opening);
    const ids = [];
    for (let index = 0; index < 6; index++) ids.push(await charged(server, buckets[index % 3]!, 7));
    const wanted = sample(
      fc.record({ amount: cents, bucket: fc.constantFrom(...buckets), usage: fc.constantFrom(...ids) }),
      60,
    );
    const [rated, moved] = await Promise.all([
      concurrently(wanted.length, (index) => {
        const { usage, amount, bucket } = wanted[index]!;
        return retryWhileBusy((key) => rate(server, 'graphql', usage, ratings(amount), { chargeTo: to(bucket) }, key));
      }),
      concurrently(30, (index) => {
        const [bucket, receiverBucket] = [{ id: buckets[index % 3] }, { id: buckets[(index + 1) % 3] }];
        return retryWhileBusy((key) =>
          createBalance(
            server,
            'rest',
            'TransferBalance',
            { amount: { amount: 1, units: 'EUR' }, bucket, receiverBucket },
            { key },
          ),
        );
      }),
    ]);
    expect([statuses(rated), moved.every(({ status }) => status === 201)]).toEqual([wanted.map(() => 200), true]);
    expect(await left(server, ...buckets)).toEqual(await expected(buckets, ids));
  });

  it('take from a bucket what it has, and no more', async () => {
    const bucket = await makeBucket(server, 10);
    const consume = (index: number): Promise<Outcome> =>
      retryWhileBusy((key) =>
        create(
          server,
          transports[index % 2]!,
          'Usage',
          {
            usageSpecification,
            status: 'rated',
            externalId: `run-${bucket}-${index}`,
            ratedProductUsage: ratings(1),
            chargeTo: to(bucket),
          },
          key,
        ),
      );
    const outcomes = await concurrently(25, consume);
    expect(outcomes.filter(({ status }) => status < 300)).toHaveLength(10);
    expect([
      new Set(outcomes.filter(({ status }) => status >= 300).map(({ status }) => status)),
      await left(server, bucket),
    ]).toEqual([new Set([409]), [0]]);
    expect((await server.rest('GET', `/usage?chargeTo.bucket.id=${bucket}`)).body).toHaveLength(10);
    // A name that was refused is free.
    const { data } = await server.graphql(
      `{ adjustBalances(filter: { bucket: { refId: { eq: "${bucket}" } }, status: { eq: failed } }) { totalCount } }`,
    );
    expect(data.adjustBalances.totalCount).toBe(15);
    await createBalance(server, 'rest', 'TopupBalance', {
      amount: { amount: 15, units: 'EUR' },
      bucket: { id: bucket },
    });
    const again = await concurrently(25, consume);
    expect([
      again.filter(({ status }) => status < 300).length,
      again.filter(({ replayed }) => replayed).length,
      await left(server, bucket),
    ]).toEqual([25, 10, [0]]);
  });

  it('charge once under one key, and under one externalId', async () => {
    const bucket = await makeBucket(server, 100);
    const id = await guided(server);
    const keyed = await concurrently(12, () =>
      retryWhileBusy(() => rate(server, 'graphql', id, ratings(3), { chargeTo: to(bucket) }, `once ${id}`)),
    );
    expect([
      statuses(keyed),
      keyed.filter(({ replayed }) => !replayed).length,
      (await adjustmentsOf(server, id)).length,
    ]).toEqual([Array(12).fill(200), 1, 1]);
    const sent = {
      usageSpecification,
      usageDate: '2026-03-01T08:00:00.000Z',
      status: 'rated',
      externalId: `once-${id}`,
      ratedProductUsage: ratings(5),
      chargeTo: to(bucket),
    };
    const named = await concurrently(12, (index) =>
      retryWhileBusy(() => create(server, transports[index % 2]!, 'Usage', sent)),
    );
    expect([
      named.filter(({ replayed }) => !replayed).length,
      new Set(named.map(({ resource }) => resource.id)).size,
    ]).toEqual([1, 1]);
    expect(await left(server, bucket)).toEqual([92]);
  });

  it('and the end of the usage do not cross', async () => {
    const bucket = await makeBucket(server, 100);
    for (let round = 0; round < 5; round++) {
      const { id } = await made(server, 'Usage', { usageSpecification, status: 'guided' });
      await Promise.all([
        retryWhileBusy((key) => rate(server, 'graphql', id, ratings(1), { chargeTo: to(bucket) }, key)),
        retryWhileBusy(() => server.rest('DELETE', `/usage/${id}`)),
      ]);
    }
    const { body } = await server.rest('GET', `/usage?chargeTo.bucket.id=${bucket}`);
    expect(await left(server, bucket)).toEqual([100 - body.length]);
  });
});
