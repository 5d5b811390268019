import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { badNumbers } from '../fixtures/bad-numbers.js';
import { amountJson, amountPaths, type Fixture, type Json, makeOne, minimalBody } from '../fixtures/fixture.js';
import { send, sendBytes, type RawAnswer, type RawCall } from '../fixtures/http.js';
import { everyInputFixture, inputFixtures } from '../fixtures/chosen.js';
import { contentOf } from '../fixtures/rows.js';
import { startTestServer, type TestServer } from '../support/server.js';

const bodyMaxBytes = 1_048_576;

describe('bad input through REST', () => {
  let server: TestServer;
  let before: Record<string, string>;
  const instances = new Map<string, any>();
  const minimal = new Map<string, Json>();

  beforeAll(async () => {
    server = await startTestServer();
    for (const fixture of inputFixtures) {
      instances.set(fixture.typeName, await makeOne(server, fixture));
      minimal.set(fixture.typeName, await minimalBody(server, fixture));
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

  describe.each(inputFixtures)('for $typeName', (fixture: Fixture) => {
    const collection = `${fixture.basePaths[0]}/${fixture.segment}`;
    const call = (method: string, path: string, { headers, body }: RawCall = {}): Promise<RawAnswer> =>
      send(server.url, method, `${collection}${path}`, {
        body,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
    const post = (body: string | Uint8Array, headers?: Record<string, string>): Promise<RawAnswer> =>
      call('POST', '', { body, headers });
    const valid = (more: Json = {}): Json => ({ ...(minimal.get(fixture.typeName) as Json), ...more });
    const id = (): string => instances.get(fixture.typeName).id;
    /** The valid body with one attribute more, whose value is JSON text. */
    const bodyWith = (name: string, json: string): string =>
      JSON.stringify({ ...valid(), [name]: '\u{1F6A7}' }).replace('"\u{1F6A7}"', json);

    const { quantity, object, label = 'description', hasParties = true } = fixture;

    if (quantity)
      describe('in an amount', () => {
        const { attribute, mayBeZero } = quantity;
        const [path, numberPath, unitsPath] = amountPaths(quantity);
        const bodyWithAmount = (json: string): string => bodyWith(attribute, amountJson(quantity, json));
        const zero: [string, string] = ['0', 'greater than zero'];
        it.each([...badNumbers, ...(mayBeZero ? [] : [zero, ['-0', 'greater than zero'] as [string, string]])])(
          'refuses %s by name',
          async (json, named) => {
            const answer = await post(bodyWithAmount(`{"amount":${json},"units":"EUR"}`));
            expectError(answer, 400, named);
            expect(answer.body.message).toContain(numberPath);
          },
        );

        it.each([
          'null',
          '5',
          '"5 EUR"',
          '[]',
          'true',
          '{}',
          '{"amount":1}',
          '{"units":"EUR"}',
          '{"amount":null,"units":"EUR"}',
          '{"amount":1,"units":null}',
          '{"amount":1,"units":5}',
          '{"amount":1,"units":"EUR","currency":"EUR"}',
        ])('refuses the value %s', async (json) => {
          // Where it may be absent, null says so.
          if (json === 'null' && !fixture.required.includes(attribute)) return;
          expectError(await post(bodyWithAmount(json)), 400, path);
        });

        it('refuses units that are empty or longer than 255 characters', async () => {
          for (const units of ['', 'x'.repeat(256), 'x'.repeat(100_000)]) {
            expectError(await post(bodyWithAmount(JSON.stringify({ amount: 1, units }))), 400, unitsPath);
          }
        });
      });

    describe('in other attributes', () => {
      it.each([
        ['description', '5', 'description'],
        ['description', 'true', 'description'],
        ['description', '["text"]', 'description'],
        ['description', '{}', 'description'],
        ['description', '12345678901234567890', 'description'],
        ['@type', '5', '@type'],
        ['relatedParty', '5', 'relatedParty'],
        ['relatedParty', '[5]', 'relatedParty'],
        ['relatedParty', '[null]', 'relatedParty'],
        ['relatedParty', '[[]]', 'relatedParty'],
        ['relatedParty', '[{}]', 'relatedParty.0.id'],
        ['relatedParty', '[{"id":"1"}]', 'relatedParty.0.@referredType'],
        ['relatedParty', '[{"id":null,"@referredType":"Individual"}]', 'relatedParty.0.id'],
        ['relatedParty', '[{"id":"1","@referredType":"Individual","colour":"red"}]', 'relatedParty.0.colour'],
        ['relatedParty', '{"id":"1"}', 'relatedParty.0.@referredType'],
        ['partyAccount', '{"name":"n"}', 'partyAccount.id'],
        ['product', '[{"name":"n"}]', 'product.0.id'],
        ['product', '[{"id":1.5}]', 'product.0.id'],
        ['logicalResource', '[{"name":"n"}]', 'logicalResource'],
      ])('refuses %s: %s', async (name, json, named) => {
        // What is no attribute of this resource is refused by its name alone.
        const isOwn =
          name === 'relatedParty'
            ? hasParties
            : !['partyAccount', 'product', 'logicalResource'].includes(name) ||
              Object.keys(fixture.filterable).some((path) => path.startsWith(`${name}.`));
        const answer = await post(bodyWith(name, json));
        // What is one, not a list of them, refuses a list as a whole.
        const isWhole = !isOwn || (name === 'product' && answer.body.message === `${name} must be an object`);
        expectError(answer, 400, isWhole ? name : named);
      });

      it('refuses a usageType that is empty, or longer than 255 characters', async () => {
        for (const usageType of ['', 'x'.repeat(256), 'x'.repeat(100_000)])
          expectError(await post(JSON.stringify(valid({ usageType }))), 400, 'usageType');
      });

      if (fixture.segment === 'bucket')
        it('refuses a name that is longer than 255 characters', async () => {
          expectError(await post(JSON.stringify(valid({ name: 'x'.repeat(256) }))), 400, 'name');
        });

      it.each([
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        '__defineGetter__',
        'valueOf',
        '',
      ])('refuses the attribute %j by name', async (name) => {
        for (const json of ['1', '{"isAdmin":true}', 'null', '{"a":12345678901234567890}']) {
          expectError(
            await post(`{${JSON.stringify(name)}:${json},${JSON.stringify(valid()).slice(1)}`),
            400,
            `'${name}'`,
          );
          // To remove what is not there is no change.
          if (json !== 'null')
            expectError(await call('PATCH', `/${id()}`, { body: `{${JSON.stringify(name)}:${json}}` }), 400, name);
        }
      });

      if (object)
        it('refuses such an attribute within an object, too', async () => {
          const { attribute, value } = object;
          for (const name of ['__proto__', 'constructor']) {
            const inner = `{${JSON.stringify(name)}:{"isAdmin":true},${JSON.stringify(value).slice(1)}`;
            expectError(await post(bodyWith(attribute, inner)), 400, `${attribute}.${name}`);
            expectError(await call('PATCH', `/${id()}`, { body: `{"${attribute}":${inner}}` }), 400, name);
          }
        });

      it.each([
        ['a NUL', '"a\\u0000b"'],
        ['a lone high surrogate', '"a\\ud800b"'],
        ['a lone low surrogate', '"\\udc00"'],
        ['surrogates the wrong way round', '"\\udc00\\ud800"'],
      ])('refuses a text with %s, naming the attribute', async (_title, json) => {
        expectError(await post(bodyWith('description', json)), 400, 'description');
        expectError(
          await post(bodyWith('relatedParty', `[{"id":${json},"@referredType":"Individual"}]`)),
          400,
          'relatedParty.0.id',
        );
        expectError(await call('PATCH', `/${id()}`, { body: `{"description":${json}}` }), 400, 'description');
      });
    });

    describe('in the body', () => {
      it.each([
        ['nothing', ''],
        ['a list', '[]'],
        ['a list of bodies', '[{}]'],
        ['null', 'null'],
        ['a text', '"text"'],
        ['a number', '5'],
        ['a long number', '12345678901234567890'],
        ['true', 'true'],
        ['half an object', '{"a":'],
        ['two objects', '{}{}'],
        ['a trailing comma', '{"a":1,}'],
        ['single quotes', "{'a':1}"],
        ['NaN', '{"a":NaN}'],
        ['a raw line break in a text', '{"a":"\n"}'],
        ['a raw NUL', '{"a":"\0"}'],
        ['spaces', '   '],
        ['a byte order mark alone', '\uFEFF'],
        ['XML', '<a/>'],
        ['a form', 'a=1&b=2'],
        ['an unfinished number', '{"a":12345678901234567890.}'],
      ])('refuses %s', async (_title, text) => {
        expectError(await post(text), 400, 'body');
        expectError(await call('PATCH', `/${id()}`, { body: text }), 400, 'body');
      });

      it('refuses bytes that are no UTF-8', async () => {
        for (const bytes of [
          [0xff, 0xfe, 0x7b, 0x7d],
          [0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d],
          [0xed, 0xa0, 0x80],
          Array.from({ length: 999 }, (_, at) => (at * 37) % 256),
        ]) {
          expectError(await post(Uint8Array.from(bytes)), 400, 'UTF-8');
        }
      });

      it('refuses JSON that is nested 10,000 levels deep', async () => {
        for (const text of [
          '['.repeat(10_000),
          '{"a":'.repeat(10_000),
          '[{"a":'.repeat(5_000),
          `{"description":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
        ]) {
          expectError(await post(text), 400, 'the limit JSON_DEPTH_MAX is 64');
        }
      });

      it('refuses a body beyond the limit with 413 naming it, however it is sent', async () => {
        const text = JSON.stringify(valid({ [label]: 'x'.repeat(bodyMaxBytes) }));
        expectError(await post(text), 413, `${bodyMaxBytes}`);
        expectError(
          await call('POST', '', {
            body: text,
            headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
          }),
          413,
          'BODY_MAX_BYTES',
        );
        expectError(await call('PATCH', `/${id()}`, { body: text }), 413, 'BODY_MAX_BYTES');
      });

      it('refuses a content encoding, even one that says what it is', async () => {
        for (const encoding of ['gzip', 'br', 'deflate', 'x-unknown', 'gzip, identity']) {
          expectError(await post(gzipSync(JSON.stringify(valid())), { 'content-encoding': encoding }), 415, encoding);
        }
      });

      it('refuses a body that is no JSON by its type', async () => {
        for (const type of [
          'text/plain',
          'application/xml',
          'application/x-www-form-urlencoded',
          'application/octet-stream',
          'json',
          'application/jsonp',
          '*/*',
          ';',
          'application/json-patch+xml',
        ]) {
          expectError(await post(JSON.stringify(valid()), { 'content-type': type }), 415, type === ';' ? '' : type);
        }
      });
    });

    describe('in the URL', () => {
      it('refuses list parameters and filters on writes', async () => {
        for (const query of [
          '?limit=5',
          '?offset=1',
          '?sort=id',
          `?${fixture.text ?? 'status'}.isnull=false`,
          '?after=x',
        ]) {
          expectError(await call('POST', query, { body: JSON.stringify(valid()) }), 400, 'goes with GET');
          expectError(await call('PATCH', `/${id()}${query}`, { body: '{"description":"new"}' }), 400, 'goes with GET');
          expectError(await call('DELETE', `/${id()}${query}`), 400, 'goes with GET');
        }
      });
    });

    describe('in headers', () => {
      it.each([
        ['empty', ''],
        ['too long', 'x'.repeat(256)],
        ['not ASCII', 'schl\u00fcssel'],
        ['not printable', 'a\tb'],
      ])('refuses an Idempotency-Key that is %s', async (_title, key) => {
        expectError(await post(JSON.stringify(valid()), { 'Idempotency-Key': key }), 400, 'Idempotency-Key');
      });

      it('takes no offence at headers it does not know', async () => {
        const headers = {
          'X-Strange': '\u00ff\u00fe',
          Cookie: 'a=b; c',
          Referer: '%%%',
          'If-Modified-Since': 'never',
          Prefer: 'count=maybe',
          'X-HTTP-Method-Override': 'DELETE',
          TE: 'trailers',
        };
        const answer = await call('GET', `/${id()}`, { headers });
        expect([answer.status, answer.body]).toEqual([200, instances.get(fixture.typeName)]);
      });

      it('makes no address out of a Host header that is none', async () => {
        const { hostname, port } = new URL(server.url);
        for (const host of ['evil.example/path?', '"><script>', 'a b', 'user@evil.example', '\u00ff']) {
          const answer = await call('GET', `/${id()}`, { headers: { Host: host } });
          expectError(answer, 421, 'ALLOWED_HOSTS');
          expect(answer.text).not.toContain('href');
        }
        const answer = await call('GET', `/${id()}`, { headers: { Host: `${hostname}:${port}` } });
        expect(answer.body.href).toBe(`${server.url}${collection}/${id()}`);
      });

      it('says 406 when JSON is not accepted, and answers when it is', async () => {
        for (const accept of [
          'text/html',
          'application/xml',
          'application/json;q=0',
          'nonsense',
          'image/*;q=1, image/png',
          '*/*;q=0',
          'application/json;q=0.0, application/json5;q=0.5',
        ]) {
          expectError(await call('GET', '', { headers: { accept } }), 406, 'application/json');
          expectError(
            await call('POST', '', { body: JSON.stringify(valid()), headers: { accept } }),
            406,
            'application/json',
          );
        }
        for (const accept of [
          '*/*',
          'application/json',
          'application/*',
          'text/html, application/json;q=0.1',
          'application/json;charset=utf-8',
          '',
          'APPLICATION/JSON',
          'application/json;version=4',
          'application/*;q=0, application/json',
          '*/*;q=0, application/json;q=0.001',
          'text/html;note="a, application/json;q=0", */*',
        ]) {
          expect([accept, (await call('GET', '', { headers: { accept } })).status]).toEqual([accept, 200]);
        }
      });

      it('never changes anything under an If-Match that names no version', async () => {
        for (const tag of ['', '""', 'W/""', '"1', 'null', '"\u00ff"', ',,,', '"0"', '"1e0"', '"01"']) {
          const answer = await call('PATCH', `/${id()}`, {
            body: '{"description":"new"}',
            headers: { 'if-match': tag },
          });
          expectError(answer, 412, 'ETag');
          expectError(await call('DELETE', `/${id()}`, { headers: { 'if-match': tag } }), 412, id());
        }
      });
    });
  });

  describe.each(everyInputFixture)('for $typeName in the URL', (fixture) => {
    const collection = `${fixture.basePaths[0]}/${fixture.segment}`;
    it.each(
      [
        ['/%00', 404],
        ['/a%00b', 404],
        ['/%', 404],
        ['/%zz', 404],
        ['/%C3', 404],
        ['/%ED%A0%80', 404],
        ['/%FF%FE', 404],
        ['/..', 404],
        ['/%2e%2e%2f%2e%2e', 404],
        ['/a/b', 404],
        ['/a%2Fb', 404],
        ['//', 404],
        ['///', 404],
        ['/%EF%BF%BF', 404],
        ['/constructor', 404],
        ['/__proto__', 404],
        ["/'%20OR%201=1--", 404],
        [`/${'x'.repeat(8_000)}`, 404],
        [`/${'x'.repeat(9_000)}`, 414],
        [`?description=${'x'.repeat(9_000)}`, 414],
        ['?description=%00', 400],
        ['?description=%ED%A0%80', 400],
        ['?%00=a', 400],
        ['?%ED%A0%80=a', 400],
        ['?%=a', 400],
        ['?description=%', 400],
        ['?fields=%00', 400],
        ['?fields=%', 400],
        ['?sort=%00', 400],
        ['?sort=%', 400],
        ['?limit=%00', 400],
        ['?after=%00', 400],
        ['?after=%', 400],
        ['?filter=%00', 400],
        ['?description.regex=%00', 400],
        ['?[]=1', 400],
        ['?a[b]=1', 400],
      ].map(([path, status]) => [shortened(String(path)), Number(status), String(path)] as const),
    )('answers %s with %i', async (_title, status, path) => {
      const writing = path.startsWith('?') ? ['POST'] : ['PATCH', 'DELETE'];
      for (const method of ['GET', 'HEAD', ...('make' in fixture ? [] : writing)]) {
        const body = method === 'POST' || method === 'PATCH' ? '{}' : undefined;
        const answer = await send(server.url, method, `${collection}${path}`, {
          body,
          headers: body ? { 'content-type': 'application/json' } : {},
        });
        if (method === 'HEAD') expect([method, answer.status]).toEqual([method, status]);
        else expectError(answer, status, '');
      }
    });
  });

  it.each([
    ['no HTTP at all', 'nonsense\r\n\r\n'],
    [
      'a method that does not exist',
      'BREW /tmf-api/prepayBalanceManagement/v4/bucket HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['headers of 100,000 bytes', `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['no host', 'GET /tmf-api/prepayBalanceManagement/v4/bucket HTTP/1.1\r\n\r\n'],
  ])('answers %s with 4xx and goes on serving', async (_title, bytes) => {
    expect(await sendBytes(server.url, bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await server.rest('GET', '/bucket?limit=1')).status).toBeLessThan(300);
  });

  it('serves on when a client goes away in the middle of its body', async () => {
    await sendBytes(
      server.url,
      'POST /tmf-api/prepayBalanceManagement/v4/bucket HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"usageType":',
    );
    expect((await server.rest('GET', '/bucket?limit=1')).status).toBeLessThan(300);
  });
});

describe('the edge of what is stored', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const amounts: [text: string, number: number][] = [
    ['0.000000001', 1e-9],
    ['1e-9', 1e-9],
    ['999999999999999', 999999999999999],
    ['1e15', 1e15],
    ['1000000000000000', 1e15],
    ['"1000000000000000"', 1e15],
    ['123456.789012345', 123456.789012345],
    ['"0010.50"', 10.5],
    ['1.000000000000000000', 1],
    ['0.1', 0.1],
  ];
  it.each(amounts)('takes an opening balance and a top-up of %s exactly', async (text, number) => {
    const opened = await server.rest('POST', '/bucket', {
      text: `{"usageType":"data","remainingValue":{"amount":${text},"units":"MB"}}`,
    });
    expect([opened.status, opened.body.remainingValue]).toEqual([201, { amount: number, units: 'MB' }]);
    const empty = await server.rest('POST', '/bucket', { text: '{"usageType":"data"}' });
    const topup = await server.rest('POST', '/topupBalance', {
      text: `{"amount":{"amount":${text},"units":"MB"},"bucket":{"id":"${empty.body.id}"}}`,
    });
    expect([topup.status, topup.body.amount]).toEqual([201, { amount: number, units: 'MB' }]);
    expect((await server.rest('GET', `/bucket/${empty.body.id}`)).body.remainingValue).toEqual({
      amount: number,
      units: 'MB',
    });
  });

  it('takes a reference, a party and a text of any length that fits the body', async () => {
    const long = 'ж'.repeat(100_000);
    const body = {
      usageType: 'x'.repeat(255),
      description: long,
      product: [{ id: long }],
      relatedParty: [{ id: long, '@referredType': long }],
      partyAccount: { id: long },
    };
    const { status, body: made } = await server.rest('POST', '/bucket', { body });
    expect([status, made]).toEqual([201, expect.objectContaining(body)]);
  });

  it('takes texts of every script and every character but NUL', async () => {
    for (const name of [
      '😀',
      '\u0001\u001f\u007f',
      '\uFEFFbom',
      '\uFFFE\uFFFF',
      '\u{10FFFF}',
      '\\u0000',
      '\'; DROP TABLE "Bucket"; --',
      '$1',
      '$' + '{1}',
      '%s',
      '\u202Eright to left',
      ' \t\r\n ',
      '',
    ]) {
      const { status, body } = await server.rest('POST', '/bucket', { body: { usageType: 'data', name } });
      expect([status, body.name]).toEqual([201, name]);
      expect((await server.rest('GET', `/bucket?fields=name&name=${encodeURIComponent(name)}`)).body).toEqual([
        { name },
      ]);
    }
  });

  it('finds and pages by the least and the greatest integer that it stores', async () => {
    for (const priority of [-2147483648, 2147483647, 0])
      await server.rest('POST', '/bucket', { body: { usageType: 'limits', priority } });
    for (const priority of [-2147483648, 2147483647]) {
      const { status, body } = await server.rest(
        'GET',
        `/bucket?fields=priority&usageType=limits&priority=${priority}`,
      );
      expect([status, body]).toEqual([200, [{ priority }]]);
    }
    const pages: unknown[] = [];
    for (let after: string | null = null, at = 0; at < 3; at++) {
      const { data, errors } = await server.graphql(
        'query ($after: String) { buckets(filter: { usageType: { eq: "limits" } }, orderBy: [{ priority: ASC }], limit: 1, after: $after) { items { priority } pageInfo { endCursor } } }',
        { after },
      );
      expect(errors).toBe(undefined);
      pages.push(data.buckets.items[0].priority);
      after = data.buckets.pageInfo.endCursor;
    }
    expect(pages).toEqual([-2147483648, 0, 2147483647]);
  });
});

/** A test's name must stay readable. */
function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 20)}... (${text.length} characters)` : text;
}

function expectError(answer: RawAnswer, status: number, named: string): void {
  expect([answer.status, answer.body]).toEqual([
    status,
    {
      code: expect.stringMatching(/^\d+$/),
      reason: expect.stringMatching(/./),
      message: expect.stringContaining(named),
      status: String(status),
      requestId: expect.any(String),
      '@type': 'Error',
    },
  ]);
  expect(answer.body.message.length).toBeLessThan(500);
}
