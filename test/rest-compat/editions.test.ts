import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import SwaggerClient from 'swagger-client';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const folder = process.env.SPEC_DIR;
const single = ['product', 'logicalResource'];
const segments = ['topupBalance', 'adjustBalance', 'reserveBalance'] as const;

/** The published file, or a Swagger document of what our server says of itself in the edition `swagger`. */
function published(): { source: string; document: any } {
  const file = folder && readdirSync(folder).find((name) => /^TMF654.*swagger\.json$/.test(name));
  if (folder && file)
    return { source: `the published ${file}`, document: JSON.parse(readFileSync(join(folder, file), 'utf8')) };
  const ref = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
  const action = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      product: { $ref: '#/definitions/Ref' },
      logicalResource: { $ref: '#/definitions/Ref' },
    },
  };
  const response = { description: 'ok', schema: { $ref: '#/definitions/Action' } };
  const paths = Object.fromEntries(
    segments.flatMap((segment) => {
      const type = segment.charAt(0).toUpperCase() + segment.slice(1);
      const body = { name: segment, in: 'body', schema: { $ref: '#/definitions/Action' } };
      const id = { name: 'id', in: 'path', required: true, type: 'string' };
      return [
        [
          `/${segment}`,
          {
            post: {
              operationId: `create${type}`,
              consumes: ['application/json'],
              parameters: [body],
              responses: { 201: response },
            },
          },
        ],
        [
          `/${segment}/{id}`,
          { get: { operationId: `retrieve${type}`, parameters: [id], responses: { 200: response } } },
        ],
      ];
    }),
  );
  return {
    source: 'a document of our own, as SPEC_DIR is not set',
    document: {
      swagger: '2.0',
      info: { title: 'TMF654', version: 'v4' },
      paths,
      definitions: { Ref: ref, Action: action },
    },
  };
}

const { source, document } = published();

