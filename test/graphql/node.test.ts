import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, getNamedType, isInputObjectType, isLeafType, type GraphQLObjectType } from 'graphql';
import { operationsOf } from '../../graphql/naming.js';
import type { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { startTestServer, type TestServer } from '../support/server.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const resources = schema.getPossibleTypes(schema.getType('Node') as never);
const keyOf = (type: GraphQLObjectType): string => ('id' in type.getFields() ? 'id' : 'value');

describe('a resource of any type by its nodeId', () => {
  let server: TestServer;
  const statements: string[] = [];
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
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
  const oneBucket = async (): Promise<any> =>
    (await ask('{ buckets(limit: 1) { items { id nodeId } } }')).buckets.items[0];

  it('is offered of what a field of the root answers by its id, and of nothing else', () => {
    const rooted = Object.values(schema.getQueryType()!.getFields())
      .filter(({ args, type }) => args.some((arg) => String(arg.type) === 'ID!') && String(type) !== 'Node')
      .map(({ type }) => getNamedType(type).name);
    expect(resources.map(({ name }) => name).sort()).toEqual(rooted.sort());
  });

  it('is no attribute: it is in no input, filter or order, nor in TMF REST', async () => {
    const inputs = Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type));
    expect(inputs.filter((type) => 'nodeId' in type.getFields())).toEqual([]);
    expect((await server.rest('GET', '/bucket?limit=1')).body[0]).not.toHaveProperty('nodeId');
    expect((await server.rest('GET', '/bucket?nodeId=x')).status).toBe(400);
    expect(readFileSync('openapi/prepay-balance.json', 'utf8')).not.toContain('nodeId');
  });

  it.each(resources.map((type) => [type.name, type] as const))('%s', async (name, type) => {
    const key = keyOf(type);
    const { one, many } = operationsOf(name);
    const plain = Object.values(type.getFields())
      .filter((field) => isLeafType(getNamedType(field.type)) && field.args.length === 0)
      .map((field) => field.name)
      .join(' ');
    const { [many]: page } = await ask(`{ ${many}(limit: 2) { items { ${key} nodeId } } }`);
    for (const row of page.items) {
      statements.length = 0;
      const document = `query ($id: ID!) { node(id: $id) { __typename nodeId ... on Tenant { nodeId } ... on ${name} { ${plain} } } }`;
      const { node } = await ask(document, { id: row.nodeId });
      expect(statements).toHaveLength(1);
      const found = await ask(`query ($id: ID!) { found: ${one}(${key}: $id) { ${plain} } }`, { id: row[key] });
      expect(node).toEqual({ __typename: name, ...found.found });
    }
    // Whoever is new to the server has none of these.
    const ofServer = ['Tenant', 'ApiKey', 'AuditRecord', 'Hub', 'HubDeadLetter', 'SpendLimit'];
    const mayBeNone = [...ofServer, 'PartyErasure', 'UsageImport', 'UsageExport'];
    expect(page.items.length > 0 || mayBeNone.includes(name)).toBe(true);
  });

  it('is read by the very statement that its own query makes', async () => {
    const { id, nodeId } = await oneBucket();
    statements.length = 0;
    const fields = 'name actions(limit: 2) { totalCount items { kind } } relatedParty { role party { nodeId name } }';
    const { node } = await ask(
      `query ($id: ID!) { node(id: $id) { ... on Bucket { ${fields} } ...Other } } fragment Other on Usage { usageDate }`,
      { id: nodeId },
    );
    const { bucket } = await ask(`query ($id: ID!) { bucket(id: $id) { ${fields} } }`, { id });
    expect(node).toEqual(bucket);
    expect(statements).toEqual([statements[0], statements[0]]);
  });

  it('is shown what its type is asked, whichever type comes by one document', async () => {
    const document =
      'query ($id: ID!) { node(id: $id) { ... on Node { __typename } ... on Bucket { usageType } ... on Party { name } } }';
    const { buckets, parties } = await ask(
      '{ buckets(limit: 1) { items { nodeId usageType } } parties(limit: 1) { items { nodeId name } } }',
    );
    // Thrice: what is kept for one type must not answer for the other.
    for (let round = 0; round < 3; round++) {
      const [bucket, party] = [buckets.items[0], parties.items[0]];
      expect((await ask(document, { id: bucket.nodeId })).node).toEqual({
        __typename: 'Bucket',
        usageType: bucket.usageType,
      });
      expect((await ask(document, { id: party.nodeId })).node).toEqual({ __typename: 'Party', name: party.name });
    }
  });

  it('goes through the executor where something needs it', async () => {
    const { customerBills } = await ask(
      '{ customerBills(limit: 1) { items { id nodeId groupedRates(by: [TYPE]) { count } } } }',
    );
    const [{ id, nodeId, groupedRates }] = customerBills.items;
    // The second time it is compiled.
    for (let round = 0; round < 3; round++)
      expect(
        (
          await ask(
            'query ($id: ID!) { node(id: $id) { __typename nodeId ... on CustomerBill { id groupedRates(by: [TYPE]) { count } } } }',
            { id: nodeId },
          )
        ).node,
      ).toEqual({ __typename: 'CustomerBill', nodeId, id, groupedRates });
  });

  it('is told by what a mutation answers, with and without what lies beside it', async () => {
    const create = (fields: string): string =>
      `mutation { createBucket(input: { usageType: "voice" }) { nodeId id ${fields} } }`;
    for (const fields of ['', 'entries { totalCount }']) {
      const { createBucket: made } = await ask(create(fields));
      expect(
        (await ask('query ($id: ID!) { node(id: $id) { ... on Bucket { id } } }', { id: made.nodeId })).node,
      ).toEqual({ id: made.id });
    }
  });

  it('is null when there is none', async () => {
    const nodeId = Buffer.from('1:Bucket:nowhere').toString('base64url');
    expect(await ask('query ($id: ID!) { node(id: $id) { nodeId } }', { id: nodeId })).toEqual({ node: null });
  });

  it.each([
    '',
    'x',
    '11',
    '1:Bucket:11',
    ...['2:Bucket:11', '1:Money:1', '1:Query:1', '1:Bucket', '1:constructor:1', '1:Bucket:\0'].map((text) =>
      Buffer.from(text).toString('base64url'),
    ),
  ])('is refused by its name when it is none: %j', async (id) => {
    for (const [query, variables] of [
      ['query ($id: ID!) { node(id: $id) { nodeId } buckets(limit: 1) { items { id } } }', { id }],
      [`{ node(id: ${JSON.stringify(id)}) { nodeId } buckets(limit: 1) { items { id } } }`, {}],
    ] as const) {
      const { data, errors } = await server.graphql(query, variables);
      expect([
        data.node,
        data.buckets.items.length,
        errors?.[0]?.extensions.code,
        errors?.[0]?.extensions.attribute,
      ]).toEqual([null, 1, 'INVALID_QUERY', 'id']);
      expect(errors?.[0]?.message).toContain(`'${id}'`);
    }
  });

  it('is costed as the dearest type that it may be', async () => {
    const cost = async (selection: string): Promise<number> => {
      const { headers } = await server.graphql(
        `{ node(id: "${Buffer.from('1:Bucket:11').toString('base64url')}") { ${selection} } }`,
      );
      return Number(headers.get('x-operation-cost'));
    };
    const party = '... on Party { buckets(limit: 10) { items { id } } }';
    const [both, one, none] = [
      await cost(`${party} ... on Usage { usageDate }`),
      await cost(party),
      await cost('nodeId'),
    ];
    expect(both).toBe(one);
    expect(one).toBeGreaterThan(none);
  });
});
