import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Bucket } from '../../../graphql/prepay-balance/bucket.js';
import { filterVariable } from '../../../rest-compat/query/filter-input.js';
import { resourceModel } from '../../../rest-compat/resource-model.js';
import { toAttribute } from '../../../graphql/naming.js';
import { createSchema } from '../../../graphql/schema.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import type { Database } from '../../../src/platform/database/database.js';
import { parseQuery } from '../../../rest-compat/query/query-string.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { watchReads, type WatchedReads } from '../../support/watched-reads.js';
import { proofSize } from '../../support/proof.js';

/** A server has the size that the plans are chosen for; the embedded database shows that they can be chosen at all. */
const rows = process.env.TEST_DATABASE_URL ? proofSize('ROWS', { short: 30_000, long: 1_000_000 }) : 20_000;
const loadMaxMs = 300_000;

/** A REST filter that few rows fulfil, and the index that must find them. */
const cases = [
  ['id=B0000000777', 'Bucket_pkey'],
  ['id=B0000000777,B0000000778', 'Bucket_pkey'],
  ['status=suspended', 'Bucket_tenantId_status_id_idx'],
  ['usageType=rare', 'Bucket_tenantId_usageType_id_idx'],
  ['logicalResource.id=msisdn-777', 'Bucket_logicalResource_idx'],
  ['logicalResource.value=4900000777', 'Bucket_logicalResource_idx'],
  ['partyAccount.id=account-777', 'Bucket_partyAccount_idx'],
  ['product.id=product-777', 'Bucket_product_idx'],
  ['relatedParty.id=party-777', 'Bucket_relatedParty_idx'],
  [
    `filter=${encodeURIComponent("$[?(@.relatedParty[?(@.id=='party-777' && @.role=='customer')])]")}`,
    'Bucket_relatedParty_idx',
  ],
  ['relatedParty.id=party-777,party-778', 'Bucket_relatedParty_idx'],
  ['name.icontains=OUNT 777 O', 'Bucket_search_idx'],
  ['name.istartswith=aCcOuNt 7770', 'Bucket_search_idx'],
  ['id.icontains=b0000000777', 'Bucket_search_idx'],
  ['name.icontains=ount 777 o;id.icontains=b0000000777', 'Bucket_search_idx'],
] as const;

describe(`a list of ${rows.toLocaleString('en')} buckets`, () => {
  let database: TestDatabase;
  let reads: WatchedReads;

  beforeAll(async () => {
    database = await openTestDatabase();
    await fill(database);
    reads = watchReads(database);
  }, loadMaxMs);
  afterAll(() => database.close());

  it.each(cases)('filtered by %s uses %s', async (query, index) => {
    const model = resourceModel(await createSchema(), 'Bucket');
    const { filter } = parseQuery(query, { attributes: model.attributes, toAttribute });
    if (!filter) throw new Error('the query has a filter');
    const { tree } = filterVariable(filter, model, new Set());
    const request = { filter: tree, order: [], offset: 0, limit: 20, attributes: ['id'] };
    const plan = await reads.planOf(async () => {
      const page = await reads.page(mappingOf(Bucket), { tenantId: 'default', at: new Date() }, request);
      expect(page.items.length).toBeGreaterThan(0);
    });
    expect(plan).toContain(index);
    expect(plan).not.toContain('Seq Scan');
  });
});

/** Indexes are made after the rows, which is many times faster. */
async function fill(database: Database): Promise<void> {
  await database.dedicated(async (connection) => {
    const indexes = await connection.query<{ indexname: string; indexdef: string }>(
      `SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'Bucket' AND indexname <> 'Bucket_pkey'`,
    );
    await connection.script(indexes.map(({ indexname }) => `DROP INDEX "${indexname}"`).join(';'));
    // So are the rows that triggers keep of them: none is read here.
    await connection.script('ALTER TABLE "Bucket" DISABLE TRIGGER USER');
    await connection.script(`
      INSERT INTO "Bucket" ("tenantId", "id", "name", "status", "usageType", "requestedDate", "confirmationDate", "updatedAt",
        "logicalResource", "partyAccount", "product", "relatedParty")
      SELECT 'default', 'B' || lpad(n::text, 10, '0'), 'Account ' || n || ' of a customer', CASE WHEN n % 10000 = 0 THEN 'suspended' ELSE 'active' END,
        CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'monetary' END, now(), now(), now(),
        jsonb_build_array(jsonb_build_object('id', 'msisdn-' || n, 'value', '49' || lpad(n::text, 8, '0'))),
        jsonb_build_object('id', 'account-' || n),
        jsonb_build_array(jsonb_build_object('id', 'product-' || n)),
        jsonb_build_array(jsonb_build_object('id', 'party-' || n, 'role', 'customer', 'atReferredType', 'Customer'))
      FROM generate_series(1, ${rows}) n`);
    await connection.script(`${indexes.map(({ indexdef }) => indexdef).join(';')}; ANALYZE "Bucket"`);
  });
}
