import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { apis } from '../../rest-compat/apis/index.js';
import { send } from '../fixtures/http.js';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server.js';

const costMax = 1_000_000;

function aliases(count: number, field: string): string {
  return Array.from({ length: count }, (_, at) => `a${at}: ${field}`).join(' ');
}

function elements<T>(count: number, element: T): T[] {
  return Array.from({ length: count }, () => element);
}

/** Six references within each other, each followed under seven names: 137,256 reads by id in 1 KB. */
function nestedTargets(): string {
  const lists = ['reserveBalance', 'bucket', 'reserveBalance', 'bucket', 'reserveBalance', 'bucket'];
  const fragments = lists.map((list, at) => {
    const type = list === 'bucket' ? 'ReserveBalance' : 'Bucket';
    return `fragment F${at} on ${type} { ${list} { ${aliases(7, `target { ${at < 5 ? `...F${at + 1}` : 'id'} }`)} } }`;
  });
  return `{ bucket(id: "x") { ...F0 } } ${fragments.join(' ')}`;
}

function fragmentNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `F${at}`);
}

/** 254 states. */
const regex = '(?:[a-c].?){40}.{40}[xyz]';

let server: TestServer;
const reads = jest.fn();
beforeAll(async () => {
  server = await startTestServer();
  const { read } = server.database;
  server.database.read = (sql, options) => {
    reads();
    return read(sql, options);
  };
});
afterAll(() => server.close());

