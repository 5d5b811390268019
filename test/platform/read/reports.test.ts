import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import type { AttributeType } from '../../../src/platform/filter/tree/attribute-type.js';
import { fullOrder } from '../../../src/platform/filter/sql/compile.js';
import type { Filter, OrderKey } from '../../../src/platform/filter/tree/filter.js';
import { pageStatement } from '../../../src/platform/plan/statement.js';
import { isReport } from '../../../src/platform/read/reports.js';
import type { ResourceMapping } from '../../../src/platform/read/resource-mapping.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { storedMappings } from '../../support/mappings.js';
import { pagePlan } from '../../support/simple-plans.js';

const mappings = await storedMappings();
/** Those that clients list; entries of a ledger are read below their bucket only. */
const listed = mappings.filter(({ key }) => key === 'id');
const ofTables = listed.filter(({ asOfFunction }) => asOfFunction === undefined);

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  Plans?: Node[];
}

/** The nodes of the plan that is left when PostgreSQL reads and sorts a table only where it cannot do otherwise. */
async function planOf(
  mapping: ResourceMapping,
  { filter, order = [] }: { filter?: Filter; order?: OrderKey[] },
): Promise<Node[]> {
  const request = { filter, order, offset: 0, limit: 10 };
  const page = pageStatement(pagePlan(mapping, ['id'], {}), request, {
    scope: { tenantId: 'default', at: new Date(), origin: 'http://here' },
    bounds: { bytesMax: 1_000_000, countMax: 1 },
    requests: [request],
    style: 'graphql',
  });
  const rows = await database.transaction(async (tx) => {
    for (const node of ['seqscan', 'sort']) await tx.execute(Prisma.raw(`SET LOCAL enable_${node} = off`));
    return tx.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(Prisma.sql`EXPLAIN (FORMAT JSON) ${page}`);
  });
  const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
  return nodesOf((rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN'][0].Plan);
}

/** Sorted in groups of one value is sorted wholly, but for instants, of which few are the same. */
const isSorted = (mapping: ResourceMapping, { path: [name = ''] }: OrderKey, nodes: readonly Node[]): boolean => {
  const type = mapping.attributes[name]?.type;
  const isInstant = type?.kind === 'scalar' && type.type === 'dateTime';
  return nodes.some(({ 'Node Type': kind }) => kind === 'Sort' || (kind === 'Incremental Sort' && !isInstant));
};

/** The orders that a client may ask for. */
function ordersOf(mapping: ResourceMapping): OrderKey[] {
  return Object.entries(mapping.attributes).flatMap(([name, { type }]) =>
    type.kind === 'scalar' && type.type !== 'json'
      ? [false, true].map((descending) => ({ path: [name], descending }))
      : [],
  );
}

it('knows resources', () => expect(ofTables.length).toBeGreaterThan(10));

describe.each(ofTables.map((mapping): [string, ResourceMapping] => [mapping.name, mapping]))('%s', (_name, mapping) => {
  it('is a report in exactly those orders that no index gives', async () => {
    const served: string[] = [];
    for (const order of ordersOf(mapping)) {
      const nodes = await planOf(mapping, { order: fullOrder([order], mapping) });
      if (!isSorted(mapping, order, nodes)) served.push(`${order.path[0]}${order.descending ? ' descending' : ''}`);
    }
    const told = ordersOf(mapping)
      .filter((order) => !isReport(mapping, { order: [order] }))
      .map((order) => `${order.path[0]}${order.descending ? ' descending' : ''}`);
    expect(told).toEqual(served);
  });
});

describe.each(listed.map((mapping): [string, ResourceMapping] => [mapping.name, mapping]))('%s', (_name, mapping) => {
  it('knows the references by whose id an index finds its rows', async () => {
    const rows = await database.query<{ column: string }>(Prisma.sql`
      SELECT a.attname AS "column" FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = ${`"${mapping.table}"`}::regclass AND m.amname = 'gin'
        AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN ('(' || quote_ident(a.attname) || ' IS NOT NULL)'))`);
    const references = rows
      .map(({ column }) => column)
      .filter((name) => partsOf(mapping.attributes[name]?.type)?.['id'] !== undefined);
    // What computes its rows for the owners that a filter names knows these besides.
    if (mapping.asOfArgument === undefined)
      expect([...(mapping.indexes?.references ?? [])].sort()).toEqual(references.sort());
  });

  it('is no report where its filter names what an index finds', () => {
    const order: OrderKey[] = [{ path: ['description'], descending: true }];
    const id: Filter = { kind: 'compareList', path: ['id'], operator: 'in', values: ['1', '2'] };
    const named: Filter = { kind: 'compare', path: ['description'], operator: 'contains', value: 'x' };
    expect(isReport(mapping, { order, filter: named })).toBe(true);
    expect(isReport(mapping, { order, filter: { kind: 'or', filters: [id, named] } })).toBe(true);
    expect(isReport(mapping, { order, filter: { kind: 'and', filters: [named, id] } })).toBe(false);
    for (const name of mapping.indexes?.references ?? []) {
      const isList = mapping.attributes[name]?.type.kind === 'list';
      const ofOwner: Filter = isList ? { kind: 'some', path: [name], filter: id } : { ...id, path: [name, 'id'] };
      expect([name, isReport(mapping, { order, filter: ofOwner })]).toEqual([name, false]);
    }
  });
});

describe.each(ofTables.map((mapping): [string, ResourceMapping] => [mapping.name, mapping]))('%s', (_name, mapping) => {
  it('is no report for a value of exactly those attributes of which an index finds values', async () => {
    const rows = await database.query<{ columns: string[] }>(Prisma.sql`
      SELECT array_agg(a.attname::text ORDER BY k.place) AS "columns" FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
      CROSS JOIN unnest(i.indkey) WITH ORDINALITY k(number, place) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
      WHERE i.indrelid = ${`"${mapping.table}"`}::regclass AND m.amname = 'btree' AND i.indpred IS NULL GROUP BY i.indexrelid`);
    const leading = ['tenantId', ...Object.keys(mapping.discriminator)];
    // An index that the kind of the resource leads serves it as one that the attribute leads.
    const found = rows.flatMap(({ columns }) => {
      const isOfTenant = columns[0] === 'tenantId';
      const first = columns.find((name) => !leading.includes(name));
      return isOfTenant && first !== undefined && scalarsOf(mapping).includes(first) ? [first] : [];
    });
    const told = scalarsOf(mapping).filter((name) => !isReport(mapping, { order: [], filter: valueOf(name) }));
    expect(told.sort()).toEqual([...new Set(found)].sort());
  });

  it('is no report for parts of exactly those texts of which an index has the grams', async () => {
    const rows = await database.query<{ column: string }>(Prisma.sql`
      SELECT a.attname AS "column" FROM pg_index i
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
      WHERE i.indrelid = ${`"${mapping.table}"`}::regclass
        AND position('"searchGrams"(' || quote_ident(a.attname) || ')' IN pg_get_indexdef(i.indexrelid)) > 0`);
    const { searches = [] } = mapping.indexes ?? {};
    expect([...searches].sort()).toEqual(rows.map(({ column }) => column).sort());
    const part = (name: string, value = 'Part'): Filter => ({
      kind: 'compare',
      path: [name],
      operator: 'icontains',
      value,
    });
    const isReportBy = (filter: Filter): boolean => isReport(mapping, { order: [], filter });
    expect(isReportBy(part('description'))).toBe(true);
    for (const name of searches) {
      expect([name, isReportBy(part(name))]).toEqual([name, false]);
      expect([name, isReportBy(part(name, 'Pa'))]).toEqual([name, true]);
      expect([name, isReportBy({ kind: 'compare', path: [name], operator: 'istartsWith', value: 'P' })]).toEqual([
        name,
        false,
      ]);
      expect(isReportBy({ kind: 'or', filters: searches.map((one) => part(one)) })).toBe(false);
      expect(isReportBy({ kind: 'or', filters: [part(name), part('description')] })).toBe(true);
    }
  });

  it('is no report for a range of the attribute that it is in order of', () => {
    for (const name of mapping.indexes?.orders ?? []) {
      const path = [name.replace(/^-/, '')];
      const filter: Filter = { kind: 'compare', path, operator: 'gte', value: 'x' };
      const order: OrderKey[] = [{ path, descending: name.startsWith('-') }];
      expect([name, isReport(mapping, { order, filter })]).toEqual([name, false]);
      expect([name, isReport(mapping, { order: [], filter })]).toEqual([name, true]);
    }
  });

  it.each([
    ['ne', { kind: 'compare', operator: 'ne', value: 'x' }],
    ['contains', { kind: 'compare', operator: 'contains', value: 'x' }],
    ['regex', { kind: 'compare', operator: 'regex', value: 'x' }],
    ['isNull', { kind: 'isNull', isNull: true }],
  ] as const)('is a report for %s', (_operator, condition) => {
    for (const path of (mapping.indexes?.orders ?? []).map((name) => [name.replace(/^-/, '')]))
      expect(isReport(mapping, { order: [{ path, descending: false }], filter: { ...condition, path } })).toBe(true);
  });
});

it.each([['bucket'], ['impactedBucket']])('actions that name a bucket as %s are found by their links', async (name) => {
  const mapping = mappings.find((one) => one.name === 'BalanceAction') as ResourceMapping;
  const id: Filter = { kind: 'compare', path: ['id'], operator: 'eq', value: 'x' };
  const filter: Filter =
    name === 'bucket'
      ? { ...id, path: ['bucket', 'id'] }
      : { kind: 'some', path: [name], filter: { ...id, path: ['bucket', 'id'] } };
  expect(isReport(mapping, { order: [], filter })).toBe(false);
  const indexes = (await planOf(mapping, { filter })).map((node) => node['Index Name']);
  expect(indexes).toContain('BucketAction_pkey');
});

/** Attributes that one value can be compared with. */
function scalarsOf({ attributes }: ResourceMapping): string[] {
  return Object.entries(attributes).flatMap(([name, { type }]) =>
    type.kind === 'scalar' && type.type !== 'json' ? [name] : [],
  );
}

const valueOf = (name: string): Filter => ({ kind: 'compare', path: [name], operator: 'eq', value: 'x' });

function partsOf(type: AttributeType | undefined): Readonly<Record<string, AttributeType>> | undefined {
  const single = type?.kind === 'list' ? type.element : type;
  return single?.kind === 'object' ? single.attributes() : undefined;
}
