import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { BalanceAction } from '../../../graphql/prepay-balance/balance-action.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import type { Filter } from '../../../src/platform/filter/tree/filter.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { watchReads, type WatchedReads } from '../../support/watched-reads.js';

/** No bucket has so long an id, but an action may name it. */
const long = 'x'.repeat(65);

let database: TestDatabase;
let reads: WatchedReads;
beforeAll(async () => {
  database = await openTestDatabase();
  reads = watchReads(database);
  const actions = [
    ['1', { id: 'a' }, null],
    ['2', null, [{ bucket: { id: 'a' } }, { bucket: { id: 'b' } }]],
    ['3', { id: long }, null],
    ['4', { id: 'b', name: 'a' }, []],
  ];
  for (const [id, bucket, impactedBucket] of actions)
    await database.query(Prisma.sql`
      INSERT INTO "BalanceAction" ("tenantId", "id", "kind", "status", "amountAmount", "amountUnits", "requestedDate", "updatedAt", "bucket", "impactedBucket")
      VALUES ('default', ${id}, 'topupBalance', 'completed', 1, 'EUR', now(), now(), ${bucket && JSON.stringify(bucket)}::jsonb, ${impactedBucket && JSON.stringify(impactedBucket)}::jsonb)`);
});
afterAll(() => database.close());

const named = (...ids: string[]): Filter => ({
  kind: 'compareList',
  path: ['bucket', 'id'],
  operator: 'in',
  values: ids,
});
const moved = (...ids: string[]): Filter => ({ kind: 'some', path: ['impactedBucket'], filter: named(...ids) });
const not = (filter: Filter): Filter => ({ kind: 'not', filter });

it.each<[string, Filter, string[]]>([
  ['one that it names', named('a'), ['1']],
  ['one of several', named('a', 'b'), ['1', '4']],
  ['one that it moved', moved('b'), ['2']],
  ['one whose id is too long for a link', named(long), ['3']],
  ['one of several, of which one is too long', named('a', long), ['1', '3']],
  ['one that it names and one that it moved', { kind: 'and', filters: [named('a'), moved('a')] }, []],
  ['one that it names or one that it moved', { kind: 'or', filters: [named('a'), moved('a')] }, ['1', '2']],
  ['any but one', not(named('a')), ['2', '3', '4']],
])('finds the actions of a bucket: %s', async (_what, filter, expected) => {
  const page = await reads.page(
    mappingOf(BalanceAction),
    { tenantId: 'default', at: new Date() },
    {
      filter,
      order: [],
      offset: 0,
      limit: 10,
      attributes: ['id'],
    },
  );
  expect(page.items.map(({ id }) => id)).toEqual(expected);
});