describe('an operation that costs too much', () => {
  const twelve = `{ ${aliases(12, `usages(filter: { usageType: { regex: "${regex}" } }) { items { id } }`)} }`;
  const filtered = 'query ($filter: BucketFilter) { buckets(filter: $filter) { items { id } } }';
  it.each<[string, string, string, object?]>([
    ['six nested references under seven names each', nestedTargets(), 'bucket.reserveBalance'],
    [
      '3,000 names of one attribute of 1,000 rows',
      `{ buckets(limit: 1000) { items { ${aliases(3_000, 'id')} } } }`,
      'buckets.items',
    ],
    [
      'the same in fragments',
      `{ buckets(limit: 1000) { items { ...F } } } fragment F on Bucket { ...G ... { ${aliases(1_500, 'id')} } } fragment G on Bucket { ${aliases(1_400, 'name').replaceAll('a', 'b')} }`.replaceAll(
        'nbme',
        'name',
      ),
      'buckets.items',
    ],
    [
      '2,900 names of an extension, each a copy',
      `{ buckets(limit: 1) { items { ${aliases(2_900, 'extension')} } } }`,
      'buckets.items',
    ],
    ['twelve lists with a costly regular expression', twelve, '12 fields of the root, such as a0'],
    ['fifty lists', `{ ${aliases(50, 'usages(limit: 1) { items { id } }')} }`, '50 fields of the root, such as a0'],
    [
      'counts to the end under many names',
      `{ buckets(limit: 1) { ${aliases(1_000, 'totalCount(exact: true)')} } }`,
      'buckets',
    ],
    [
      'lists within lists within lists',
      '{ buckets(limit: 1000) { items { actions(limit: 1000) { items { id } } } } }',
      'buckets.items.actions.items',
    ],
    [
      'sums for each of many bills',
      '{ customerBills(limit: 1000) { items { groupedRates(by: []) { count } } } }',
      'customerBills.items.groupedRates',
    ],
    [
      'many reports',
      `{ ${aliases(10, 'usageAggregate(groupBy: []) { count }')} }`,
      '10 fields of the root, such as a0',
    ],
    [
      'the schema eleven times',
      `{ ${aliases(11, '__schema { types { name } }')} }`,
      '11 fields of the root, such as a0',
    ],
    ['4,000 empty conditions in a variable', filtered, 'buckets', { filter: { and: elements(4_000, {}) } }],
    ['4,000 empty lists in a variable', filtered, 'buckets', { filter: { and: [{ or: elements(4_000, []) }] } }],
  ])('is refused before anything is read: %s', async (_title, query, part, variables = undefined) => {
    reads.mockClear();
    for (let time = 0; time < 2; time++) {
      const { status, headers, data, errors, extensions } = await run(query, variables);
      expect([status, data, errors?.length, errors?.[0]?.extensions]).toEqual([
        400,
        undefined,
        1,
        { code: 'OPERATION_TOO_COSTLY', status: 400, reason: 'Operation too costly', requestId: expect.any(String) },
      ]);
      expect(errors?.[0]?.message).toMatch(
        new RegExp(`^the operation costs \\d+ points, the limit OPERATION_COST_MAX is ${costMax}; most of it: `),
      );
      expect(errors?.[0]?.message).toContain(`most of it: ${part} (`);
      expect(extensions.cost).toBeGreaterThan(costMax);
      expect(headers.get('x-operation-cost')).toBe(String(extensions.cost));
    }
    expect(reads).not.toHaveBeenCalled();
  });

  it('is refused when fragments spread each other without end, however little they select', async () => {
    // 560 places, each of which means 190 fragments.
    const chain = Array.from(
      { length: 190 },
      (_, at) => `fragment F${at} on Bucket { ${at < 189 ? `...F${at + 1}` : 'id'} }`,
    );
    const { status, errors } = await run(
      `{ buckets(limit: 1) { items { reserveBalance { ${aliases(560, 'target { bucket { target { ...F0 } } }')} } } } } ${chain.join(' ')}`,
    );
    expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'OPERATION_TOO_COSTLY']);
  });

  it('is refused in REST by the same limit', async () => {
    reads.mockClear();
    const { status, headers, body } = await server.rest('GET', '/balanceAction?depth=3&limit=1000');
    expect([status, body]).toEqual([
      400,
      {
        code: '130',
        reason: 'Operation too costly',
        message: expect.stringContaining('OPERATION_COST_MAX'),
        status: '400',
        requestId: expect.any(String),
        '@type': 'Error',
      },
    ]);
    expect(body.message).toContain('most of it: result.items');
    expect(Number(headers.get('x-operation-cost'))).toBeGreaterThan(costMax);
    expect(reads).not.toHaveBeenCalled();
  });

  it('is refused by the limit that is set', async () => {
    const small = await startTestServer({ OPERATION_COST_MAX: '30000' });
    try {
      const one = await small.graphql('{ buckets(limit: 10) { items { id } } }');
      expect(one.errors).toBeUndefined();
      const two = await small.graphql('{ buckets(limit: 10) { items { id } } usages(limit: 10) { items { id } } }');
      expect(two.errors?.[0]?.message).toContain('the limit OPERATION_COST_MAX is 30000');
    } finally {
      await small.close();
    }
  });

  it('is refused from one point above the limit on', async () => {
    const [fits, above] = ['{ buckets(limit: 1) { items { id } } }', '{ buckets(limit: 1) { items { id name } } }'];
    const { cost } = (await run(fits)).extensions;
    const exact = await startTestServer({ OPERATION_COST_MAX: String(cost) });
    try {
      expect((await exact.graphql(fits)).errors).toBeUndefined();
      expect((await exact.graphql(above)).errors?.[0]?.message).toContain(
        `costs ${cost + 1} points, the limit OPERATION_COST_MAX is ${cost}`,
      );
    } finally {
      await exact.close();
    }
  });
});

