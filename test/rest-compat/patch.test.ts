import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type RestAnswer, type TestServer } from '../support/server.js';

const jsonPatch = { 'content-type': 'application/json-patch+json' };
const patchQuery = { 'content-type': 'application/json-patch-query+json' };
const party = (id: string, name = `name ${id}`): object => ({ id, name, '@referredType': 'Individual' });
const eur = (amount: number): object => ({ amount, units: 'EUR' });

let server: TestServer;
let schemas: string;

beforeAll(async () => {
  schemas = await mkdtemp(join(tmpdir(), 'extension-schemas-'));
  const schema = {
    $id: 'https://schemas.example/coloured',
    type: 'object',
    properties: { colour: { enum: ['red', 'blue'] } },
    required: ['colour'],
  };
  await writeFile(join(schemas, 'coloured.json'), JSON.stringify(schema));
  server = await startTestServer({ EXTENSION_SCHEMA_DIR: schemas });
});
afterAll(async () => {
  await server.close();
  await rm(schemas, { recursive: true });
});

async function newBucket(attributes: object = {}): Promise<any> {
  const { body } = await server.rest('POST', '/bucket', {
    body: { usageType: 'monetary', remainingValue: eur(100), ...attributes },
  });
  return body;
}

function patch(id: string, body: unknown, headers: Record<string, string>): Promise<RestAnswer> {
  return server.rest('PATCH', `/bucket/${id}`, { body, headers });
}

describe('JSON Patch', () => {
  it('adds, replaces, moves, copies, tests and removes in order', async () => {
    const { id } = await newBucket({ name: 'one', relatedParty: [party('1'), party('2')] });
    const { status, body } = await patch(
      id,
      [
        { op: 'test', path: '/name', value: 'one' },
        { op: 'replace', path: '/name', value: 'two' },
        { op: 'add', path: '/relatedParty/-', value: party('3') },
        { op: 'remove', path: '/relatedParty/0' },
        { op: 'copy', from: '/name', path: '/description' },
        { op: 'move', from: '/name', path: '/remainingValueName' },
      ],
      jsonPatch,
    );
    expect([status, body.name, body.description, body.remainingValueName]).toEqual([200, undefined, 'two', 'two']);
    expect(body.relatedParty.map((one: any) => one.id)).toEqual(['2', '3']);
  });

  it.each([
    ['a failing test', [{ op: 'test', path: '/name', value: 'other' }], 409, 'does not have the expected value'],
    [
      'a path that is not there',
      [{ op: 'replace', path: '/relatedParty/7/name', value: 'x' }],
      409,
      "nothing at '/relatedParty/7/name'",
    ],
    ['an unknown op', [{ op: 'increment', path: '/priority', value: 1 }], 400, "unknown op 'increment'"],
    ['an operation without path', [{ op: 'remove' }], 400, 'needs a path'],
    ['an operation without value', [{ op: 'add', path: '/name' }], 400, "needs 'value'"],
    ['a move without from', [{ op: 'move', path: '/name' }], 400, "needs 'from'"],
    ['a path that is no pointer', [{ op: 'remove', path: 'name' }], 400, 'is no JSON pointer'],
    ['what is no array', { op: 'remove', path: '/name' }, 400, 'array of operations'],
    [
      'a change of the balance',
      [{ op: 'replace', path: '/remainingValue/amount', value: 1 }],
      400,
      'use adjustBalance',
    ],
    ['a change of the id', [{ op: 'replace', path: '/id', value: 'x' }], 400, 'id cannot be changed'],
    [
      'an attribute that does not exist',
      [{ op: 'add', path: '/colourless', value: 1 }],
      400,
      "unknown attribute 'colourless'",
    ],
  ])('refuses %s and changes nothing', async (_title, operations, status, message) => {
    const { id } = await newBucket({ name: 'one' });
    const before = (await server.rest('GET', `/bucket/${id}`)).body;
    const answer = await patch(id, operations, jsonPatch);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)]);
    expect((await server.rest('GET', `/bucket/${id}`)).body).toEqual(before);
  });

  it.each([
    ['a query', '/relatedParty/name?relatedParty.id=2'],
    ['a JSONPath condition', "$.relatedParty[?(@.id=='2')].name"],
    ['a JSONPath condition without root', "relatedParty[?(@.id=='2')].name"],
  ])('finds the elements of a list by %s in the path', async (_title, path) => {
    const { id } = await newBucket({ relatedParty: [party('1'), party('2'), party('2', 'again')] });
    const { status, body } = await patch(id, [{ op: 'replace', path, value: 'found' }], patchQuery);
    expect([status, body.relatedParty.map((one: any) => one.name)]).toEqual([200, ['name 1', 'found', 'found']]);
    const none = await patch(id, [{ op: 'replace', path: path.replace('2', '9'), value: 'x' }], patchQuery);
    expect([none.status, none.body.message]).toEqual([409, expect.stringContaining('no element')]);
  });

  it('takes numbers however they are written, and refuses those it would round', async () => {
    const { id } = await newBucket();
    const set = (level: string): Promise<RestAnswer> =>
      server.rest('PATCH', `/bucket/${id}`, {
        text: `[{"op":"add","path":"/@schemaLocation","value":"https://schemas.example/level.json"},{"op":"add","path":"/level","value":[${level}]}]`,
        headers: jsonPatch,
      });
    const { status, body } = await set('1e-9,{"a":1000000000000000000000}');
    expect([status, body.level]).toEqual([200, [1e-9, { a: 1e21 }]]);
    const refused = await set('1.00000000000000000001');
    expect([refused.status, refused.body.message]).toEqual([
      400,
      'operation 1: 1.00000000000000000001 has more digits than a JSON number keeps exactly',
    ]);
  });

  it('removes every element that matches', async () => {
    const { id } = await newBucket({ relatedParty: [party('2'), party('1'), party('2')] });
    const { body } = await patch(id, [{ op: 'remove', path: "$.relatedParty[?(@.id=='2')]" }], patchQuery);
    expect(body.relatedParty.map((one: any) => one.id)).toEqual(['1']);
  });

  it('repeated under its key adds once', async () => {
    const { id } = await newBucket({ relatedParty: [party('1')] });
    const headers = { ...jsonPatch, 'idempotency-key': `add-${id}` };
    const add = [{ op: 'add', path: '/relatedParty/-', value: party('2') }];
    const answers = [await patch(id, add, headers), await patch(id, add, headers)];
    expect(answers.map(({ status, headers: got }) => [status, got.get('idempotency-replayed')])).toEqual([
      [200, null],
      [200, 'true'],
    ]);
    expect(answers[1]?.body).toEqual(answers[0]?.body);
    expect((await server.rest('GET', `/bucket/${id}`)).body.relatedParty).toHaveLength(2);
  });
});

