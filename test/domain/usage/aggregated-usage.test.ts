import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AggregatedUsage } from '../../../graphql/usage/aggregated-usage.js';
import { Usage } from '../../../graphql/usage/usage.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import type { Filter } from '../../../src/platform/filter/tree/filter.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { made, remove, update } from '../../fixtures/transports.js';
import { watchReads, type WatchedReads } from '../../support/watched-reads.js';
import { proofSize } from '../../support/proof.js';

const rating = (value: number, more: object = {}): object => ({
  taxExcludedRatingAmount: { value, unit: 'EUR' },
  taxIncludedRatingAmount: { value: value * 2, unit: 'EUR' },
  ...more,
});
const party = (id: string, more: object = {}): object => ({ id, '@referredType': 'Customer', ...more });

describe('what a party has used and not been billed for', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterEach(async () => {
    await server.database.client.usage.deleteMany();
  });
  afterAll(() => server.close());

  const one = (usage: object): Promise<any> =>
    made(server, 'Usage', {
      usageSpecification: { id: 'spec' },
      usageType: 'data',
      status: 'rated',
      relatedParty: [party('42')],
      ratedProductUsage: [rating(1)],
      ...usage,
    });
  const sums = async (query = ''): Promise<any[]> => (await server.rest('GET', `/aggregatedUsage${query}`)).body;
  const told = async (query = ''): Promise<unknown[]> =>
    (await sums(query)).map(({ id, count, taxExcludedAmount, taxIncludedAmount }) => [
      id,
      count,
      taxExcludedAmount?.value,
      taxIncludedAmount?.value,
    ]);

  it('is what is rated, by type, specification and currency', async () => {
    await one({});
    await one({ status: 'rerated', ratedProductUsage: [rating(0.1), rating(0.2)] });
    await one({ usageType: 'voice' });
    await one({ usageSpecification: { id: 'other' } });
    await one({ usageType: undefined, ratedProductUsage: [{ taxIncludedRatingAmount: { value: 7, unit: 'USD' } }] });
    await one({ status: 'guided' });
    expect(await told()).toEqual([
      ['42~data~other~EUR', 1, 1, 2],
      ['42~data~spec~EUR', 2, 1.3, 2.6],
      ['42~voice~spec~EUR', 1, 1, 2],
      ['42~~spec~USD', 1, undefined, 7],
    ]);
  });

  it('is not what was billed, in whole or in part, and follows each change', async () => {
    const first = await one({
      ratedProductUsage: [rating(1, { isBilled: true }), rating(2, { isBilled: false }), rating(4)],
    });
    const second = await one({ ratedProductUsage: [rating(8)] });
    expect(await told()).toEqual([['42~data~spec~EUR', 2, 14, 28]]);
    const { headers } = await server.rest('GET', '/aggregatedUsage/42~data~spec~EUR');
    await update(server, 'rest', 'Usage', second.id, { ratedProductUsage: [rating(8, { isBilled: true })] });
    expect(await told()).toEqual([['42~data~spec~EUR', 1, 6, 12]]);
    expect((await server.rest('GET', '/aggregatedUsage/42~data~spec~EUR')).headers.get('etag')).not.toBe(
      headers.get('etag'),
    );
    await server.database.client.usage.updateMany({ where: { id: first.id }, data: { status: 'billed' } });
    expect(await told()).toEqual([]);
    await one({});
    await remove(
      server,
      'rest',
      'Usage',
      (await server.rest('GET', '/usage?status=rated&fields=id&sort=-id')).body[0].id,
    );
    expect(await told()).toEqual([]);
  });

  it('is not what consumed a bucket, until that is refunded', async () => {
    const { id: bucketId } = await made(server, 'Bucket', {
      usageType: 'monetary',
      remainingValue: { amount: 100, units: 'EUR' },
    });
    await one({});
    const paid = await one({ ratedProductUsage: [rating(8)], chargeTo: { bucket: { id: bucketId } } });
    expect(await told()).toEqual([['42~data~spec~EUR', 1, 1, 2]]);
    await update(server, 'rest', 'Usage', paid.id, { chargeTo: null });
    expect(await told()).toEqual([['42~data~spec~EUR', 2, 9, 18]]);
  });

  it('is told to each party of a usage, under its name as it came last', async () => {
    await one({
      relatedParty: [party('42', { name: 'Jane' }), party('43', { role: 'payer' }), party('42', { role: 'user' })],
    });
    await one({ relatedParty: [party('43', { name: 'Größe & Maß', role: 'customer' })] });
    await one({ relatedParty: undefined });
    expect((await sums()).map(({ relatedParty, count }) => [relatedParty, count])).toEqual([
      [[{ id: '42', name: 'Jane', '@referredType': 'Customer' }], 1],
      [[{ id: '43', name: 'Größe & Maß', '@referredType': 'Customer' }], 2],
    ]);
  });

  it.each(['4~2', '4%7E2', '%', 'a/b', 'x y', 'Größe', "it's", 'a-name-'.repeat(40)])(
    'is found by the party and by its own id when the party is called %s',
    async (id) => {
      await one({ relatedParty: [party(id)] });
      await one({ relatedParty: [party('another')] });
      const found = await sums(`?relatedParty.id=${encodeURIComponent(id)}`);
      expect(found.map((sum) => sum.relatedParty[0].id)).toEqual([id]);
      expect((await server.rest('GET', `/aggregatedUsage/${encodeURIComponent(found[0].id)}`)).body).toEqual(found[0]);
      expect(new URL(found[0].href).pathname.endsWith(`/aggregatedUsage/${encodeURIComponent(found[0].id)}`)).toBe(
        true,
      );
    },
  );

  it('is found by several parties, by alternatives and by what else they are', async () => {
    for (const id of ['a', 'b', 'c']) await one({ relatedParty: [party(id, { name: `party ${id}` })] });
    const parties = async (query: string): Promise<string[]> =>
      (await sums(query)).map(({ relatedParty }) => relatedParty[0].id);
    expect(await parties('?relatedParty.id=a,c')).toEqual(['a', 'c']);
    expect(await parties('?relatedParty.id=a;relatedParty.name=party%20b')).toEqual(['a', 'b']);
    expect(await parties('?relatedParty.id=a&relatedParty.name=party%20b')).toEqual([]);
    expect(await parties('?relatedParty.id.ne=a')).toEqual(['b', 'c']);
    expect(await parties('?id=a~data~spec~EUR,b~data~spec~EUR&relatedParty.id=b')).toEqual(['b']);
  });

  it('is only read', async () => {
    for (const [method, path] of [
      ['POST', ''],
      ['PATCH', '/42~data~spec~EUR'],
      ['DELETE', '/42~data~spec~EUR'],
    ] as const) {
      expect((await server.rest(method, `/aggregatedUsage${path}`, { body: {} })).status).toBe(405);
    }
  });
});

