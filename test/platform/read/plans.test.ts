import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { toAttribute } from '../../../graphql/naming.js';
import { AccumulatedBalance } from '../../../graphql/prepay-balance/accumulated-balance.js';
import { BalanceAction } from '../../../graphql/prepay-balance/balance-action.js';
import { Bucket } from '../../../graphql/prepay-balance/bucket.js';
import { createSchema } from '../../../graphql/schema.js';
import { attributeTypesOf, mappingOf } from '../../../graphql/resource-mapping.js';
import { filterVariable } from '../../../rest-compat/query/filter-input.js';
import { resourceModel } from '../../../rest-compat/resource-model.js';
import { isDue } from '../../../src/domain/prepay-balance/store/due.store.js';
import type { Database } from '../../../src/platform/database/database.js';
import { parseQuery } from '../../../rest-compat/query/query-string.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { watchReads, type SimplePage, type WatchedReads } from '../../support/watched-reads.js';
import { proofSize } from '../../support/proof.js';

/** A server has the size that the plans are chosen for; the embedded database shows that they can be chosen at all. */
const rows = process.env.TEST_DATABASE_URL ? proofSize('ROWS', { short: 20_000, long: 200_000 }) : 10_000;
const loadMaxMs = 300_000;
const scope = { tenantId: 'default', at: new Date('2026-03-01T12:00:00.000Z') };
const firstPage: SimplePage = { order: [], offset: 0, limit: 20, attributes: ['id'] };