describe('bulk create by JSON Patch on the collection', () => {
  const add = (value: object, path = '/-'): object => ({ op: 'add', path, value });

  it('creates all in one transaction', async () => {
    const { id } = await newBucket();
    const reserve = { amount: eur(40), bucket: { id } };
    const { status, body } = await server.rest('PATCH', '/reserveBalance?fields=id,status', {
      body: [add(reserve), add(reserve, '/')],
      headers: jsonPatch,
    });
    expect([status, body.map((one: any) => one.status)]).toEqual([200, ['created', 'created']]);
    expect((await server.rest('GET', `/bucket/${id}`)).body.remainingValue).toEqual(eur(20));
  });

  it('applies none when one is refused, and keeps the refusal', async () => {
    const { id } = await newBucket();
    const reserve = { amount: eur(40), bucket: { id } };
    const { status, body } = await server.rest('PATCH', '/reserveBalance', {
      body: [add(reserve), add(reserve), add(reserve)],
      headers: jsonPatch,
    });
    expect([status, body.message]).toEqual([409, expect.stringMatching(/^element 2: .*none was applied/)]);
    const { body: bucket } = await server.rest('GET', `/bucket/${id}`);
    expect([bucket.remainingValue, bucket.reservedValue]).toEqual([eur(100), eur(0)]);
    expect((await server.rest('GET', `/reserveBalance?bucket.id=${id}`)).body.map((one: any) => one.status)).toEqual([
      'failed',
    ]);
  });

  it.each([
    ['another operation', [{ op: 'remove', path: '/0' }], 501],
    ['another path', [{ op: 'add', path: '/0', value: {} }], 501],
    ['a value that is no object', [{ op: 'add', path: '/-', value: 5 }], 400],
    ['an invalid element', [{ op: 'add', path: '/-', value: { usageType: 'x', colourless: 1 } }], 400],
    ['too many', Array.from({ length: 201 }, () => ({ op: 'add', path: '/-', value: { usageType: 'x' } })), 400],
  ])('refuses %s and creates nothing', async (_title, body, status) => {
    const count = async (): Promise<string | null> =>
      (await server.rest('GET', '/bucket?limit=0')).headers.get('x-total-count');
    const before = await count();
    expect((await server.rest('PATCH', '/bucket', { body, headers: jsonPatch })).status).toBe(status);
    expect(await count()).toBe(before);
  });
});