describe(`the editions of answers, by ${source}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const products = [{ id: 'product-1' }];
  const bucket = async (): Promise<any> =>
    (
      await server.rest('POST', '/bucket', {
        body: { usageType: 'monetary', remainingValue: { amount: 50, units: 'EUR' } },
      })
    ).body;
  const bodyOf = (id: string): object => ({
    bucket: { id },
    amount: { amount: 1, units: 'EUR' },
    usageType: 'monetary',
    product: products[0],
    logicalResource: { id: '49170', value: '49170' },
    relatedParty: [{ id: '1', role: 'customer', '@referredType': 'Individual' }],
  });

  it.each(segments)('a generated client makes and reads one %s with one object each', async (segment) => {
    const { host } = new URL(server.url);
    const spec = { ...document, host, basePath, schemes: ['http'] };
    const edition = (request: any): any => {
      request.headers['TMF-Edition'] = 'swagger';
      return request;
    };
    const client = await SwaggerClient({ spec, requestInterceptor: edition });
    const type = segment.charAt(0).toUpperCase() + segment.slice(1);
    const call = (operationId: string, parameters: object): Promise<any> => client.execute({ operationId, parameters });
    const created = await call(`create${type}`, {
      [segment]: bodyOf((await bucket()).id),
      body: bodyOf((await bucket()).id),
    });
    expect(created.status).toBe(201);
    const read = await call(`retrieve${type}`, { id: created.body.id });
    for (const { body, headers } of [created, read]) {
      expect([body.product.id, body.logicalResource.id, headers['tmf-edition']]).toEqual([
        'product-1',
        '49170',
        'swagger',
      ]);
    }
    // By default they are lists, as ever.
    const own = (await server.rest('GET', `/${segment}/${created.body.id}`)).body;
    for (const name of single) expect([name, own[name]]).toEqual([name, [read.body[name]]]);
  });

  it('have ETags of their own, are named in Vary, and reach lists, the history and what is inlined', async () => {
    const { id } = await bucket();
    const topup = (
      await server.rest('POST', '/topupBalance', { body: { ...bodyOf(id), amount: { amount: 1, units: 'EUR' } } })
    ).body;
    const get = (path: string, edition?: string, more: Record<string, string> = {}): ReturnType<TestServer['rest']> =>
      server.rest('GET', path, { headers: { ...(edition && { 'tmf-edition': edition }), ...more } });
    const path = `/topupBalance/${topup.id}`;
    const [first, other] = [await get(path), await get(path, 'swagger')];
    const [tag, otherTag] = [first, other].map(({ headers }) => headers.get('etag') as string) as [string, string];
    expect([tag, otherTag]).toEqual([expect.stringMatching(/^"\d+"$/), expect.stringMatching(/^"\d+-[\w-]{16}"$/)]);
    expect((await get(path, 'profile')).headers.get('etag')).toBe(tag);
    expect(other.headers.get('vary')).toContain('TMF-Edition');
    expect([
      (await get(path, 'swagger', { 'if-none-match': otherTag })).status,
      (await get(path, 'swagger', { 'if-none-match': tag })).status,
      (await get(path, undefined, { 'if-none-match': otherTag })).status,
    ]).toEqual([304, 200, 200]);
    for (const list of ['/topupBalance', '/balanceAction', '/topupBalance?fields=product']) {
      expect([list, (await get(list, 'swagger')).body.at(-1).product]).toEqual([
        list,
        expect.objectContaining({ id: 'product-1' }),
      ]);
      expect([list, (await get(list)).body.at(-1).product]).toEqual([
        list,
        [expect.objectContaining({ id: 'product-1' })],
      ]);
    }
    const patched = await server.rest('PATCH', path, {
      body: { description: 'x' },
      headers: { 'tmf-edition': 'swagger', 'if-match': otherTag },
    });
    expect([patched.status, patched.body.product.id]).toEqual([200, 'product-1']);
  });

  it('are refused by name when there is no such edition', async () => {
    for (const [path, named] of [
      ['/topupBalance', 'profile and swagger'],
      ['/usage', 'has no editions'],
    ] as const) {
      const { status, body } = await server.rest('GET', path, { headers: { 'tmf-edition': 'draft' } });
      expect([status, body.message]).toEqual([400, expect.stringContaining(named)]);
    }
    await expect(startTestServer({ ANSWER_EDITIONS: 'TMF654=draft' })).rejects.toThrow(
      'the editions of TMF654 are profile and swagger',
    );
  });

  it('are told by OpenAPI, both of them', async () => {
    const { body } = await server.rest('GET', `${basePath}/openapi.json`);
    expect(body.components.parameters['TMF-Edition'].schema.enum).toEqual(['profile', 'swagger']);
    expect(body.components.schemas.TopupBalance.properties.product.oneOf.map(({ type }: any) => type)).toEqual([
      'array',
      undefined,
    ]);
    expect(body.components.schemas.Bucket.properties.product.type).toBe('array');
  });

  it('are chosen by the server where a request chooses none', async () => {
    const configured = await startTestServer({ ANSWER_EDITIONS: 'TMF654=swagger' });
    try {
      const made = (
        await configured.rest('POST', '/bucket', {
          body: { usageType: 'monetary', remainingValue: { amount: 50, units: 'EUR' }, product: products },
        })
      ).body;
      expect(made.product).toMatchObject(products);
      const { body, headers } = await configured.rest('POST', '/topupBalance', { body: bodyOf(made.id) });
      expect([body.product.id, headers.get('tmf-edition'), headers.get('etag')]).toEqual([
        'product-1',
        'swagger',
        expect.stringMatching(/-/),
      ]);
      const own = await configured.rest('GET', `/topupBalance/${body.id}`, { headers: { 'tmf-edition': 'profile' } });
      expect(own.body.product).toMatchObject(products);
    } finally {
      await configured.close();
    }
  });
});
