import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { gzipSync } from 'node:zlib';
import { badNumbers } from '../fixtures/bad-numbers.js';
import { amountJson, amountPaths, type Fixture, type Json, makeOne, minimalBody } from '../fixtures/fixture.js';
import { send, type RawAnswer } from '../fixtures/http.js';
import { inputFixtures } from '../fixtures/chosen.js';
import { contentOf } from '../fixtures/rows.js';
import { asInput, clientSchema } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';

describe('bad input through GraphQL', () => {
  let server: TestServer;
  let before: Record<string, string>;
  const instances = new Map<string, any>();
  const minimal = new Map<string, Json>();

  beforeAll(async () => {
    server = await startTestServer();
    const schema = await clientSchema(server);
    for (const fixture of inputFixtures) {
      instances.set(fixture.typeName, await makeOne(server, fixture));
      minimal.set(fixture.typeName, asInput(schema, `${fixture.typeName}Create`, await minimalBody(server, fixture)));
    }
  });
  afterAll(() => server.close());

  beforeEach(async () => {
    before = await contentOf(server.database);
  });
  // Whatever was sent, nothing of it was stored.
  afterEach(async () => {
    expect(await contentOf(server.database)).toEqual(before);
  });

  const post = (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    send(server.url, 'POST', '/graphql', { body, headers: { 'content-type': 'application/json', ...headers } });
  /** A document whose variables are JSON text. */
  const run = (query: string, variables = '{}'): Promise<RawAnswer> =>
    post(`{"query":${JSON.stringify(query)},"variables":${variables}}`);
  const get = (query: string, variables?: string): Promise<RawAnswer> =>
    send(
      server.url,
      'GET',
      `/graphql?query=${encodeURIComponent(query)}${variables === undefined ? '' : `&variables=${encodeURIComponent(variables)}`}`,
      {
        headers: { 'content-type': 'application/json' },
      },
    );

  describe.each(inputFixtures)('for $typeName', (fixture: Fixture) => {
    const { typeName, segment, text = 'status', time = 'requestedDate', hasParties = true } = fixture;
    const needed = fixture.required.filter((path) => !path.includes('.'));
    const [one, many] = [segment, `${segment}s`];
    const create = `mutation ($input: ${typeName}Create!) { create${typeName}(input: $input) { id } }`;
    const update = `mutation ($id: ID!, $input: ${typeName}Update!) { update${typeName}(id: $id, input: $input) { id } }`;
    const id = (): string => instances.get(typeName).id;
    const valid = (): Json => minimal.get(typeName) as Json;
    /** The variables of the creation, one attribute of which is JSON text. */
    const inputWith = (name: string, json: string): string =>
      JSON.stringify({ input: { ...valid(), [name]: '\u{1F6A7}' } }).replace('"\u{1F6A7}"', json);

    if (fixture.quantity) describeAmounts(fixture.quantity);

    function describeAmounts(quantity: NonNullable<Fixture['quantity']>): void {
      const { attribute, mayBeZero } = quantity;
      const [numberName, unitsName] = amountPaths(quantity)
        .slice(1)
        .map((path) => path.split('.').at(-1) as string) as [string, string];
      const amount = (json: string): string => amountJson(quantity, json);
      const zero: [string, string][] = mayBeZero
        ? []
        : [
            ['0', 'greater than zero'],
            ['-0', 'greater than zero'],
          ];

      it.each([...badNumbers, ...zero])('refuses the amount %s in a variable by name', async (json, named) => {
        const answer = await run(create, inputWith(attribute, amount(`{"amount":${json},"units":"EUR"}`)));
        expectRefusal(answer, named);
        expect(answer.text).toContain(numberName);
      });

      it.each([...badNumbers.filter(([json]) => !/^["{[]|true/.test(json)), ...zero])(
        'refuses the amount %s in a literal by name',
        async (json, named) => {
          const value = amount(`{ "amount": ${json}, "units": "EUR" }`).replaceAll(/"(\w+)":/g, '$1:');
          const literal = toLiteral(valid())
            .replace(/\}$/, `, ${attribute}: ${value} }`)
            .replace(new RegExp(`${attribute}: \\{ [^}]* \\}, `), '');
          expectRefusal(await run(`mutation { create${typeName}(input: ${literal}) { id } }`), named);
        },
      );

      it.each([
        ['the amount without units', amount('{"amount":1}')],
        ['units of no length', amount('{"amount":1,"units":""}')],
        ['units of 100,000 characters', amount(`{"amount":1,"units":"${'x'.repeat(100_000)}"}`)],
      ])('refuses %s, naming them', async (_title, json) => {
        for (let time = 0; time < 2; time++) expectRefusal(await run(create, inputWith(attribute, json)), unitsName);
      });
    }

    it.each([
      ['an unknown attribute', 'colour', '"red"', 'colour'],
      ['an attribute by its wire name', '@type', '"x"', '@type'],
      ['a number for a text', 'description', '5', 'description'],
      ['a list for a text', 'description', '["a"]', 'description'],
      ['an object for a text', 'description', '{}', 'description'],
      ['a text for a list of objects', 'relatedParty', '"a"', 'relatedParty'],
      ['null in a list', 'relatedParty', '[null]', 'relatedParty'],
      ['a reference without id', 'relatedParty', '[{"atReferredType":"Individual"}]', 'id'],
      [
        'an unknown attribute of an element',
        'relatedParty',
        '[{"id":"1","atReferredType":"Individual","colour":1}]',
        hasParties ? 'colour' : 'relatedParty',
      ],
      ['__proto__', '__proto__', '{"isAdmin":true}', '__proto__'],
      ['constructor', 'constructor', '{"isAdmin":true}', 'constructor'],
      ['a NUL', 'description', '"a\\u0000b"', 'description'],
      ['a lone high surrogate', 'description', '"\\ud83d"', 'description'],
      ['a lone low surrogate', 'description', '"\\udc00"', 'description'],
      ['a usageType of no length', 'usageType', '""', 'usageType'],
      ['a usageType of 100,000 characters', 'usageType', `"${'x'.repeat(100_000)}"`, 'usageType'],
    ])('refuses %s, naming it', async (_title, name, json, named) => {
      const variables =
        name === '__proto__'
          ? `{"input":{"__proto__":${json},${JSON.stringify(valid()).slice(1)}}`
          : inputWith(name, json);
      expectRefusal(await run(create, variables), named);
      expectRefusal(await run(create, variables), named);
    });

    it.each([
      ['no input', '{}', '$input'],
      ['null', '{"input":null}', '$input'],
      ['a text', '{"input":"x"}', '$input'],
      ['a list', '{"input":[1,2]}', '$input'],
      ...needed.slice(0, 1).map((name) => ['an empty object', '{"input":{}}', name]),
    ] as [string, string, string][])('refuses %s for the input', async (_title, variables, named) => {
      expectRefusal(await run(create, variables), named);
    });

    it('refuses to remove or change what an update may not', async () => {
      for (const name of ['id', 'href', 'revision', 'confirmationDate', 'colour']) {
        expectRefusal(await run(update, JSON.stringify({ id: id(), input: { [name]: 'x' } })), name);
      }
      expectRefusal(await run(update, JSON.stringify({ id: id(), input: { status: 'nonsense' } })), 'status');
    });

    it.each([
      ['filter', '{ colour: { eq: "red" } }', 'colour'],
      ['filter', `{ ${text}: { like: "a" } }`, 'like'],
      ['filter', `{ ${text}: "active" }`, 'Filter'],
      ['filter', `{ ${text}: { eq: 5 } }`, '5'],
      ...(hasParties
        ? ([
            ['filter', '{ relatedParty: { refId: { eq: "42" } } }', 'id'],
            ['filter', '{ relatedParty: { every: { id: { eq: "42" } } } }', 'every'],
          ] as [string, string, string][])
        : []),
      ...(time === null
        ? []
        : ([
            ['filter', `{ ${time}: { gt: "yesterday" } }`, 'yesterday'],
            ['filter', `{ ${time}: { gt: "2026-02-30" } }`, '2026-02-30'],
            ['filter', `{ ${time}: { eq: "0000-01-01" } }`, '0000-01-01'],
            ['filter', `{ ${time}: { contains: "2026" } }`, 'contains'],
          ] as [string, string, string][])),
      ['filter', '{ revision: { eq: 99999999999 } }', '99999999999'],
      ['filter', '{ revision: { eq: 1.5 } }', '1.5'],
      ['filter', `{ ${text}: { regex: "(" } }`, 'regular expression'],
      ['filter', `{ ${text}: { regex: "(?=a)" } }`, ''],
      ['filter', `{ ${text}: { regex: "${'a'.repeat(300)}" } }`, 'REGEX_LENGTH_MAX'],
      ['filter', `{ ${text}: { isNull: "yes" } }`, 'yes'],
      ['filter', '{ and: 5 }', '5'],
      ['limit', '-1', 'limit'],
      ['limit', '1001', 'limit'],
      ['limit', '99999999999', '99999999999'],
      ['limit', '1.5', '1.5'],
      ['limit', '"1"', '1'],
      ['offset', '-1', 'offset'],
      ['offset', '100001', 'offset'],
      ['after', '""', 'after'],
      ['after', '"nonsense"', 'after'],
      ['after', '"WyJhIiwiYiJd"', 'after'],
      ['after', '"W251bGxd"', 'null'],
      ['after', '"WzFd"', '1'],
      ['after', '"WyJcdTAwMDAiXQ"', 'id'],
      ['after', '"WyJcdWQ4MDAiXQ"', 'id'],
      ['after', `"${'A'.repeat(5_000)}"`, 'after'],
      ['colour', '1', 'colour'],
    ])('refuses the list with %s: %s', async (name, literal, named) => {
      const query = `{ ${many}(${name}: ${literal}) { items { id } } }`;
      for (let time = 0; time < 2; time++) expectRefusal(await run(query), named);
    });

    it('refuses a cursor of another order', async () => {
      const { data } = await server.graphql(
        `{ ${many}(limit: 1, orderBy: [{ ${text}: ASC }]) { pageInfo { endCursor } } }`,
      );
      const cursor = data[many].pageInfo.endCursor;
      expectRefusal(await run(`{ ${many}(after: "${cursor}") { items { id } } }`), 'cursor');
      expectRefusal(
        await run(`{ ${many}(after: "${cursor}", orderBy: [{ ${time ?? 'revision'}: ASC }]) { items { id } } }`),
        'cursor',
      );
    });

    it.each([
      ['a literal with a NUL', `{ ${one}(id: "a\\u0000") { id } }`, undefined],
      ['a literal with half a surrogate pair', `{ ${one}(id: "\\uD800") { id } }`, undefined],
      ['a literal in a filter', `{ ${many}(filter: { id: { in: ["a", "\\u0000"] } }) { items { id } } }`, undefined],
      ['a variable with a NUL', `query ($id: ID!) { ${one}(id: $id) { id } }`, '{"id":"a\\u0000"}'],
      ['a variable with half a surrogate pair', `query ($id: ID!) { ${one}(id: $id) { id } }`, '{"id":"\\ud800"}'],
      ['the default of a variable', `query ($id: ID! = "\\u0000") { ${one}(id: $id) { id } }`, undefined],
    ])('refuses text that cannot be stored in %s, by POST and by GET', async (_title, query, variables) => {
      expectRefusal(await run(query, variables), '');
      expectRefusal(await get(query, variables), '');
    });
  });

  describe('in a filter', () => {
    const list =
      'query ($filter: BucketFilter, $orderBy: [BucketOrderBy!]) { buckets(filter: $filter, orderBy: $orderBy) { items { id } } }';
    const texts = Array.from({ length: 70_000 }, (_, at) => String(at));

    it('refuses more values than one statement takes', async () => {
      expectRefusal(await run(list, JSON.stringify({ filter: { name: { in: texts } } })), '');
    });

    it('refuses thousands of conditions, which REST bounds by CLAUSES_MAX', async () => {
      expectRefusal(
        await run(list, JSON.stringify({ filter: { or: texts.slice(0, 20_000).map((eq) => ({ name: { eq } })) } })),
        '',
      );
    });

    it.each([100, 1_000, 1_500])(
      'refuses %i conditions nested in each other, in a literal and in a variable',
      async (depth) => {
        const literal = `${'{ not: '.repeat(depth)}{ name: { eq: "a" } }${' }'.repeat(depth)}`;
        expectRefusal(await run(`{ buckets(filter: ${literal}) { items { id } } }`), '');
        const variable = `${'{"not":'.repeat(depth)}{"name":{"eq":"a"}}${'}'.repeat(depth)}`;
        expectRefusal(await run(list, `{"filter":${variable}}`), '');
      },
    );

    it('refuses more order keys than SORT_KEYS_MAX, and thousands by what they cost', async () => {
      const orderedBy = (keys: number): Promise<RawAnswer> =>
        run(list, JSON.stringify({ orderBy: Array.from({ length: keys }, () => ({ status: 'ASC' })) }));
      expect((await orderedBy(10)).body.errors).toBeUndefined();
      expectRefusal(await orderedBy(11), 'orderBy has 11 keys: the limit SORT_KEYS_MAX is 10');
      expectRefusal(await orderedBy(2_000), 'OPERATION_COST_MAX');
    });
  });

  describe('in the document', () => {
    it.each([
      ['nothing', '', ''],
      ['spaces', '   ', ''],
      ['no GraphQL', 'SELECT 1', 'SELECT'],
      ['an open brace', '{ buckets { items { id } }', 'Expected'],
      ['an unknown field', '{ buckets { items { colour } } }', 'colour'],
      ['an unknown query', '{ colours { id } }', 'colours'],
      ['an unknown type', '{ buckets { items { ... on Colour { id } } } }', 'Colour'],
      ['a field without selection', '{ buckets }', 'buckets'],
      ['a selection of a scalar', '{ buckets { items { id { x } } } }', 'id'],
      ['an unknown fragment', '{ buckets { ...F } }', 'F'],
      ['an unused fragment', '{ __typename } fragment F on Bucket { id }', 'F'],
      ['a fragment that contains itself', '{ buckets { items { ...F } } } fragment F on Bucket { id ...F }', 'F'],
      [
        'fragments that contain each other',
        '{ buckets { items { ...F } } } fragment F on Bucket { ...G } fragment G on Bucket { ...F }',
        'F',
      ],
      ['an unknown variable', '{ bucket(id: $id) { id } }', 'id'],
      ['an unused variable', 'query ($id: ID) { __typename }', 'id'],
      ['a variable of the wrong type', 'query ($id: Int!) { bucket(id: $id) { id } }', 'Int'],
      ['a missing argument', '{ bucket { id } }', 'id'],
      ['an unknown directive', '{ buckets @colour { items { id } } }', 'colour'],
      ['fields in conflict', '{ a: bucket(id: "1") { id } a: bucket(id: "2") { id } }', 'a'],
      ['a subscription', 'subscription { bucketChanged { id } }', ''],
      ['a mutation that does not exist', 'mutation { emptyAllBuckets }', 'emptyAllBuckets'],
      ['two operations and no name', 'query A { __typename } query B { __typename }', 'operation name'],
      [
        'nesting of selections beyond the limit',
        `{ buckets { items ${'{ partyAccount '.repeat(20)}{ id }${' }'.repeat(20)} } }`,
        '',
      ],
      ['a selection 4,900 levels deep', `${'{ a '.repeat(4_900)}${'}'.repeat(4_900)}`, ''],
      [
        'a value 4,000 levels deep',
        `{ buckets(filter: ${'['.repeat(4_000)}${']'.repeat(4_000)}) { items { id } } }`,
        '',
      ],
      ['a type 4,000 levels deep', `query ($x: ${'['.repeat(4_000)}Int${']'.repeat(4_000)}) { __typename }`, ''],
      ['a document of 10,001 tokens', `{ ${'__typename '.repeat(10_001)} }`, 'token'],
      [
        '400 aliases of a query',
        `{ ${Array.from({ length: 400 }, (_, at) => `a${at}: bucket(id: "x") { id }`).join(' ')} }`,
        '50',
      ],
      [
        '400 aliases of a query within a fragment',
        `{ ...F } fragment F on Query { ${Array.from({ length: 400 }, (_, at) => `a${at}: bucket(id: "x") { id }`).join(' ')} }`,
        '50',
      ],
      [
        '400 aliases of a query within an inline fragment',
        `{ ... { ${Array.from({ length: 400 }, (_, at) => `a${at}: bucket(id: "x") { id }`).join(' ')} } }`,
        '50',
      ],
      [
        '100 creations in one inline fragment',
        `mutation { ... { ${Array.from({ length: 100 }, (_, at) => `a${at}: createBucket(input: { usageType: "flood" }) { id }`).join(' ')} } }`,
        '50',
      ],
    ])('refuses %s', async (_title, query, named) => {
      expectRefusal(await run(query), named);
    });

    it('answers fragments that spread each other ten times over seven levels, which are one field in the end', async () => {
      const levels = Array.from(
        { length: 7 },
        (_, at) => `fragment F${at} on Bucket { ${`...F${at + 1} `.repeat(10)} }`,
      );
      const answer = await run(
        `{ buckets(limit: 1) { items { ...F0 } } } ${levels.join(' ')} fragment F7 on Bucket { id }`,
      );
      expect([answer.status, answer.body.data.buckets.items]).toEqual([200, [{ id: expect.any(String) }]]);
      // No measure but a guard: whoever follows every path walks ten million of them, and one level more is ten times as many.
    }, 8_000);

    it('counts introspection within the limits, so that tools can read the schema', async () => {
      const answer = await run(
        getIntrospectionQuery({
          descriptions: true,
          inputValueDeprecation: true,
          specifiedByUrl: true,
          directiveIsRepeatable: true,
          schemaDescription: true,
        }),
      );
      expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
    });
  });

  describe('in the request', () => {
    it.each([
      ['nothing', ''],
      ['null', 'null'],
      ['a text', '"{ __typename }"'],
      ['a number', '5'],
      ['no JSON', '{"query":'],
      ['a GraphQL document alone', '{ __typename }'],
      ['an empty object', '{}'],
      ['query null', '{"query":null}'],
      ['a query that is a number', '{"query":5}'],
      ['a query that is a list', '{"query":["{ __typename }"]}'],
      ['a batch', '[{"query":"{ __typename }"},{"query":"{ __typename }"}]'],
      ['an empty batch', '[]'],
      ['variables that are a text', '{"query":"{ __typename }","variables":"{}"}'],
      ['variables that are a list', '{"query":"{ __typename }","variables":[1]}'],
      ['an operationName that is a number', '{"query":"{ __typename }","operationName":5}'],
      ['an operationName that does not occur', '{"query":"query A { __typename }","operationName":"B"}'],
      [
        'a mutation under a name that does not occur',
        '{"query":"mutation A { createBucket(input: { usageType: \\"x\\" }) { id } }","operationName":"B"}',
      ],
      ['extensions that are a text', '{"query":"{ __typename }","extensions":"x"}'],
      ['a persisted query', `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${'a'.repeat(64)}"}}}`],
      ['a NUL in the document', '{"query":"{ __typename }\\u0000"}'],
      ['a NUL in a variable that is not declared', '{"query":"{ __typename }","variables":{"x":"\\u0000"}}'],
      ['10,000 levels', '['.repeat(10_000)],
      [
        '10,000 levels in a variable',
        `{"query":"{ __typename }","variables":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
      ],
    ])('refuses %s', async (_title, body) => {
      expectRefusal(await post(body), '');
    });

    it('refuses bytes that are no UTF-8', async () => {
      for (const bytes of [
        [0xff, 0xfe],
        [0x7b, 0x22, 0xc3, 0x28, 0x7d],
        Array.from({ length: 999 }, (_, at) => (at * 37) % 256),
      ])
        expectRefusal(await post(Uint8Array.from(bytes)), 'UTF-8');
    });

    it('refuses a body beyond the limit with 413 naming it', async () => {
      const answer = await post(JSON.stringify({ query: `# ${'x'.repeat(1_100_000)}\n{ __typename }` }));
      expect(answer.status).toBe(413);
      expectRefusal(answer, 'BODY_MAX_BYTES');
    });

    it('refuses a compressed body', async () => {
      expectRefusal(await post(gzipSync('{"query":"{ __typename }"}'), { 'content-encoding': 'gzip' }), 'gzip');
    });

    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'application/graphql+json2',
      '',
    ])('refuses the Content-Type %j', async (type) => {
      const answer = await post('{"query":"{ __typename }"}', { 'content-type': type });
      expect([answer.status >= 400 && answer.status < 500, answer.text]).toEqual([true, expect.stringMatching(/./)]);
    });

    it('reads a body that is a document by itself', async () => {
      const plain = { 'content-type': 'Application/GraphQL; charset=utf-8' };
      expect((await post('{ __typename }', plain)).body).toMatchObject({ data: { __typename: 'Query' } });
      const variables = encodeURIComponent('{"limit":1}');
      const named = 'query a { __typename } query b($limit: Int) { buckets(limit: $limit) { items { __typename } } }';
      const answer = await send(server.url, 'POST', `/graphql?operationName=b&variables=${variables}`, {
        body: named,
        headers: plain,
      });
      expect(answer.body.data.buckets.items.length).toBeLessThanOrEqual(1);
      expectRefusal(await post('{', plain), 'Syntax');
      expectRefusal(
        await send(server.url, 'POST', '/graphql?variables=x', { body: '{ __typename }', headers: plain }),
        '',
      );
      expect((await post('', plain)).status).toBe(400);
    });

    it('refuses other methods than GET and POST', async () => {
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const answer = await send(server.url, method, '/graphql', {
          body: '{"query":"{ __typename }"}',
          headers: { 'content-type': 'application/json' },
        });
        expect([method, answer.status, answer.headers['allow']]).toEqual([
          method,
          405,
          expect.stringContaining('POST'),
        ]);
      }
    });

    it('changes nothing by GET, nor by a form that any page could send', async () => {
      const mutation = 'mutation { createBucket(input: { usageType: "x" }) { id } }';
      expect((await get(mutation)).status).toBe(405);
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        const answer = await post(JSON.stringify({ query: mutation }), { 'content-type': type });
        expect([type, answer.status >= 400 && answer.status < 500]).toEqual([type, true]);
      }
      expect((await send(server.url, 'GET', `/graphql?query=${encodeURIComponent('{ __typename }')}`)).status).toBe(
        400,
      );
    });

    it.each([
      '',
      'query',
      'query=',
      'query=%',
      'query=%00',
      'query=%7B',
      'query=%7B__typename%7D&variables=x',
      'query=%7B__typename%7D&variables=5',
      'query=%7B__typename%7D&query=%7B__typename%7D',
      `query=${'x'.repeat(12_000)}`,
    ])('refuses GET with %.30s', async (search) => {
      const answer = await send(server.url, 'GET', `/graphql?${search}`, {
        headers: { 'content-type': 'application/json' },
      });
      expect([answer.status >= 400 && answer.status < 500, answer.text]).toEqual([true, expect.stringMatching(/./)]);
    });

    it('refuses one Idempotency-Key for two mutations, and a key that is none', async () => {
      const create = 'createBucket(input: { usageType: "x" }) { id }';
      const two = JSON.stringify({ query: `mutation { a: ${create} b: ${create} }` });
      expectRefusal(await post(two, { 'Idempotency-Key': 'k' }), 'Idempotency-Key');
      expectRefusal(
        await post(JSON.stringify({ query: `mutation { ... { a: ${create} b: ${create} } }` }), {
          'Idempotency-Key': 'k',
        }),
        'Idempotency-Key',
      );
      for (const key of ['', 'x'.repeat(256), '\u00fc'])
        expectRefusal(
          await post(JSON.stringify({ query: `mutation { ${create} }` }), { 'Idempotency-Key': key }),
          'Idempotency-Key',
        );
      for (const key of ['', 'x'.repeat(256), 'a\\u0000', '\u00fc']) {
        expectRefusal(
          await post(
            `{"query":${JSON.stringify(`mutation ($k: String) { createBucket(input: { usageType: "x" }, idempotencyKey: $k) { id } }`)},"variables":{"k":"${key}"}}`,
          ),
          '',
        );
      }
    });
  });

  it('never tells what is behind an error: no stack, no SQL, no file', async () => {
    const answers = await Promise.all([
      run('{ buckets(after: "x") { items { id } } }'),
      run('{ nonsense }'),
      post('{'),
      get('query ($id: ID!) { bucket(id: $id) { id } }', '{"id":"\\u0000"}'),
    ]);
    for (const { text } of answers) expect(text).not.toMatch(/stack|node_modules|SELECT|prisma|\.ts|\.js\b/i);
  });
});

