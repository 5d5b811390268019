import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { resourceNamed } from '../../../graphql/attribute.js';
import { lowerFirst } from '../../../graphql/naming.js';
import { createSchema } from '../../../graphql/schema.js';
import { shapeOf } from '../../../graphql/shape.js';
import type { AttributeType } from '../../../src/platform/filter/attribute-type.js';
import { fullOrder } from '../../../src/platform/filter/sql.js';
import type { Filter, OrderKey } from '../../../src/platform/filter/tree.js';
import { selectPage } from '../../../src/platform/read/page.js';
import { isReport } from '../../../src/platform/read/reports.js';
import type { Shape } from '../../../src/platform/read/shape.js';
import { sourceOf } from '../../../src/platform/read/source.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const schema = await createSchema();
const shapes = Object.keys(schema.getTypeMap())
  .sort()
  .flatMap((name): Shape[] => {
    try {
      return [shapeOf(resourceNamed(lowerFirst(name)))];
    } catch {
      // Not stored.
      return [];
    }
  });
/** Those that clients list; entries of a ledger are read below their bucket only. */
const listed = shapes.filter(({ key }) => key === 'id');
const ofTables = listed.filter(({ rowsAt }) => rowsAt === undefined);

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

interface Node {
  'Node Type': string;
  Plans?: Node[];
}

/** The nodes of the plan that is left when PostgreSQL reads and sorts a table only where it cannot do otherwise. */
async function planOf(shape: Shape, { filter, order = [] }: { filter?: Filter; order?: OrderKey[] }): Promise<Node[]> {
  const page = selectPage(shape, sourceOf(shape, { tenantId: 'default', at: new Date() }, filter), {
    filter,
    order,
    offset: 0,
    limit: 10,
    attributes: ['id'],
  });
  const rows = await database.transaction(async (tx) => {
    for (const node of ['seqscan', 'sort', 'incremental_sort'])
      await tx.execute(Prisma.raw(`SET LOCAL enable_${node} = off`));
    return tx.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(Prisma.sql`EXPLAIN (FORMAT JSON) ${page}`);
  });
  const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
  return nodesOf((rows[0] as { 'QUERY PLAN': [{ Plan: Node }] })['QUERY PLAN'][0].Plan);
}

const isSorted = (nodes: readonly Node[]): boolean => nodes.some((node) => node['Node Type'].includes('Sort'));

/** The orders that a client may ask for. */
function ordersOf(shape: Shape): OrderKey[] {
  return Object.entries(shape.attributes).flatMap(([name, { type }]) =>
    type.kind === 'scalar' && type.type !== 'json'
      ? [false, true].map((descending) => ({ path: [name], descending }))
      : [],
  );
}

it('knows resources', () => expect(ofTables.length).toBeGreaterThan(10));

describe.each(ofTables.map((shape): [string, Shape] => [shape.name, shape]))('%s', (_name, shape) => {
  it('is a report in exactly those orders that no index gives', async () => {
    const served: string[] = [];
    for (const order of ordersOf(shape)) {
      const nodes = await planOf(shape, { order: fullOrder([order], shape) });
      if (!isSorted(nodes)) served.push(`${order.path[0]}${order.descending ? ' descending' : ''}`);
    }
    const told = ordersOf(shape)
      .filter((order) => !isReport(shape, { order: [order] }))
      .map((order) => `${order.path[0]}${order.descending ? ' descending' : ''}`);
    expect(told).toEqual(served);
  });
});

describe.each(listed.map((shape): [string, Shape] => [shape.name, shape]))('%s', (_name, shape) => {
  it('knows the references by whose id an index finds its rows', async () => {
    const rows = await database.query<{ column: string }>(Prisma.sql`
      SELECT a.attname AS "column" FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = ${`"${shape.table}"`}::regclass AND m.amname = 'gin' AND i.indpred IS NULL`);
    const references = rows
      .map(({ column }) => column)
      .filter((name) => partsOf(shape.attributes[name]?.type)?.['id'] !== undefined);
    // What computes its rows for the owners that a filter names knows these besides.
    if (shape.rowsOf === undefined) expect([...(shape.indexes?.references ?? [])].sort()).toEqual(references.sort());
  });

  it('is no report where its filter names what an index finds', () => {
    const order: OrderKey[] = [{ path: ['description'], descending: true }];
    const id: Filter = { kind: 'compareList', path: ['id'], operator: 'in', values: ['1', '2'] };
    const named: Filter = { kind: 'compare', path: ['description'], operator: 'contains', value: 'x' };
    expect(isReport(shape, { order, filter: named })).toBe(true);
    expect(isReport(shape, { order, filter: { kind: 'or', filters: [id, named] } })).toBe(true);
    expect(isReport(shape, { order, filter: { kind: 'and', filters: [named, id] } })).toBe(false);
    for (const name of shape.indexes?.references ?? []) {
      const isList = shape.attributes[name]?.type.kind === 'list';
      const ofOwner: Filter = isList ? { kind: 'some', path: [name], filter: id } : { ...id, path: [name, 'id'] };
      expect([name, isReport(shape, { order, filter: ofOwner })]).toEqual([name, false]);
    }
  });

  it(`${shape.rowsAt ? 'is' : 'is not'} a report for its filter alone`, () => {
    expect(
      isReport(shape, { order: [], filter: { kind: 'compare', path: ['name'], operator: 'eq', value: 'x' } }),
    ).toBe(shape.rowsAt !== undefined);
  });
});

function partsOf(type: AttributeType | undefined): Readonly<Record<string, AttributeType>> | undefined {
  const single = type?.kind === 'list' ? type.element : type;
  return single?.kind === 'object' ? single.attributes() : undefined;
}
