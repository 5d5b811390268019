import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type RestAnswer, type TestServer } from '../support/server.js';

const jsonPatch = { 'content-type': 'application/json-patch+json' };
const patchQuery = { 'content-type': 'application/json-patch-query+json' };
const party = (id: string): object => ({ id, name: `name ${id}`, '@referredType': 'Individual' });
const announced = { '@schemaLocation': 'https://schemas.example/odd.json' };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function newBucket(attributes: object = {}): Promise<any> {
  const body = {
    name: 'one',
    usageType: 'monetary',
    remainingValue: { amount: 100, units: 'EUR' },
    relatedParty: ['1', '2', '3'].map(party),
    ...attributes,
  };
  return (await server.rest('POST', '/bucket', { body })).body;
}

const read = async (id: string): Promise<any> => (await server.rest('GET', `/bucket/${id}`)).body;

function patch(id: string, body: unknown, headers: Record<string, string> = jsonPatch): Promise<RestAnswer> {
  return server.rest('PATCH', `/bucket/${id}`, { body, headers });
}

/** The built-ins that a walk over JavaScript's objects would meet. */
function builtIns(): unknown[] {
  return [Object.prototype, Array.prototype, String.prototype, Number.prototype, Function.prototype, Object].map(
    (one) => Object.getOwnPropertyNames(one).sort(),
  );
}

describe('a path of a JSON Patch', () => {
  const places = [
    '/toString',
    '/toString/call',
    '/toString/call/1',
    '/hasOwnProperty/call',
    '/constructor/name',
    '/constructor/prototype',
    '/__proto__',
    '/__proto__/polluted',
    '/relatedParty/length',
    '/relatedParty/map',
    '/relatedParty/constructor',
    '/relatedParty/-1',
    '/relatedParty/01',
    '/relatedParty/1.0',
    '/relatedParty/1e0',
    '/relatedParty/ 1',
    '/relatedParty/4',
    '/relatedParty/100000000',
    '/relatedParty/0/name/length',
    '/relatedParty/0/name/0',
    '/name/0',
    '/name/length',
    '/status/x',
    '/remainingValue/amount/toFixed',
    '/remainingValue/valueOf/call',
    '/nowhere/below',
    '/(?x=1',
    '/relatedParty[?a=1',
    '/name?',
    `/(a+)+b?${'a'.repeat(900)}`,
  ];
  /** Where `add` makes a new member, which the resource then refuses by its name. */
  const addable = new Set([
    '/toString',
    '/__proto__',
    '/(?x=1',
    '/relatedParty[?a=1',
    '/name?',
    `/(a+)+b?${'a'.repeat(900)}`,
  ]);

  it.each(places)('leads to nothing at %s', async (path) => {
    const before = await newBucket();
    const own = builtIns();
    const operations: { op: string; path: string; from?: string; value?: unknown }[] = [
      { op: 'replace', path, value: 0 },
      { op: 'remove', path },
      { op: 'test', path, value: 3 },
      { op: 'move', from: path, path: '/description' },
      { op: 'copy', from: path, path: '/description' },
      ...(addable.has(path)
        ? []
        : [
            { op: 'add', path, value: 1 },
            { op: 'copy', from: '/name', path },
            { op: 'move', from: '/usageType', path },
          ]),
    ];
    for (const operation of operations) {
      const { status, body } = await patch(before.id, [operation]);
      expect([operation.op, status, body.message]).toEqual([
        operation.op,
        409,
        expect.stringContaining('there is nothing at'),
      ]);
    }
    if (addable.has(path)) {
      const { status, body } = await patch(before.id, [{ op: 'add', path, value: 1 }]);
      expect([status, body.message]).toEqual([400, expect.stringContaining('unknown attribute')]);
    }
    expect(await read(before.id)).toEqual(before);
    expect(builtIns()).toEqual(own);
  });

  it('may name what every object inherits, once the resource has it', async () => {
    const { id } = await newBucket(announced);
    const text =
      '[{"op":"add","path":"/constructor","value":{"name":"a"}},{"op":"add","path":"/__proto__","value":{"polluted":[1]}},{"op":"add","path":"/__proto__/polluted/-","value":2},{"op":"replace","path":"/constructor/name","value":"b"}]';
    const answer = await server.rest('PATCH', `/bucket/${id}`, { text, headers: jsonPatch });
    expect([answer.status, answer.body.constructor]).toEqual([200, { name: 'b' }]);
    expect(Object.getOwnPropertyDescriptor(answer.body, '__proto__')?.value).toEqual({ polluted: [1, 2] });
    expect(Object.getOwnPropertyDescriptor(await read(id), '__proto__')?.value).toEqual({ polluted: [1, 2] });
    expect((await server.rest('GET', `/bucket?id=${id}&extension.constructor.name=b&fields=id`)).body).toEqual([
      { id },
    ]);
    expect((await server.rest('GET', `/bucket?id=${id}&extension.toString=b&fields=id`)).body).toEqual([]);
    const { status, body } = await patch(id, [
      { op: 'remove', path: '/constructor' },
      { op: 'remove', path: '/__proto__' },
    ]);
    expect([status, Object.keys(body).filter((name) => name === 'constructor' || name === '__proto__')]).toEqual([
      200,
      [],
    ]);
    expect(Object.getOwnPropertyNames({}.constructor.prototype)).not.toContain('polluted');
  });

  it('takes every character of RFC 6901, escaped or not', async () => {
    const { id } = await newBucket({ ...announced, 'a/b': 1, 'm~n': 2, 'c?d=e': 3, '': 4 });
    const { status, body } = await patch(id, [
      { op: 'replace', path: '/a~1b', value: 5 },
      { op: 'replace', path: '/m~0n', value: 6 },
      { op: 'replace', path: '/c?d=e', value: 7 },
      { op: 'replace', path: '/', value: 8 },
    ]);
    expect([status, body['a/b'], body['m~n'], body['c?d=e'], body['']]).toEqual([200, 5, 6, 7, 8]);
    const refused = await patch(id, [{ op: 'remove', path: '/m~2n' }]);
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('is no JSON pointer')]);
  });

  it('does not move a value into itself', async () => {
    const { id } = await newBucket();
    const { status, body } = await patch(id, [{ op: 'move', from: '/relatedParty', path: '/relatedParty/0/of' }]);
    expect([status, body.message]).toEqual([409, expect.stringContaining('into itself')]);
    expect((await patch(id, [{ op: 'move', from: '/name', path: '/name' }])).body.name).toBe('one');
  });
});