describe('what is no operation yet is counted before anybody looks into it', () => {
  const post = (path: string, body: string, type = 'application/json', method = 'POST'): ReturnType<typeof send> =>
    send(server.url, method, path, { body, headers: { 'content-type': type } });
  const graphql = (query: string, variables: string): ReturnType<typeof send> =>
    post('/graphql', `{"query":${JSON.stringify(query)},"variables":${variables}}`);
  const keys = Array.from({ length: 90_000 }, (_, at) => `"k${at}":1`).join();
  const items = `[${elements(5_000, '{"id":"1","action":"add"}').join()}]`;
  const [buckets, orders, imports] = [
    '/tmf-api/prepayBalanceManagement/v4/bucket',
    '/tmf-api/resourceOrderingManagement/v4/resourceOrder',
    '/tmf-api/usageManagement/v4/importJob',
  ];
  const createOrder = 'mutation ($input: ResourceOrderCreate!) { createResourceOrder(input: $input) { id } }';
  const createOrders = 'mutation ($inputs: [ResourceOrderCreate!]!) { createResourceOrders(inputs: $inputs) { id } }';

  it.each<[string, () => ReturnType<typeof send>, string]>([
    [
      '90,000 keys in REST',
      () => post(buckets, `{"usageType":"x","@type":"Y",${keys}}`),
      '90003 values: the limit DOCUMENT_NODES_MAX is 50000',
    ],
    [
      '90,000 keys of a merge patch',
      () => post(`${buckets}/x`, `{${keys}}`, 'application/merge-patch+json', 'PATCH'),
      'the limit DOCUMENT_NODES_MAX is 50000',
    ],
    [
      '90,000 keys in GraphQL',
      () => graphql('mutation ($input: BucketCreate!) { createBucket(input: $input) { id } }', `{"input":{${keys}}}`),
      'the limit DOCUMENT_NODES_MAX is 50000',
    ],
    [
      '100,000 empty conditions',
      () =>
        graphql(
          'query ($filter: BucketFilter) { buckets(filter: $filter) { items { id } } }',
          `{"filter":{"and":[${elements(100_000, '{}').join()}]}}`,
        ),
      'the limit DOCUMENT_NODES_MAX is 50000',
    ],
    [
      '5,000 order items in REST',
      () => post(orders, `{"orderItem":${items}}`),
      'orderItem has 5000 elements: the limit ELEMENTS_MAX is 1000',
    ],
    [
      '5,000 order items in GraphQL',
      () => graphql(createOrder, `{"input":{"orderItem":${items}}}`),
      'orderItem has 5000 elements: the limit ELEMENTS_MAX is 1000',
    ],
    [
      '5,000 orders in GraphQL',
      () => graphql(createOrders, `{"inputs":[${elements(5_000, '{}').join()}]}`),
      'inputs has 5000 elements: the limit ELEMENTS_MAX is 1000',
    ],
    [
      '500,000 columns of CSV',
      () => post(`${imports}?mode=skipBad`, `${'a,'.repeat(500_000)}a\n1\n`, 'text/csv'),
      'line 1: the header has too many columns: the limit CSV_COLUMNS_MAX is 500',
    ],
    [
      'a row of CSV of 500,000 cells',
      () => post(`${imports}?mode=skipBad`, `source\na\n"b,c\n"\n${','.repeat(500_000)}\n`, 'text/csv'),
      'line 5: the row has too many cells: the limit CSV_ROW_CELLS_MAX is 5000',
    ],
  ])('%s', async (_title, ask, message) => {
    const { status, text } = await ask();
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
    expect(text.length).toBeLessThan(1_000);
  });

  it('a path of 5,001 segments within an extension', async () => {
    const path = elements(5_001, 'a').join('.');
    const asVariable = await server.graphql(
      'query ($filter: BucketFilter) { buckets(filter: $filter) { items { id } } }',
      { filter: { extension: { path, eq: 'x' } } },
    );
    const asLiteral = await server.graphql(
      `{ buckets(filter: { extension: { path: "${path}", eq: "x" } }) { items { id } } }`,
    );
    for (const { errors } of [asVariable, asLiteral]) {
      expect([errors?.[0]?.extensions.code, errors?.[0]?.message]).toEqual([
        'INVALID_QUERY',
        expect.stringContaining('5001 segments: the limit PATH_DEPTH_MAX is 12'),
      ]);
    }
  });

  it('10,000 unknown attributes, of which the answer repeats a few', async () => {
    const some = Array.from({ length: 10_000 }, (_, at) => `"k${at}":1`).join();
    for (let time = 0; time < 2; time++) {
      const { status, text } = await graphql(
        'mutation ($input: BucketCreate!) { createBucket(input: $input) { id } }',
        `{"input":{${some}}}`,
      );
      expect([status, text]).toEqual([400, expect.stringContaining('k0')]);
      expect(text.length).toBeLessThan(50_000);
    }
  });

  it('references to follow, at most three levels', async () => {
    expect((await server.rest('GET', '/bucket?depth=4')).body.message).toBe('depth=4: the limit DEPTH_MAX is 3');
  });

  it.each([
    ['REST', (extension: string) => post(buckets, `{"usageType":"x","@type":"Y","more":${extension}}`), 31],
    [
      'GraphQL',
      (extension: string) =>
        graphql(
          'mutation ($input: BucketCreate!) { createBucket(input: $input) { id } }',
          `{"input":{"usageType":"x","extension":{"more":${extension}}}}`,
        ),
      31,
    ],
    [
      'a literal of GraphQL',
      (extension: string) =>
        graphql(`mutation { createBucket(input: { usageType: "x", extension: { more: ${extension} } }) { id } }`, '{}'),
      31,
    ],
  ])('levels of an extension in %s', async (_title, ask, levels) => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect((await ask(nested(levels))).text).not.toContain('nested too deep');
    for (const depth of [levels + 1, 60])
      expect(await ask(nested(depth))).toMatchObject({ status: 400, text: expect.stringContaining('nested too deep') });
  });

  it.each([
    [
      'REST',
      (value: string) =>
        post(
          '/tmf-api/usageManagement/v4/usage',
          `{"usageSpecification":{"id":"s"},"usageCharacteristic":[{"name":"n","value":${value}}]}`,
        ),
    ],
    [
      'GraphQL',
      (value: string) =>
        graphql(
          'mutation ($input: UsageCreate!) { createUsage(input: $input) { id } }',
          `{"input":{"usageSpecification":{"refId":"s"},"usageCharacteristic":[{"name":"n","value":${value}}]}}`,
        ),
    ],
    [
      'a literal of GraphQL',
      (value: string) =>
        graphql(
          `mutation { createUsage(input: { usageSpecification: { refId: "s" }, usageCharacteristic: [{ name: "n", value: ${value} }] }) { id } }`,
          '{}',
        ),
    ],
    [
      'a variable within a literal',
      (value: string) =>
        graphql(
          'mutation ($v: AnyJson!) { createUsage(input: { usageSpecification: { refId: "s" }, usageCharacteristic: [{ name: "n", value: $v }] }) { id } }',
          `{"v":${value}}`,
        ),
    ],
  ])('levels of a whole resource in %s', async (_title, ask) => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    // The resource, its list and the element are levels, too.
    const fits = await ask(nested(29));
    expect(fits.text).not.toContain('errors');
    expect([200, 201]).toContain(fits.status);
    expect(await ask(nested(30))).toMatchObject({
      status: 400,
      text: expect.stringContaining('DOCUMENT_DEPTH_MAX is 32'),
    });
  });
});

