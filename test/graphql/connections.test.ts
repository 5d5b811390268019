import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, getNamedType, isObjectType, type GraphQLField, type GraphQLObjectType } from 'graphql';
import type { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { startTestServer, type TestServer } from '../support/server.js';

type Field = GraphQLField<unknown, unknown>;

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const roots = Object.values(schema.getQueryType()!.getFields());

/** What a list has rows of. */
function rowOf({ type }: Field): GraphQLObjectType | undefined {
  const page = getNamedType(type);
  const row = isObjectType(page) ? getNamedType(page.getFields()['items']?.type) : undefined;
  return isObjectType(row) ? row : undefined;
}

const lists = roots.filter((field) => rowOf(field) !== undefined);
/** Lists below what a field of the root answers by its id. */
const nested = schema
  .getPossibleTypes(schema.getType('Node') as never)
  .flatMap((type) => Object.values(type.getFields()).flatMap((field) => (rowOf(field) ? [{ type, field }] : [])));

describe('lists as connections', () => {
  let server: TestServer;
  const statements: string[] = [];
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo', OPERATION_COST_MAX: '10000000' });
    const { read } = server.database;
    Object.assign(server.database, {
      read: (sql: Prisma.Sql, options: ReadOptions) => (statements.push(sql.text), read(sql, options)),
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    statements.length = 0;
  });

  const ask = async (query: string, variables: object = {}): Promise<any> => {
    const { data, errors } = await server.graphql(query, variables);
    expect(errors).toBe(undefined);
    return data;
  };

  /** What tells rows apart. */
  const keyOf = (row: GraphQLObjectType): string => {
    const fields = row.getFields();
    if ('keys' in fields) return 'count keys { __typename }';
    return ['nodeId', 'itemId'].find((name) => name in fields) ?? '__typename';
  };

  const info = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
  type Place = Record<string, unknown>;

  /** Reads all pages of a list, in one direction, and checks what each says of its place. */
  async function walk(read: (place: Place) => Promise<any>, size: 'first' | 'last', rows: number): Promise<string[]> {
    const cursors: string[] = [];
    for (let page: any, place: Place = { [size]: rows }; ;) {
      page = await read(place);
      const { edges, nodes, items, pageInfo } = page;
      const own = edges.map((edge: any) => edge.cursor);
      expect([nodes, edges.map((edge: any) => edge.node)]).toEqual([items, items]);
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([own[0] ?? null, own.at(-1) ?? null]);
      const isBeyond = cursors.length > 0;
      const isMore = size === 'first' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
      expect(size === 'first' ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(isBeyond);
      if (size === 'first') cursors.push(...own);
      else cursors.unshift(...own);
      if (!isMore) return cursors;
      expect(own).toHaveLength(rows);
      place =
        size === 'first' ? { first: rows, after: pageInfo.endCursor } : { last: rows, before: pageInfo.startCursor };
    }
  }

  const parameters = '$first: Int, $last: Int, $after: String, $before: String';
  const passed = 'first: $first, last: $last, after: $after, before: $before';

  it.each(lists.map((field) => [field.name, field] as const))('%s', async (name, field) => {
    const key = keyOf(rowOf(field)!);
    const order = name.endsWith('Aggregate') ? ', groupBy: $by' : '';
    const [by] = order ? (getNamedType(field.args.find((arg) => arg.name === 'groupBy')!.type) as any).getValues() : [];
    const document = `query (${parameters}${order && `, $by: [${String(getNamedType(field.args.find((arg) => arg.name === 'groupBy')!.type))}!]`}) {
      found: ${name}(${passed}${order}) { edges { cursor node { ${key} } } nodes { ${key} } items { ${key} } ${info} totalCount } }`;
    const read = async (place: Place): Promise<any> => {
      const { found } = await ask(document, { ...place, ...(order && { by: [by.name] }) });
      return found;
    };
    const { totalCount } = await read({ first: 1 });
    const forwards = await walk(read, 'first', Math.max(2, Math.ceil(totalCount / 4)));
    expect([new Set(forwards).size, forwards.length]).toEqual([forwards.length, totalCount ?? forwards.length]);
    expect(await walk(read, 'last', Math.max(2, Math.ceil(totalCount / 3)))).toEqual(forwards);
    statements.length = 0;
    await ask(document.replace('totalCount', ''), { last: 2, ...(order && { by: [by.name] }) });
    expect(statements).toHaveLength(1);
  });

  it.each(nested.map(({ type, field }) => [`${type.name}.${field.name}`, type, field] as const))(
    '%s',
    async (_name, type, field) => {
      const key = keyOf(rowOf(field)!);
      const many = lists.find((list) => rowOf(list) === type)!.name;
      const found = await ask(
        `{ ${many}(limit: 20) { items { nodeId below: ${field.name}(limit: 1) { totalCount } } } }`,
      );
      const fullest = found[many].items.sort(
        (one: any, other: any) => other.below.totalCount - one.below.totalCount,
      )[0];
      if (!fullest) return;
      const document = `query ($id: ID!, ${parameters}) { node(id: $id) { ... on ${type.name} {
      found: ${field.name}(${passed}) { edges { cursor node { ${key} } } nodes { ${key} } items { ${key} } totalCount ${info} } } } }`;
      const read = async (place: Place): Promise<any> => {
        statements.length = 0;
        const { node } = await ask(document, { id: fullest.nodeId, ...place });
        expect(statements).toHaveLength(1);
        expect(node.found.totalCount).toBe(fullest.below.totalCount);
        return node.found;
      };
      const size = Math.max(2, Math.ceil(fullest.below.totalCount / 4));
      const forwards = await walk(read, 'first', size);
      expect([new Set(forwards).size, forwards.length]).toEqual([forwards.length, fullest.below.totalCount]);
      expect(await walk(read, 'last', size)).toEqual(forwards);
    },
  );

  it.each([
    ['[{ name: ASC }]'],
    ['[{ name: DESC }]'],
    ['[{ priority: ASC }, { name: DESC }]'],
    ['[{ description: DESC }, { requestedDate: ASC }]'],
    ['[{ remainingValue: { amount: DESC } }, { partyAccount: { refId: ASC } }]'],
    ['[{ usageType: DESC }, { id: DESC }]'],
    ['[{ requestedDate: DESC }]'],
  ])('go backwards through what is absent, too, in the order %s', async (order) => {
    const document = `query (${parameters}) { buckets(${passed}, orderBy: ${order}) { edges { cursor node { id } } nodes { id } items { id } ${info} } }`;
    const read = async (place: Place): Promise<any> => (await ask(document, place)).buckets;
    const forwards = await walk(read, 'first', 7);
    for (const size of [1, 5, 1000]) expect(await walk(read, 'last', size)).toEqual(forwards);
  });

  it('take the cursors of after, and page from any edge', async () => {
    const { buckets } = await ask('{ buckets(first: 9) { edges { cursor node { id } } pageInfo { endCursor } } }');
    const ids = buckets.edges.map(({ node }: any) => node.id);
    const middle = buckets.edges[4].cursor;
    const { after, before, alone, limited } = await ask(
      `query ($middle: String!) {
        after: buckets(after: $middle, first: 2) { nodes { id } } limited: buckets(after: $middle, limit: 2) { nodes { id } }
        before: buckets(before: $middle, last: 2) { nodes { id } } alone: buckets(before: $middle) { nodes { id } ${info} } }`,
      { middle },
    );
    expect(after.nodes.map(({ id }: any) => id)).toEqual(ids.slice(5, 7));
    expect(limited).toEqual(after);
    expect(before.nodes.map(({ id }: any) => id)).toEqual(ids.slice(2, 4));
    expect(alone.nodes.map(({ id }: any) => id)).toEqual(ids.slice(0, 4));
    expect([alone.pageInfo.hasNextPage, alone.pageInfo.hasPreviousPage]).toEqual([true, false]);
  });

  it('of nothing are empty, and of no rows say that some are there', async () => {
    const { none, zero, last } = await ask(
      `{ none: buckets(last: 3, filter: { id: { eq: "none" } }) { edges { cursor } totalCount ${info} }
         zero: buckets(first: 0) { edges { cursor } totalCount } last: buckets(last: 0) { edges { cursor } totalCount } }`,
    );
    const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    expect(none).toEqual({ edges: [], totalCount: 0, pageInfo });
    expect(zero).toEqual({ edges: [], totalCount: expect.any(Number) });
    expect(last).toEqual(zero);
  });

  it('are read with what lies below their nodes, by the statement of all', async () => {
    const { buckets } = await ask(
      `{ buckets(first: 3) { items { id actions(last: 2) { nodes { id } } }
         edges { at: cursor __typename node { id actions(last: 2) { edges { node { id } } } } } } }`,
    );
    expect(statements).toHaveLength(1);
    expect(buckets.edges.map(({ node }: any) => node.actions.edges.map((edge: any) => edge.node))).toEqual(
      buckets.items.map(({ actions }: any) => actions.nodes),
    );
    expect(buckets.edges[0].__typename).toBe('BucketEdge');
  });

  it('are told by what a mutation answers', async () => {
    const { createTopupBalance } = await ask(
      `mutation { createTopupBalance(input: { amount: { amount: 1, units: "EUR" }, bucket: { refId: "11" } }) {
         bucket { target { actions(last: 1) { edges { cursor node { id } } ${info} } } } id } }`,
    );
    const { edges, pageInfo } = createTopupBalance.bucket.target.actions;
    expect(edges).toEqual([{ cursor: pageInfo.endCursor, node: { id: createTopupBalance.id } }]);
    expect([pageInfo.hasPreviousPage, pageInfo.hasNextPage]).toEqual([true, false]);
  });

  it.each([
    ['first: 1, limit: 1', 'first'],
    ['first: 1, last: 1', 'last'],
    ['limit: 1, last: 1', 'last'],
    ['last: 1, after: "x"', 'last'],
    ['before: "x", after: "x"', 'before'],
    ['before: "x", first: 1', 'before'],
    ['last: 1, offset: 1', 'last'],
    ['first: -1', 'first'],
    ['last: -1', 'last'],
    ['first: 1001', 'first'],
    ['last: 1001', 'last'],
    ['last: 1, before: "x"', 'before'],
    [`last: 1, before: "${'x'.repeat(100_000)}"`, 'before'],
    ['first: 1, after: "x"', 'after'],
    [`last: 1, before: "${Buffer.from('[null]').toString('base64url')}"`, 'before'],
    [`last: 1, before: "${Buffer.from('["1","2","3"]').toString('base64url')}"`, 'before'],
  ])('refuse by its name: %s', async (args, attribute) => {
    for (const query of [
      `{ buckets(${args}) { items { id } } }`,
      `{ bucket(id: "11") { actions(${args}) { items { id } } } }`,
    ]) {
      const { errors } = await server.graphql(query);
      expect([errors?.[0]?.extensions.code, errors?.[0]?.extensions.attribute]).toEqual(['INVALID_QUERY', attribute]);
    }
  });

  it('take what is null for what is not given', async () => {
    const { buckets } = await ask(
      '{ buckets(first: 2, last: null, after: null, before: null, limit: null, offset: null) { nodes { id } } }',
    );
    expect(buckets.nodes).toHaveLength(2);
  });

  it('cost what their rows cost, by whichever name', async () => {
    const cost = async (list: string): Promise<number> =>
      Number((await server.graphql(`{ ${list} }`)).headers.get('x-operation-cost'));
    const limited = await cost('buckets(limit: 50) { items { id name } }');
    for (const list of ['buckets(first: 50) { items { id name } }', 'buckets(last: 50) { nodes { id name } }'])
      expect([list, await cost(list)]).toEqual([list, limited]);
    const edges = await cost('buckets(last: 50) { edges { node { id name } } }');
    expect(edges).toBe(limited + 50);
    expect(await cost('buckets(first: 50) { items { id name } nodes { id name } }')).toBeGreaterThan(limited + 100);
  });
});
