import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { composeServices } from '@apollo/composition';
import { buildSchema, parse, type GraphQLObjectType } from 'graphql';
import { ELEMENTS_MAX } from '../../src/platform/limits.js';
import { operationsOf } from '../../graphql/naming.js';
import type { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import type { Principal } from '../../src/platform/principal.js';
import { startTestServer, type TestServer } from '../support/server.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const resources = schema.getPossibleTypes(schema.getType('Node') as never);
const keyOf = (type: GraphQLObjectType): string => ('id' in type.getFields() ? 'id' : 'value');

/** What another team has of our customers, and of what is their own. */
const loyalty = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])
  type Party @key(fields: "id") { id: ID! points: Int! tier: Tier }
  type BillingAccount @key(fields: "id") { id: ID! dunningLevel: Int }
  type LogicalResource @key(fields: "value") { value: ID! simCard: String }
  type Tier @key(fields: "name") { name: String! members(first: Int, after: String): TierPage! }
  type TierPage { nodes: [Party!]! pageInfo: PageInfo! }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type Query { tiers: [Tier!]! }`;

const anybody: Principal = {
  tenantId: 'default',
  id: 'router',
  kind: 'machine',
  roles: ['admin', 'installation'],
  parties: [],
  accounts: [],
  logicalResources: [],
};

describe('as a subgraph', () => {
  let server: TestServer;
  let principal = anybody;
  const statements: string[] = [];
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo', AUDIT: 'on' }, { principalOf: () => principal });
    const { read } = server.database;
    Object.assign(server.database, {
      read: (sql: Prisma.Sql, options: ReadOptions) => (statements.push(sql.text), read(sql, options)),
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    statements.length = 0;
    principal = anybody;
  });

  const ask = async (query: string, variables: object = {}): Promise<any> => {
    const { data, errors } = await server.graphql(query, variables);
    expect(errors).toBe(undefined);
    return data;
  };
  const entities = (fields: string): string =>
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${fields} } }`;

  it('its schema composes with one that extends parties, accounts and numbers', async () => {
    const { sdl } = (await ask('{ _service { sdl } }'))._service;
    const { supergraphSdl = '', errors } = composeServices([
      { name: 'tmf', url: 'http://tmf', typeDefs: parse(sdl) },
      { name: 'loyalty', url: 'http://loyalty', typeDefs: parse(loyalty) },
    ]);
    expect(errors?.map(({ message }) => message)).toBe(undefined);
    const party = buildSchema(supergraphSdl, { assumeValid: true }).getType('Party') as GraphQLObjectType;
    expect(Object.keys(party.getFields())).toEqual(expect.arrayContaining(['buckets', 'name', 'points', 'tier']));
    expect(
      [...sdl.matchAll(/^type (\w+)[^{\n]* @key\(fields: "(\w+)"\) {/gm)].map(([, name, key]) => [name, key]),
    ).toEqual(resources.map((type) => [type.name, keyOf(type)]).sort());
  });

  it('what it adds is neither in the published schema nor asked for where the schema is hidden', async () => {
    expect(schema.getType('_Entity')).toBe(undefined);
    const text = await (await fetch(`${server.url}/schema.graphql`)).text();
    expect(text).toBe(readFileSync('schema.graphql', 'utf8'));
    const hidden = await startTestServer({ INTROSPECTION: 'off' });
    const { errors } = await hidden.graphql('{ _service { sdl } }');
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const { data } = await hidden.graphql(entities('__typename'), {
      representations: [{ __typename: 'Party', id: 'x' }],
    });
    expect(data).toEqual({ _entities: [null] });
    await hidden.close();
  });

  it.each(resources.map((type) => [type.name, type] as const))('answers by its key: %s', async (name, type) => {
    const key = keyOf(type);
    const { many } = operationsOf(name);
    const { [many]: page } = await ask(`{ ${many}(limit: 3) { items { ${key} nodeId } } }`);
    const found = page.items as any[];
    const representations = [...found, ...found, { [key]: 'none' }].map((row) => ({
      __typename: name,
      [key]: row[key],
    }));
    // The second time it is compiled.
    for (let round = 0; round < 3; round++) {
      statements.length = 0;
      const { _entities } = await ask(entities(`__typename ... on ${name} { ${key} nodeId }`), { representations });
      expect(_entities).toEqual(
        [...found, ...found].map((row) => ({ __typename: name, ...row })).concat([null] as never),
      );
      expect(statements).toHaveLength(1);
    }
  });

  it('reads several types by one statement each, and what lies below them with it', async () => {
    const { buckets, parties } = await ask('{ buckets(limit: 3) { items { id } } parties(limit: 3) { items { id } } }');
    const representations = [0, 1, 2].flatMap((index) => [
      { __typename: 'Party', id: parties.items[index].id },
      { __typename: 'Bucket', id: buckets.items[index].id, name: 'not looked at' },
    ]);
    statements.length = 0;
    const fields = `... on Party { id name buckets(limit: 2) { totalCount edges { node { id } } } }
      ... on Bucket { id actions(last: 1) { items { id } } relatedParty { party { id } } }`;
    const { _entities } = await ask(`${entities('...Both')} fragment Both on _Entity { ${fields} }`, {
      representations,
    });
    expect(_entities.map(({ id }: any) => id)).toEqual(representations.map(({ id }) => id));
    expect(statements).toHaveLength(2);
    const { party } = await ask(
      'query ($id: ID!) { party(id: $id) { id name buckets(limit: 2) { totalCount edges { node { id } } } } }',
      { id: parties.items[0].id },
    );
    expect(_entities[0]).toEqual(party);
  });

  it('takes what a document itself names', async () => {
    const { _entities } = await ask(
      '{ _entities(representations: [{ __typename: "Bucket", id: "11" }]) { ... on Bucket { id } } }',
    );
    expect(_entities).toEqual([{ id: '11' }]);
  });

  it.each<[unknown, string]>([
    [{ __typename: 'Money', id: '1' }, 'representations.1.__typename'],
    [{ __typename: 'constructor', id: '1' }, 'representations.1.__typename'],
    [{ id: '1' }, 'representations.1.__typename'],
    [{ __typename: { toString: 1 }, id: '1' }, 'representations.1.__typename'],
    [{ __typename: 'Bucket', id: { toString: 1 } }, 'representations.1.id'],
    ['x', 'representations.1.__typename'],
    [{ __typename: 'Bucket' }, 'representations.1.id'],
    [{ __typename: 'Bucket', id: { a: 1 } }, 'representations.1.id'],
    [{ __typename: 'LogicalResource', id: '1' }, 'representations.1.value'],
  ])('refuses by its place: %j', async (representation, attribute) => {
    const { errors } = await server.graphql(entities('__typename'), {
      representations: [{ __typename: 'Bucket', id: '11' }, representation],
    });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_QUERY', attribute });
    expect(statements).toEqual([]);
  });

  it('bounds how many, and how many rows below them', async () => {
    const many = (count: number): object => ({
      representations: Array.from({ length: count }, (_, index) => ({ __typename: 'Bucket', id: String(index) })),
    });
    expect((await ask(entities('__typename'), many(ELEMENTS_MAX)))._entities).toHaveLength(ELEMENTS_MAX);
    const literal = Array(ELEMENTS_MAX + 1)
      .fill('{__typename:"Bucket",id:"1"}')
      .join(' ');
    for (const answer of [
      await server.graphql(entities('__typename'), many(ELEMENTS_MAX + 1)),
      await server.graphql(`{ _entities(representations: [${literal}]) { __typename } }`),
    ])
      expect(answer.errors?.[0]?.message).toMatch(/ELEMENTS_MAX|token/);
    const below = await server.graphql(entities('... on Bucket { actions(limit: 100) { items { id } } }'), many(200));
    expect(below.errors?.map(({ message }) => message)).toContainEqual(expect.stringContaining('EDGE_ROWS_MAX'));
  });

  it('costs what each of them costs', async () => {
    const cost = async (count: number): Promise<number> => {
      const representations = Array.from({ length: count }, () => ({ __typename: 'Bucket', id: '11' }));
      const { headers } = await server.graphql(entities('... on Bucket { id name usageType }'), { representations });
      return Number(headers.get('x-operation-cost'));
    };
    const [one, two, eleven] = [await cost(1), await cost(2), await cost(11)];
    expect(two - one).toBeGreaterThan(100);
    expect(eleven - one).toBe(10 * (two - one));
  });

  it('answers only what may be seen, and records who read what', async () => {
    const { parties } = await ask('{ parties(limit: 2) { items { id buckets { items { id } } } } }');
    const [own, other] = parties.items;
    principal = { ...anybody, kind: 'person', id: own.id, roles: ['customer'], parties: [own.id] };
    const representations = [own.id, other.id].map((id) => ({ __typename: 'Party', id }));
    const { _entities } = await ask(entities('... on Party { id }'), { representations });
    expect(_entities).toEqual([{ id: own.id }, null]);
    const { errors } = await server.graphql(entities('... on Tenant { id }'), {
      representations: [{ __typename: 'Tenant', id: 'default' }],
    });
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    principal = { ...anybody, kind: 'person', id: 'agent-9' };
    await ask(entities('... on Party { id }'), { representations });
    for (let round = 0; round < 50; round++) {
      const { auditRecords } = await ask(
        '{ auditRecords(filter: { principalId: { eq: "agent-9" } }) { items { operation resourceType resourceIds } } }',
      );
      const [record] = auditRecords.items.filter(({ operation }: any) => operation === '_entities');
      if (!record && round < 49) continue;
      expect(record).toEqual({ operation: '_entities', resourceType: 'party', resourceIds: [own.id, other.id] });
      break;
    }
  });
});