describe('a query in a path', () => {
  it.each([
    ['(?x=1', 400, 'no list'],
    ['(a+)+b?aaaa', 400, 'no list'],
    ['constructor/name?constructor.id=1', 400, 'no list'],
    ['__proto__?id=1', 400, 'no list'],
    ['relatedParty?', 400, 'which elements'],
    ['relatedParty?limit=1', 400, 'limit says nothing'],
    ['relatedParty?sort=id', 400, 'sort says nothing'],
    ['relatedParty?constructor=1', 400, "cannot filter by 'constructor'"],
    ['relatedParty?name.regex=n*e', 400, 'no regular expression'],
    ["relatedParty[?(@.name=~'n')]", 400, 'no regular expression'],
    ["constructor[?(@.name=='x')]", 400, 'no list'],
  ])('%s is refused', async (path, status, message) => {
    const before = await newBucket();
    const answer = await patch(before.id, [{ op: 'test', path: `/${path}`, value: 1 }], patchQuery);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)]);
    expect(await read(before.id)).toEqual(before);
  });

  it('may give alternatives', async () => {
    const { id } = await newBucket();
    const { body } = await patch(
      id,
      [{ op: 'replace', path: '/relatedParty/name?relatedParty.id=1;relatedParty.id=3', value: 'x' }],
      patchQuery,
    );
    expect(body.relatedParty.map((one: any) => one.name)).toEqual(['x', 'name 2', 'x']);
  });

  it('is one only in the media type of queries', async () => {
    const { id } = await newBucket();
    const path = '/relatedParty/name?relatedParty.id=1';
    expect((await patch(id, [{ op: 'replace', path, value: 'x' }])).status).toBe(409);
    expect((await patch(id, [{ op: 'replace', path, value: 'x' }], patchQuery)).status).toBe(200);
  });
});

describe('test of a JSON Patch', () => {
  it.each([
    ['{"a":[1,{"c":null,"b":"x"}]}', 200],
    ['{"a":[1.0,{"b":"x","c":null}]}', 200],
    ['{"a":[10e-1,{"b":"x","c":null}]}', 200],
    ['{"a":[1.00000000000000000000,{"b":"x","c":null}]}', 200],
    ['{"a":[1.00000000000000000001,{"b":"x","c":null}]}', 409],
    ['{"a":["1",{"b":"x","c":null}]}', 409],
    ['{"a":[1,{"b":"x"}]}', 409],
    ['{"a":[1,{"b":"x","c":null,"constructor":1}]}', 409],
    ['{"a":{"0":1,"1":{"b":"x","c":null}}}', 409],
    ['[1,{"b":"x","c":null}]', 409],
    ['null', 409],
  ])('compares %s by value: %i', async (value, status) => {
    const { id } = await newBucket({ ...announced, odd: { a: [1, { b: 'x', c: null }] } });
    const answer = await server.rest('PATCH', `/bucket/${id}`, {
      text: `[{"op":"test","path":"/odd","value":${value}}]`,
      headers: jsonPatch,
    });
    expect(answer.status).toBe(status);
  });
});