/** A server has the size that the plans are chosen for; the embedded database shows that they can be chosen at all. */
const rows = process.env.TEST_DATABASE_URL ? proofSize('ROWS', { short: 20_000, long: 200_000 }) : 10_000;
const loadMaxMs = 300_000;

describe(`among ${rows.toLocaleString('en')} usages`, () => {
  const scope = { tenantId: 'default', at: new Date('2026-03-01T12:00:00.000Z') };
  const mapping = mappingOf(AggregatedUsage);
  const attributes = Object.keys(mapping.attributes);
  let database: TestDatabase;
  let reads: WatchedReads;

  beforeAll(async () => {
    database = await openTestDatabase();
    await database.dedicated(async (connection) => {
      await connection.script(`
        INSERT INTO "Usage" ("tenantId", "id", "status", "usageType", "usageDate", "usageSpecification", "relatedParty", "ratedProductUsage", "updatedAt", "externalId")
        SELECT 'default', 'U' || lpad(n::text, 10, '0'), 'rated', 'data', '2026-03-01T00:00:00Z'::timestamptz + n * '1 minute'::interval, '{"id":"spec"}',
          jsonb_build_array(jsonb_build_object('id', 'party-' || n % (${rows} / 10), 'atReferredType', 'Customer')),
          '[{"taxExcludedRatingAmount":{"value":0.1,"unit":"EUR"}}]', now(), CASE WHEN n % 3 > 0 THEN 'cdr-' || n END
        FROM generate_series(1, ${rows}) n`);
      await connection.script('ANALYZE "Usage"');
    });
    reads = watchReads(database);
  }, loadMaxMs);
  afterAll(() => database.close());

  const ofParty: Filter = {
    kind: 'some',
    path: ['relatedParty'],
    filter: { kind: 'compare', path: ['id'], operator: 'eq', value: 'party-777' },
  };
  const page = (filter: Filter): Promise<unknown> =>
    reads.page(mapping, scope, { filter, order: [], offset: 0, limit: 20, attributes });

  it.each([
    ['of a party', () => page(ofParty)],
    [
      'of a party, counted',
      () => reads.page(mapping, scope, { filter: ofParty, order: [], offset: 0, limit: 0, attributes, count: 'exact' }),
    ],
    [
      'of a party or another',
      () =>
        page({
          kind: 'or',
          filters: [
            ofParty,
            {
              ...ofParty,
              filter: { kind: 'compareList', path: ['id'], operator: 'in', values: ['party-1', 'party-2'] },
            },
          ],
        }),
    ],
    ['of an id', () => reads.one(mapping, scope, 'party-777~data~spec~EUR', attributes)],
  ])('the sums %s are found by the index of parties', async (_what, work) => {
    const plan = await reads.planOf(work);
    expect(plan).toContain('Usage_relatedParty_idx');
    expect(plan).not.toContain('Seq Scan');
    expect(await reads.one(mapping, scope, 'party-777~data~spec~EUR', ['count', 'taxExcludedAmount'])).toMatchObject({
      count: 10,
      taxExcludedAmount: { value: 1, unit: 'EUR' },
    });
  });

  it('a usage is found by the name that its deliverer gave it', async () => {
    const filter: Filter = { kind: 'compare', path: ['externalId'], operator: 'eq', value: 'cdr-7777' };
    const plan = await reads.planOf(async () => {
      const found = await reads.page(mappingOf(Usage), scope, {
        filter,
        order: [],
        offset: 0,
        limit: 20,
        attributes: ['id', 'externalId'],
      });
      expect(found.items).toEqual([{ id: 'U0000007777', externalId: 'cdr-7777' }]);
    });
    expect(plan).toContain('Usage_tenantId_externalId_id_idx');
    expect(plan).not.toMatch(/Seq Scan|Sort Key/);
  });
});