describe('the rules of GraphQL compare in pairs', () => {
  it.each([
    [
      'one field again and again',
      `{ buckets { items { ${aliases(2_000, 'x').replaceAll(/a\d+: x/g, 'id')} } } }`,
      'the limit REPEATS_MAX is 100',
    ],
    [
      'one field in fragments of the place',
      `{ buckets { items { ${'...{ id } '.repeat(1_500)} } } }`,
      'the limit REPEATS_MAX is 100',
    ],
    [
      'many fragments',
      `{ buckets { items { ${fragmentNames(400)
        .map((name) => `...${name}`)
        .join(' ')} } } } ${fragmentNames(400)
        .map((name) => `fragment ${name} on Bucket { id }`)
        .join(' ')}`,
      'the limit FRAGMENTS_MAX is 200',
    ],
  ])('so few of them are let through: %s', async (_title, query, text) => {
    const { status, errors } = await server.graphql(query);
    expect([status, errors?.[0]?.message, errors?.[0]?.extensions.status]).toEqual([
      400,
      expect.stringContaining(text),
      400,
    ]);
  });

  it('but what people write is', async () => {
    const { errors } = await server.graphql(
      `{ buckets { items { id id name ...F ...F } } } fragment F on Bucket { id name }`,
    );
    expect(errors).toBeUndefined();
  });
});

