import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { actions, entriesOf, eur, makeBucket, makeReservation, read } from './balances.js';
import { create, releaseVerb } from './transports.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 8, long: 50 });

/** What happens to a bucket, and how long after what was before: often at the same instant. */
const step = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1_000, max: 100_000_000 })),
  /** For this one action the clock is so far ahead. */
  aheadMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 300_000_000 }) },
  ),
  action: fc.constantFrom('topup' as const, 'debit' as const, 'reserve' as const, 'release' as const),
  amount: fc.integer({ min: 1, max: 900 }).map((cents) => cents / 100),
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Remaining and reserved amount by then, undefined for none; null when there is no bucket. */
async function standing(id: string, asOf: string): Promise<unknown> {
  const { data, errors } = await server.graphql(
    'query ($id: ID!, $asOf: DateTime) { bucket(id: $id, asOf: $asOf) { remainingValue { amount units } reservedValue { amount units } reserveBalance { refId } } }',
    { id, asOf },
  );
  if (errors) return errors[0]?.extensions.code;
  if (data.bucket === null) return null;
  const { remainingValue, reservedValue, reserveBalance } = data.bucket;
  expect([remainingValue?.units, reservedValue?.units, reserveBalance]).toEqual([
    remainingValue ? 'EUR' : undefined,
    remainingValue ? 'EUR' : undefined,
    null,
  ]);
  return [remainingValue?.amount, reservedValue?.amount];
}

const shifted = (time: string, milliseconds: number): string => new Date(Date.parse(time) + milliseconds).toISOString();

describe('a bucket as of an instant', () => {
  it(`stands as its ledger says, between any two entries and at each, for ${runs} histories`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
        fc.array(step, { maxLength: 24 }),
        async (opening, steps) => {
          server.clock.advance(1_000);
          const created = server.clock.now().toISOString();
          const id = await makeBucket(server, opening);
          const reservations: string[] = [];
          for (const { waitMs, aheadMs, action, amount } of steps) {
            server.clock.advance(waitMs);
            const present = server.clock.now().toISOString();
            server.clock.advance(aheadMs);
            if (action === 'release') {
              const last = reservations.pop();
              if (last) await releaseVerb(server, last);
              server.clock.set(present);
              continue;
            }
            const { type, attributes } = actions[action];
            const { code, resource } = await create(server, 'graphql', type, {
              ...attributes,
              usageType: 'monetary',
              amount: eur(amount),
              bucket: { id },
            });
            if (action === 'reserve' && code === undefined) reservations.push(resource.href.split('/').at(-1));
            server.clock.set(present);
          }
          // All that was dated ahead is past.
          server.clock.advance(300_001_000);

          const entries = await entriesOf(server, id);
          const instants = entries.flatMap(({ recordedAt }) => [
            shifted(recordedAt, -1),
            recordedAt,
            shifted(recordedAt, 1),
          ]);
          for (const asOf of [shifted(created, -1), created, ...instants, server.clock.now().toISOString()]) {
            const last = entries.filter(({ recordedAt }) => recordedAt <= asOf).at(-1);
            const expected = asOf < created ? null : [last?.remainingAfter, last?.reservedAfter];
            expect([asOf, await standing(id, asOf)]).toEqual([asOf, expected]);
          }
        },
      ),
      { seed, numRuns: runs },
    );
  });

  it('is told in every other attribute as it is now', async () => {
    const id = await makeBucket(server, 5, { name: 'before' });
    const asOf = server.clock.now().toISOString();
    server.clock.advance(60_000);
    await server.rest('PATCH', `/bucket/${id}`, { body: { name: 'after' } });
    await makeReservation(server, id, 2);
    const { data } = await server.graphql(
      'query ($id: ID!, $asOf: DateTime) { bucket(id: $id, asOf: $asOf) { name revision href remainingValue { amount } entries { totalCount } } now: bucket(id: $id) { revision href } }',
      { id, asOf },
    );
    expect(data.bucket).toEqual({
      name: 'after',
      ...data.now,
      remainingValue: { amount: 5 },
      entries: { totalCount: 2 },
    });
  });

  it('is the bucket itself without an instant, and at present', async () => {
    const id = await makeBucket(server, 7);
    await makeReservation(server, id, 2);
    const { remainingValue, reservedValue } = await read(server, 'Bucket', id);
    expect(await standing(id, server.clock.now().toISOString())).toEqual([remainingValue.amount, reservedValue.amount]);
    const { data } = await server.graphql(
      'query ($id: ID!) { bucket(id: $id, asOf: null) { remainingValue { amount } reserveBalance { refId } } }',
      { id },
    );
    expect(data.bucket).toEqual({ remainingValue: { amount: 5 }, reserveBalance: [{ refId: expect.any(String) }] });
  });

  it('is refused for the future, and null where there is no such bucket', async () => {
    const id = await makeBucket(server, 1);
    const now = server.clock.now().toISOString();
    expect([await standing(id, shifted(now, 1)), await standing('none', now)]).toEqual(['INVALID_QUERY', null]);
    await server.rest('POST', '/adjustBalance', {
      body: { amount: eur(1), bucket: { id }, adjustType: 'generalDebit' },
    });
    await server.rest('DELETE', `/bucket/${id}`);
    expect(await standing(id, now)).toBe(null);
  });

  it('is found in a long ledger by halving it', async () => {
    const id = await makeBucket(server, 0);
    const count = 50_000;
    await server.database.query(Prisma.sql`
      INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
      SELECT 'default', ${id}, n, 'entry-' || n, 'topup', 1, 0, n, 0, 'EUR', ${server.clock.now().toISOString()}::timestamptz + n * interval '1 second'
      FROM generate_series(2, ${count}::int) n`);
    await server.database.query(Prisma.sql`UPDATE "Bucket" SET "entrySequence" = ${count} WHERE "id" = ${id}`);
    const start = server.clock.now().toISOString();
    server.clock.advance((count + 1) * 1_000);
    for (const seconds of [2, 3, 12_345, 49_999, 50_000])
      expect(await standing(id, shifted(start, seconds * 1_000 + 999))).toEqual([seconds, 0]);
    const plan = await server.database.query<{ 'QUERY PLAN': string }>(Prisma.sql`
      EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT * FROM "ledgerEntriesAt"(${shifted(start, 12_345_000)}::timestamptz) e
      WHERE e."tenantId" = 'default' AND e."bucketId" = ${id}`);
    const pages = plan.flatMap(
      (line) =>
        /Buffers: shared hit=(\d+)(?: read=(\d+))?/
          .exec(line['QUERY PLAN'])
          ?.slice(1)
          .map((count) => Number(count ?? 0)) ?? [],
    );
    // The ledger has some thousand pages; seventeen look-ups of a few pages each find the entry.
    expect([pages.length > 0, Math.max(...pages) < 300]).toEqual([true, true]);
  });
});
