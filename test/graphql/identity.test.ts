import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  getNamedType,
  isInputObjectType,
  isObjectType,
  parse,
  validate,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { clientSchema } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';

// A cache takes what has an id for one and the same thing wherever it occurs: so only resources have one.

describe('the ids of the graph', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
  });
  afterAll(() => server.close());

  const namesOf = (type: GraphQLNamedType): string[] =>
    isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];

  it('are those of resources: of every type with one, a field of the root answers it', () => {
    const found = Object.values(schema.getQueryType()?.getFields() ?? {})
      .filter(({ args }) => args.some(({ name, type }) => name === 'id' && String(type) === 'ID!'))
      .map(({ type }) => getNamedType(type).name);
    const having = Object.values(schema.getTypeMap()).filter(
      (type) => isObjectType(type) && namesOf(type).includes('id'),
    );
    expect(having.length).toBeGreaterThan(20);
    expect(having.map(({ name }) => name).filter((name) => !found.includes(name))).toEqual([]);
  });

  it('are of no preview: what was not made has none, and is told by nothing', () => {
    const previews = Object.values(schema.getTypeMap()).filter(({ name }) => /Preview$/.test(name));
    expect(previews.map(({ name }) => name)).toEqual(['CustomerBillPreview']);
    for (const type of previews)
      expect(namesOf(type).filter((name) => /id$|^href$|^revision$|^billNo$/i.test(name))).toEqual([]);
  });

  it('are named in inputs, filters and orders only where they are in the type', () => {
    const inputs = Object.values(schema.getTypeMap()).filter(
      (type) => isInputObjectType(type) && namesOf(type).includes('id'),
    );
    const typesOf = inputs.map(({ name }) => schema.getType(name.replace(/(Filter|OrderBy|Create)$/, '')));
    expect(typesOf.filter((type) => !type || !namesOf(type).includes('id'))).toEqual([]);
  });

  const oddValue = { id: 1, refId: { itemId: 'x' }, itemId: [{ id: 2 }] };

  /** A usage and an order through GraphQL, in its names. */
  async function makeUsage(key?: string): Promise<any> {
    const { data, errors } = await server.graphql(
      `mutation ($input: UsageCreate!, $key: String) { createUsage(input: $input, idempotencyKey: $key) {
        id usageSpecification { refId } relatedParty { refId } extension usageCharacteristic { itemId value characteristicRelationship { refId } } } }`,
      {
        key,
        input: {
          usageSpecification: { refId: 'somewhere else' },
          relatedParty: [{ refId: 'customer-7', atReferredType: 'Individual' }],
          usageCharacteristic: [
            { itemId: 'c-1', name: 'odd', value: oddValue, characteristicRelationship: [{ refId: 'c-2' }] },
          ],
          atType: 'OddUsage',
          extension: { refId: 'theirs', itemId: oddValue },
        },
      },
    );
    expect(errors).toBe(undefined);
    return data.createUsage;
  }

  const inTmf = {
    usageSpecification: { id: 'somewhere else' },
    relatedParty: [{ id: 'customer-7', '@referredType': 'Individual' }],
    usageCharacteristic: [{ id: 'c-1', name: 'odd', value: oddValue, characteristicRelationship: [{ id: 'c-2' }] }],
    '@type': 'OddUsage',
    refId: 'theirs',
    itemId: oddValue,
  };

  it('are id in TMF REST, and what the client has in values and extensions stays as it is', async () => {
    const made = await makeUsage();
    expect(made).toEqual({
      id: expect.any(String),
      usageSpecification: { refId: 'somewhere else' },
      relatedParty: [{ refId: 'customer-7' }],
      extension: { refId: 'theirs', itemId: oddValue },
      usageCharacteristic: [{ itemId: 'c-1', value: oddValue, characteristicRelationship: [{ refId: 'c-2' }] }],
    });
    expect((await server.rest('GET', `/usage/${made.id}`)).body).toMatchObject(inTmf);
    const { data } = await server.graphql(
      'query ($id: ID!) { usage(id: $id) { id usageSpecification { refId } relatedParty { refId } extension usageCharacteristic { itemId value characteristicRelationship { refId } } } }',
      { id: made.id },
    );
    expect(data.usage).toEqual(made);
  });

  it('are refused in TMF REST by the names of GraphQL', async () => {
    const { status, body } = await server.rest('POST', '/bucket', {
      body: { usageType: 'voice', product: [{ refId: 'p' }] },
    });
    expect([status, body.message]).toEqual([400, expect.stringContaining("unknown attribute 'product.0.refId'")]);
    expect((await server.rest('GET', '/bucket?product.refId=p')).status).toBe(400);
  });

  it('are refused in GraphQL by those of TMF', async () => {
    for (const query of [
      '{ buckets { items { product { id } } } }',
      '{ buckets(filter: { product: { some: { id: { eq: "p" } } } }) { items { id } } }',
      '{ buckets(orderBy: [{ partyAccount: { id: ASC } }]) { items { id } } }',
      'mutation { createBucket(input: { usageType: "voice", product: [{ id: "p" }] }) { id } }',
    ])
      expect([query, (await server.graphql(query)).errors?.[0]?.extensions.code]).toEqual([
        query,
        expect.stringMatching(/GRAPHQL_VALIDATION_FAILED|BAD_USER_INPUT/),
      ]);
  });

  it('stand for the same request under one key, whichever transport it comes by', async () => {
    const made = await makeUsage('one key');
    const again = await server.rest('POST', '/usage', { body: inTmf, headers: { 'idempotency-key': 'one key' } });
    expect([again.status, again.headers.get('idempotency-replayed'), again.body.id]).toEqual([201, 'true', made.id]);
    expect((await makeUsage('one key')).id).toBe(made.id);
  });

  it('are shown in the names of GraphQL by explain=graphql, and what it shows runs', async () => {
    const shown = async (method: string, path: string, body?: object): Promise<any> => {
      const answer = await server.rest(method, `${path}${path.includes('?') ? '&' : '?'}explain=graphql`, { body });
      expect(validate(schema, parse(answer.body.operation))).toEqual([]);
      const { data, errors } = await server.graphql(answer.body.operation, answer.body.variables);
      expect(errors).toBe(undefined);
      return [answer.body.variables, data.result];
    };
    const [, created] = await shown('POST', '/usage', inTmf);
    const ids = ['relatedParty.id=customer-7', `id=${created.id}`].join('&');
    const sort = 'sort=-usageSpecification.id';
    const [variables, found] = await shown('GET', `/usage?${ids}&${sort}&fields=relatedParty.id`);
    expect(found.items).toMatchObject([{ relatedParty: [{ refId: 'customer-7' }] }]);
    expect(variables.orderBy).toEqual([{ usageSpecification: { refId: 'DESC' } }]);
    const path = encodeURIComponent("$.relatedParty[?(@.id=='customer-7')]");
    const [, byPath] = await shown('GET', `/usage?filter=${path}&id=${created.id}`);
    expect(byPath.items).toHaveLength(1);
    const [, changed] = await shown('PATCH', `/usage/${created.id}`, {
      relatedParty: [{ id: 'customer-8', '@referredType': 'Individual' }],
    });
    expect(changed.relatedParty).toMatchObject([{ refId: 'customer-8' }]);
  });

  it('order and find by those of references', async () => {
    const { data } = await server.graphql(
      `{ usages(filter: { relatedParty: { some: { refId: { eq: "customer-7" } } }, usageCharacteristic: { some: { itemId: { eq: "c-1" } } } },
          orderBy: [{ usageSpecification: { refId: ASC } }]) { items { usageSpecification { refId } } } }`,
    );
    expect(data.usages.items.length).toBeGreaterThan(0);
  });

  describe('that are refused', () => {
    const rate = (inner: string): string => `{ name: "r", ${inner} }`;
    it.each([
      ['of a reference', 'createUsage(input: { usageSpecification: { refId: "" } })', 'usageSpecification.refId'],
      [
        'of a reference in one of several',
        'createUsages(inputs: [{ usageSpecification: { refId: "s" } }, { usageSpecification: { refId: "" } }])',
        '1.usageSpecification.refId',
      ],
      [
        'of an item',
        'createResourceOrder(input: { orderItem: [{ itemId: "1", action: add }, { itemId: "", action: add }] })',
        'orderItem.1.itemId',
      ],
      [
        'of what is not there, with an alias and in a fragment',
        `...on Mutation { again: createAppliedCustomerBillingRate(input: ${rate('isBilled: true, bill: { refId: "nope" }')})`,
        'bill.refId',
      ],
      [
        'of what the input has under another name',
        'addAppliedPayment(id: "nope", input: { payment: { refId: "" }, appliedAmount: { value: 1, unit: "EUR" } })',
        'appliedPayment.payment.refId',
      ],
    ])('are called as GraphQL calls them: %s', async (_what, mutation, attribute) => {
      const open = mutation.split('{').length - mutation.split('}').length;
      const { errors } = await server.graphql(`mutation { ${mutation} { id } ${'}'.repeat(open)} }`);
      expect(errors).toMatchObject([{ extensions: { attribute } }]);
      expect(errors?.[0]?.message).not.toMatch(/\w\.id\b/);
    });

    it('are called as TMF calls them in TMF REST', async () => {
      const { body } = await server.rest('POST', '/usage', { body: { usageSpecification: { id: '' } } });
      expect(body.message).toContain('usageSpecification.id must have');
    });

    it('say where in a filter they stand', async () => {
      const { errors } = await server.graphql(
        '{ usages(filter: { relatedParty: { some: { refId: { regex: "(" } } } }) { totalCount } }',
      );
      const attribute = 'filter.relatedParty.some.refId.regex';
      expect(errors).toMatchObject([{ message: expect.stringContaining(`'${attribute}'`), extensions: { attribute } }]);
    });
  });
});