describe(`among ${rows.toLocaleString('en')} buckets`, () => {
  let database: TestDatabase;
  let reads: WatchedReads;

  beforeAll(async () => {
    database = await openTestDatabase();
    await fill(database);
    reads = watchReads(database);
  }, loadMaxMs);
  afterAll(() => database.close());

  /** The plan that a connection keeps: it is made without the values. */
  async function keptPlanOf({ text, values }: Prisma.Sql): Promise<string> {
    return database.dedicated(async (connection) => {
      await connection.script('SET plan_cache_mode = force_generic_plan');
      await connection.script(`PREPARE kept AS ${text}`);
      const given = values.map((value) => (Array.isArray(value) ? `'{${value.join(',')}}'` : `'${String(value)}'`));
      const plan = await connection.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE kept(${given.join(', ')})`);
      await connection.script('DEALLOCATE kept');
      await connection.script('RESET plan_cache_mode');
      return plan.map((line) => line['QUERY PLAN']).join('\n');
    });
  }

  it('what is due is found by its two indexes, also by a plan that is kept', async () => {
    const plan = await keptPlanOf(Prisma.sql`SELECT ${isDue('default', new Date())}`);
    expect(plan).toContain('BalanceAction_nextDueDate');
    expect(plan).toContain('Bucket_lapses');
    expect(plan).not.toMatch(/Seq Scan|Sort Key/);
  });

  it('a bucket and the first pages of buckets are found by their key, also by a plan that is kept', async () => {
    for (const work of [
      () => reads.one(mappingOf(Bucket), scope, 'B0000000777', ['name']),
      () => reads.page(mappingOf(Bucket), scope, firstPage),
    ]) {
      const plan = await keptPlanOf(await reads.statementOf(work));
      expect(plan).toContain('Bucket_pkey');
      expect(plan).not.toMatch(/Seq Scan|Sort Key/);
    }
  });

  const whole = Object.keys(attributeTypesOf(AccumulatedBalance));

  it.each([
    ['relatedParty.id=party-777', 'BalanceGroup_relatedParty_idx'],
    ['partyAccount.id=account-777', 'BalanceGroup_partyAccount_idx'],
    ['product.id=product-777', 'BalanceGroup_product_idx'],
    ['logicalResource.id=msisdn-777', 'BalanceGroup_logicalResource_idx'],
    ['id=relatedParty~party-777~monetary~EUR', 'BalanceGroup_pkey'],
    ['usageType=rare', 'BalanceGroup_tenantId_usageType_id_idx'],
  ])('the sums of %s are found by %s, and their buckets by their keys', async (query, index) => {
    const model = resourceModel(await createSchema(), 'AccumulatedBalance');
    const { filter } = parseQuery(query, { attributes: model.attributes, toAttribute });
    if (!filter) throw new Error('the query has a filter');
    const { tree } = filterVariable(filter, model, new Set());
    const found = await reads.page(mappingOf(AccumulatedBalance), scope, {
      ...firstPage,
      filter: tree,
      attributes: whole,
    });
    expect(found.items.length).toBeGreaterThan(0);
    const plan = await reads.planOf(() =>
      reads.page(mappingOf(AccumulatedBalance), scope, { ...firstPage, filter: tree, attributes: whole }),
    );
    expect(plan).toContain(index);
    expect(plan).not.toContain('Seq Scan');
  });

  it('one sum is read by its key', async () => {
    const plan = await reads.planOf(() =>
      reads.one(mappingOf(AccumulatedBalance), scope, 'product~product-777~monetary~EUR', whole),
    );
    expect(plan).toContain('BalanceGroup_pkey');
    expect(plan).not.toContain('Seq Scan');
  });

  it('the first page of all sums is read in their order', async () => {
    const plan = await reads.planOf(() =>
      reads.page(mappingOf(AccumulatedBalance), scope, { ...firstPage, attributes: whole }),
    );
    expect(plan).toContain('BalanceGroup_pkey');
    expect(plan).not.toMatch(/Seq Scan|Sort Key: g/);
  });

  it('sums are counted without being computed', async () => {
    const counted = (count: 'bounded' | 'exact'): ReturnType<WatchedReads['page']> =>
      reads.page(mappingOf(AccumulatedBalance), scope, { ...firstPage, limit: 0, count });
    expect(await reads.planOf(() => counted('bounded'))).not.toContain('string_agg');
    expect((await counted('exact')).count).toBe(4 * rows);
  });

  it('the actions of several buckets, of few and of many actions, are read in order by the key of their links', async () => {
    const mapping = mappingOf(BalanceAction);
    const edge = { links: 'BucketAction', parent: 'bucketId', child: 'actionId' };
    const plan = await reads.planOf(() =>
      reads.nested(mappingOf(Bucket), ['B0000000777', 'B0000000001'], mapping, edge, scope),
    );
    expect(plan).toContain('BucketAction_pkey');
    expect(plan).not.toMatch(/Seq Scan|Sort Key: b_1/);
  });
});

async function fill(database: Database): Promise<void> {
  await database.dedicated(async (connection) => {
    await connection.script('ALTER TABLE "Bucket" DISABLE TRIGGER USER');
    await connection.script(`
      INSERT INTO "Bucket" ("tenantId", "id", "status", "usageType", "requestedDate", "confirmationDate", "updatedAt", "validForEnd", "remainingValueAmount", "remainingValueUnits",
        "logicalResource", "partyAccount", "product", "relatedParty")
      SELECT 'default', 'B' || lpad(n::text, 10, '0'), 'active', CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'monetary' END, now(), now(), now(), now() + n * '1 day'::interval, n, 'EUR',
        jsonb_build_array(jsonb_build_object('id', 'msisdn-' || n, 'value', '49' || lpad(n::text, 8, '0'))),
        jsonb_build_object('id', 'account-' || n),
        jsonb_build_array(jsonb_build_object('id', 'product-' || n)),
        jsonb_build_array(jsonb_build_object('id', 'party-' || n, 'role', 'customer', 'atReferredType', 'Customer'))
      FROM generate_series(1, ${rows}) n`);
    // What the triggers would write bucket by bucket.
    await connection.script(`
      INSERT INTO "BalanceGroup" ("tenantId", "id", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
      SELECT b."tenantId", g."groupId", b."usageType", 'EUR',
        CASE g."attribute" WHEN 'logicalResource' THEN jsonb_build_array(g."reference") END, CASE g."attribute" WHEN 'partyAccount' THEN g."reference" END,
        CASE g."attribute" WHEN 'product' THEN jsonb_build_array(g."reference") END, CASE g."attribute" WHEN 'relatedParty' THEN jsonb_build_array(g."reference") END
      FROM "Bucket" b, "balanceGroupsOf"(b."usageType", b."remainingValueUnits", b."logicalResource", b."partyAccount", b."product", b."relatedParty") g`);
    await connection.script(`
      INSERT INTO "BalanceGroupBucket" ("tenantId", "groupId", "bucketId")
      SELECT b."tenantId", g."groupId", b."id"
      FROM "Bucket" b, "balanceGroupsOf"(b."usageType", b."remainingValueUnits", b."logicalResource", b."partyAccount", b."product", b."relatedParty") g`);
    // Half of the actions are those of one bucket.
    await connection.script(`
      INSERT INTO "BalanceAction" ("tenantId", "id", "kind", "status", "amountAmount", "amountUnits", "requestedDate", "updatedAt", "bucket")
      SELECT 'default', 'A' || lpad(n::text, 10, '0'), 'topupBalance', 'completed', 1, 'EUR', now(), now(),
        jsonb_build_object('id', 'B' || lpad((CASE WHEN n % 2 = 0 THEN n ELSE 1 END)::text, 10, '0'))
      FROM generate_series(1, ${rows}) n`);
    await connection.script('ANALYZE');
  });
}