describe('what a patch makes of a resource', () => {
  const copies = (count: number): object[] =>
    Array.from({ length: count }, () => ({ op: 'copy', from: '/odd', path: '/odd/-' }));
  const nested = (depth: number): object => Array.from({ length: depth }).reduce<object>((inner) => ({ inner }), {});

  it.each([
    ['more values', [1], copies(27), 'more than 50000 values'],
    ['more bytes', ['x'.repeat(10_000)], copies(27), 'larger than 1048576 bytes'],
    [
      'more levels',
      [1],
      Array.from({ length: 40 }, () => ({ op: 'move', from: '/odd', path: '/odd' })).flatMap(() => [
        { op: 'copy', from: '/odd', path: '/description' },
        { op: 'replace', path: '/odd', value: [] },
        { op: 'move', from: '/description', path: '/odd/0' },
      ]),
      'deeper than 32 levels',
    ],
    ['one value nested too deep', [], [{ op: 'add', path: '/odd/-', value: nested(40) }], 'deeper than 32 levels'],
  ])('has bounds: %s', async (_title, odd, operations, message) => {
    const before = await newBucket({ ...announced, odd });
    const { status, body } = await patch(before.id, operations);
    expect([status === 400 || status === 413, body.message]).toEqual([true, expect.stringContaining(message)]);
    expect(await read(before.id)).toEqual(before);
  });

  it('is bounded in a merge patch, too', async () => {
    const { id } = await newBucket({ ...announced, odd: 'x'.repeat(600_000) });
    const { status, body } = await patch(id, { ...announced, more: 'x'.repeat(600_000) }, {});
    expect([status, body.message]).toEqual([413, expect.stringContaining('larger than 1048576 bytes')]);
    expect((await patch(id, { odd: nested(40) }, {})).status).toBe(400);
    expect((await patch(id, { odd: 'short' }, {})).body.odd).toBe('short');
  });

  it('changes what it copies apart from its origin', async () => {
    const { id } = await newBucket({ ...announced, odd: { list: [1] } });
    const { body } = await patch(id, [
      { op: 'copy', from: '/odd', path: '/other' },
      { op: 'add', path: '/other/list/-', value: 2 },
    ]);
    expect([body.odd, body.other]).toEqual([{ list: [1] }, { list: [1, 2] }]);
  });

  it('is found only when its conditions are not asked too often', async () => {
    const { id } = await newBucket({ relatedParty: Array.from({ length: 1_000 }, (_, index) => party(String(index))) });
    const path = `/relatedParty/name?id.ne=${Array.from({ length: 50 }, (_, index) => `${index}x`).join(',')}`;
    const one = { op: 'replace', path, value: 'x' };
    expect((await patch(id, [one], patchQuery)).status).toBe(200);
    const { status, body } = await patch(id, [one, one, one], patchQuery);
    expect([status, body.message]).toEqual([400, expect.stringContaining('the limit PATCH_CONDITIONS_MAX is 100000')]);
  });
});

describe('names that every object inherits', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const odd = `{"usageType":"monetary","remainingValue":{"amount":1,"units":"EUR"},"@schemaLocation":"https://schemas.example/odd.json",${names.map((name) => `"${name}":{"${name}":1.0}`).join(',')}}`;
  const valuesOf = (body: any): unknown[] => names.map((name) => Object.getOwnPropertyDescriptor(body, name)?.value);
  const expected = names.map((name) => Object.fromEntries([[name, 1]]));

  it('are kept in an extension and given back', async () => {
    const created = await server.rest('POST', '/bucket', {
      text: odd,
      headers: { 'content-type': 'application/json' },
    });
    expect([created.status, valuesOf(created.body)]).toEqual([201, expected]);
    expect(valuesOf(await read(created.body.id))).toEqual(expected);
    const { data } = await server.graphql('query ($id: ID!) { bucket(id: $id) { extension } }', {
      id: created.body.id,
    });
    expect(valuesOf(data.bucket.extension)).toEqual(expected);
    const merged = await server.rest('PATCH', `/bucket/${created.body.id}`, {
      text: '{"__proto__":{"a":1},"constructor":null,"toString":{"b":2}}',
      headers: { 'content-type': 'application/json' },
    });
    expect([merged.status, valuesOf(merged.body)]).toEqual([
      200,
      [
        Object.fromEntries([
          ['__proto__', 1],
          ['a', 1],
        ]),
        undefined,
        { toString: 1, b: 2 },
        { hasOwnProperty: 1 },
      ],
    ]);
  });

  it.each(names)('%s is an unknown attribute elsewhere', async (name) => {
    const { id } = await newBucket();
    const merged = await server.rest('PATCH', `/bucket/${id}`, {
      text: `{"${name}":{"polluted":1}}`,
      headers: { 'content-type': 'application/json' },
    });
    expect([merged.status, merged.body.message]).toEqual([400, expect.stringContaining(`unknown attribute '${name}'`)]);
    const party = await server.rest('POST', '/bucket', {
      text: `{"usageType":"x","remainingValue":{"amount":1,"units":"EUR","${name}":1}}`,
      headers: { 'content-type': 'application/json' },
    });
    expect([party.status, party.body.message]).toEqual([
      400,
      expect.stringContaining(`unknown attribute 'remainingValue.${name}'`),
    ]);
    for (const query of [
      `${name}=1`,
      `remainingValue.${name}=1`,
      `relatedParty.${name}.eq=1`,
      `sort=${name}`,
      `sort=relatedParty.${name}`,
      `filter=$[?(@.${name}==1)]`,
      `expand=${name}`,
    ]) {
      expect([query, (await server.rest('GET', `/bucket?${encodeURI(query)}`)).status]).toEqual([query, 400]);
    }
    expect(({} as any).polluted).toBeUndefined();
  });
});