describe('an operation that people ask for is admitted', () => {
  const segments = [
    ...new Map(
      apis.flatMap(({ basePaths, resources }) =>
        Object.entries(resources).map(([segment, type]) => [type, `${basePaths[0]}/${segment}`] as const),
      ),
    ).values(),
  ];
  it.each(segments)('1,000 rows in full: %s', async (path) => {
    const { status, headers } = await server.rest('GET', `${path}?limit=1000`);
    expect(status).toBe(200);
    expect(Number(headers.get('x-operation-cost'))).toBeLessThanOrEqual(costMax);
  });

  it.each(segments)('one with the resources that it refers to, three levels deep: %s', async (path) => {
    const { status, headers } = await server.rest('GET', `${path}/none?depth=3`);
    // It was looked for.
    expect(status).toBe(404);
    expect(Number(headers.get('x-operation-cost'))).toBeLessThanOrEqual(costMax / 10);
  });

  it('a party with five lists of a hundred', async () => {
    const bucket =
      'id name status usageType remainingValue { amount units } reservedValue { amount units } validFor { startDateTime endDateTime } relatedParty { refId name role }';
    const { errors, extensions } = await run(`{ party(id: "customer-1") { id
      buckets(limit: 100) { totalCount pageInfo { hasNextPage endCursor } items { ${bucket} } }
      balanceActions(limit: 100) { totalCount items { id kind status requestedDate amount { amount units } bucket { refId target { ${bucket} } } } }
      usages(limit: 100) { totalCount items { id usageDate usageType usageCharacteristic { name value } ratedProductUsage { taxIncludedRatingAmount { value unit } } } }
      customerBills(limit: 100) { totalCount items { id state billNo amountDue { value unit } appliedCustomerBillingRates(limit: 10) { items { id name } } } }
      resourceOrders(limit: 100) { totalCount items { id state orderItem { itemId state action resource { name } } } }
    } }`);
    expect([errors, extensions.cost]).toEqual([undefined, expect.any(Number)]);
  });

  const documents = readdirSync('docs').flatMap((name) =>
    name.endsWith('.md') ? readFileSync(join('docs', name), 'utf8') : [],
  );
  const operations = [...documents.join('\n').matchAll(/```graphql\n([^`]+)```/g)].map(([, text = '']) => text);
  it('the documents have operations', () => expect(operations.length).toBeGreaterThan(3));
  // Those that need the id of something that is not there are costed all the same.
  it.each(operations.filter((text) => !text.includes('$')))('of the documents: %s', async (operation) => {
    const { errors, extensions } = await run(operation);
    expect(errors?.map(({ extensions: { code } }) => code) ?? []).not.toContain('OPERATION_TOO_COSTLY');
    expect(extensions?.cost).toBeLessThanOrEqual(costMax);
  });

  it('the introspection of Sandbox', async () => {
    const { errors, extensions } = await run(getIntrospectionQuery());
    expect([errors, extensions.cost]).toEqual([undefined, expect.any(Number)]);
  });

  it('a bulk creation of full size', async () => {
    const usage = {
      usageSpecification: { refId: 's' },
      usageCharacteristic: Array.from({ length: 20 }, (_, at) => ({ name: `c${at}`, value: at })),
      relatedParty: [{ refId: '1', atReferredType: 'X' }],
    };
    const { errors } = await run(
      'mutation ($inputs: [UsageCreate!]!) { createUsages(inputs: $inputs) { id usageDate usageCharacteristic { name value } } }',
      { inputs: elements(200, usage) },
    );
    expect(errors).toBeUndefined();
  });
});

describe('the cost', () => {
  it('is told in every answer, in the header as the sum of what the request needed', async () => {
    const { headers, extensions } = await run('{ bucket(id: "none") { id name } }');
    expect([extensions, headers.get('x-operation-cost')]).toEqual([{ cost: 1_103 }, '1103']);
    const { body: bucket, headers: created } = await server.rest('POST', '/bucket', { body: { usageType: 'data' } });
    const { headers: patched } = await server.rest('PATCH', `/bucket/${bucket.id}`, { body: { name: 'x' } });
    expect(Number(patched.get('x-operation-cost'))).toBeGreaterThan(Number(created.get('x-operation-cost')));
  });

  it('is shown to pages of other origins', async () => {
    const { headers } = await send(server.url, 'GET', '/graphql?query={__typename}', {
      headers: { origin: 'https://studio.apollographql.com', 'apollo-require-preflight': '1' },
    });
    expect(headers['access-control-expose-headers']).toContain('X-Operation-Cost');
    expect(headers['x-operation-cost']).toBe('1');
  });

  it('grows with the rows that are asked for, and not with names of one field', async () => {
    const costOf = async (query: string, variables?: object): Promise<number> =>
      (await run(query, variables)).extensions.cost;
    const ten = await costOf('query ($limit: Int) { buckets(limit: $limit) { items { id name } } }', { limit: 10 });
    const twenty = await costOf('{ buckets(limit: 20) { items { id name } } }');
    // Ten rows more, of ten points and two attributes each, and one variable less, of five.
    expect(twenty - ten).toBe(10 * 12 - 5);
    expect(
      await costOf('{ buckets(limit: 20) { items { id name id name ...F } } } fragment F on Bucket { name id }'),
    ).toBe(twenty);
  });
});

type Answer = GraphqlAnswer & { extensions: any };

async function run(query: string, variables?: object): Promise<Answer> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors, extensions } = (await response.json()) as any;
  return { status: response.status, headers: response.headers, data, errors, extensions };
}