describe('references', () => {
  it('are inlined by expand and depth, and stay references when they lead nowhere', async () => {
    const { id } = await newBucket({ name: 'expanded' });
    const { body: topup } = await server.rest('POST', '/topupBalance?expand=bucket', {
      body: { amount: eur(5), bucket: { id }, relatedTopupBalance: { id: 'nowhere' } },
    });
    expect(topup.bucket).toMatchObject({ id, name: 'expanded', remainingValue: eur(105) });
    const { body: deep } = await server.rest(
      'GET',
      `/topupBalance/${topup.id}?expand=impactedBucket.bucket,relatedTopupBalance`,
    );
    expect([deep.impactedBucket[0].bucket.name, deep.bucket, deep.relatedTopupBalance]).toEqual([
      'expanded',
      { id },
      { id: 'nowhere' },
    ]);
    const { body: all } = await server.rest('GET', `/topupBalance/${topup.id}?depth=1`);
    expect([all.bucket.name, all.impactedBucket[0].bucket.name]).toEqual(['expanded', 'expanded']);
  });

  it('refuses to expand what is no reference of ours', async () => {
    const { status, body } = await server.rest('GET', '/topupBalance?expand=amount');
    expect([status, body.message]).toEqual([400, expect.stringContaining("cannot expand 'amount'")]);
  });
});

describe('explain=graphql', () => {
  it('answers the operation, which gives what the call would have given, and runs nothing', async () => {
    const { id } = await newBucket({ name: 'explained' });
    const { body: rows } = await server.rest('GET', `/bucket?id=${id}&fields=name`);
    const { body } = await server.rest('GET', `/bucket?id=${id}&fields=name&explain=graphql`);
    const { origin, pathname, searchParams } = new URL(body.sandbox);
    expect(origin + pathname).toBe('https://studio.apollographql.com/sandbox/explorer');
    expect(searchParams.get('endpoint')).toBe(body.endpoint);
    expect(searchParams.get('document')).toBe(body.operation);
    expect(JSON.parse(searchParams.get('variables')!)).toEqual(body.variables);
    const { data } = await server.graphql(body.operation, body.variables);
    expect(data.result.items).toEqual(rows);
    const explained = await server.rest('POST', '/topupBalance?explain=graphql', {
      body: { amount: eur(5), bucket: { id } },
    });
    expect([explained.status, explained.body.variables.input.amount]).toEqual([200, eur(5)]);
    expect((await server.rest('GET', `/bucket/${id}`)).body.remainingValue).toEqual(eur(100));
  });
});

describe('extensions and other editions', () => {
  it('keeps an announced extension, gives it back, changes it and filters by it', async () => {
    const { id } = await newBucket({ '@type': 'SpecialBucket', flavour: { kind: 'sweet', level: 5 } });
    const { body } = await server.rest('GET', `/bucket/${id}`);
    expect([body['@type'], body.flavour]).toEqual(['SpecialBucket', { kind: 'sweet', level: 5 }]);
    for (const query of ['extension.flavour.kind=sweet', 'extension.flavour.level=5', '@type=SpecialBucket']) {
      expect((await server.rest('GET', `/bucket?${query}&fields=id`)).body).toEqual([{ id }]);
    }
    expect((await patch(id, { flavour: null, note: 'n' }, {})).body).toMatchObject({ note: 'n' });
    const { data } = await server.graphql('query ($id: ID!) { bucket(id: $id) { extension } }', { id });
    expect(data.bucket.extension).toEqual({ note: 'n' });
  });

  it('checks an extension by the schema of the folder, and filters by its names', async () => {
    const coloured = { '@schemaLocation': 'https://schemas.example/coloured' };
    const refused = await server.rest('POST', '/bucket', { body: { usageType: 'x', ...coloured, colour: 'green' } });
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('/colour')]);
    const { id } = await newBucket({ ...coloured, colour: 'red' });
    expect((await server.rest('GET', '/bucket?colour=red&fields=id,colour')).body).toEqual([{ id, colour: 'red' }]);
    expect((await patch(id, { colour: 'green' }, {})).status).toBe(400);
    expect((await server.rest('GET', '/bucket?colourless=red')).status).toBe(400);
  });

  it('reads the names and words of other editions', async () => {
    const { id } = await newBucket();
    const body = {
      amount: { value: 3, unit: 'EUR' },
      bucket: { id },
      balanceTopup: { id: 'parent' },
      product: { id: 'p' },
    };
    const topup = await server.rest('POST', '/topupBalance', { body });
    expect(topup.body).toMatchObject({ amount: eur(3), relatedTopupBalance: { id: 'parent' }, product: [{ id: 'p' }] });
    expect(
      (await server.rest('PATCH', `/topupBalance/${topup.body.id}`, { body: { status: 'confirmed' } })).status,
    ).toBe(200);
    const both = await server.rest('POST', '/topupBalance', { body: { ...body, relatedTopupBalance: { id: 'x' } } });
    expect([both.status, both.body.message]).toEqual([
      400,
      expect.stringContaining('another name of relatedTopupBalance'),
    ]);
  });
});