describe('the schema of a server', () => {
  it.each([
    ['on', true],
    ['off', false],
  ])('is readable with INTROSPECTION=%s: %s', async (value, isReadable) => {
    const server = await startTestServer({ INTROSPECTION: value });
    try {
      for (const query of [
        getIntrospectionQuery(),
        '{ __schema { queryType { name } } }',
        '{ __type(name: "Bucket") { name } }',
      ]) {
        const { data, errors } = await server.graphql(query);
        expect([data === undefined, errors === undefined]).toEqual([!isReadable, isReadable]);
        if (!isReadable) expect(errors?.[0]?.message).toContain('introspection');
      }
      expect((await server.graphql('{ __typename buckets { __typename } }')).data).toEqual({
        __typename: 'Query',
        buckets: { __typename: 'BucketPage' },
      });
      // Did you mean ...? would tell the schema all the same.
      const { errors } = await server.graphql('{ bucket(id: "1") { usageTyp } }');
      if (!isReadable) expect(errors?.[0]?.message).not.toContain('usageType');
    } finally {
      await server.close();
    }
  });
});

/** A refusal with status 4xx in the error, whatever HTTP says; no data of the field refused. */
function expectRefusal({ status, body, text }: RawAnswer, named: string): void {
  expect([status, text.slice(0, 2_000)]).toEqual([
    status < 500 ? status : '< 500',
    expect.stringContaining('"errors":[{'),
  ]);
  const [error] = body.errors;
  expect(error).toEqual(
    expect.objectContaining({
      message: expect.stringMatching(/./),
      extensions: expect.objectContaining({
        code: expect.stringMatching(/^[A-Z_]+$/),
        status: expect.any(Number),
        reason: expect.stringMatching(/./),
      }),
    }),
  );
  expect([error.message, error.extensions.status >= 400 && error.extensions.status < 500]).toEqual([
    error.message,
    true,
  ]);
  expect(JSON.stringify(body.errors)).toContain(JSON.stringify(named).slice(1, -1));
  for (const value of Object.values((body.data ?? {}) as Json)) expect(value).toBe(null);
}

/** A JSON value as a GraphQL literal. */
function toLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${toLiteral(part)}`)
    .join(', ')} }`;
}
