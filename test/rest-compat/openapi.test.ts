import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import type { ApiDescriptor } from '../../rest-compat/apis/api.js';
import { apis } from '../../rest-compat/apis/index.js';
import { openApiDocument } from '../../rest-compat/openapi/openapi.js';
import { errorCatalogue } from '../../src/app/errors.js';
import { makeInstances, type Fixture, type ReadFixture } from '../fixtures/fixture.js';
import { send } from '../fixtures/http.js';
import { everyFixture, taskFixtures } from '../fixtures/chosen.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** What a `$ref` leads to. */
function resolve(document: any, node: any): any {
  if (node?.$ref === undefined) return node;
  return node.$ref
    .slice(2)
    .split('/')
    .reduce((at: any, name: string) => at[name], document);
}

/** Where a value differs from what its schema says. */
function problemsOf(document: any, node: any, value: any, path: string): string[] {
  const schema = resolve(document, node);
  if (schema.allOf) return schema.allOf.flatMap((part: any) => problemsOf(document, part, value, path));
  const type = Array.isArray(value) ? 'array' : typeof value;
  const isMeant =
    schema.type === undefined || schema.type === type || (schema.type === 'integer' && Number.isInteger(value));
  if (!isMeant) return [`${path} is ${type}, not ${schema.type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path} is ${value}`];
  if (schema.format === 'date-time' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value))
    return [`${path} is no UTC time`];
  // JSON of any form says nothing of its elements.
  if (type === 'array' && schema.items === undefined) return [];
  if (type === 'array')
    return value.flatMap((element: unknown, index: number) =>
      problemsOf(document, schema.items, element, `${path}/${index}`),
    );
  if (schema.type !== 'object') return [];
  const missing = (schema.required ?? [])
    .filter((name: string) => !(name in value))
    .map((name: string) => `${path}/${name} is missing`);
  return Object.entries(value).reduce((problems: string[], [name, part]) => {
    const property = schema.properties[name] ?? schema.additionalProperties;
    return [
      ...problems,
      ...(property ? problemsOf(document, property, part, `${path}/${name}`) : [`${path}/${name} is not described`]),
    ];
  }, missing);
}

/** The headers of ours: the others belong to HTTP. */
const protocolHeaders = [
  'access-control-expose-headers',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
  'vary',
];

const sample: Record<string, string> = {
  string: '2026-01-31',
  integer: '1',
  number: '1.5',
  boolean: 'true',
  object: '',
};
const sampleOf: Record<string, string> = {
  fields: 'id',
  sort: 'id',
  after: '',
  filter: "$[?(@.id=='1')]",
  explain: '',
  expand: '',
  depth: '1',
};

describe('the OpenAPI documents', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const documentAt = async (base: string): Promise<any> => (await server.rest('GET', `${base}/openapi.json`)).body;

  describe.each(apis)('of $number', ({ basePaths, resources }) => {
    let document: any;
    beforeAll(async () => {
      document = await documentAt(basePaths[0]);
    });
    const operations = (): [method: string, path: string, operation: any][] =>
      Object.entries<any>(document.paths).flatMap(([path, item]) =>
        Object.entries<any>(item).flatMap(([method, operation]): [string, string, any][] =>
          method === 'parameters' ? [] : [[method, path, operation]],
        ),
      );

    it('is valid', async () => {
      const { valid, errors } = await new Validator().validate(structuredClone(document));
      expect([valid, errors]).toEqual([true, undefined]);
    });

    it('has an end for every reference', () => {
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
      for (const $ref of new Set(references))
        expect([$ref, typeof resolve(document, { $ref })]).toEqual([$ref, 'object']);
    });

    it('names every operation once', () => {
      const ids = operations().map(([, , { operationId }]) => operationId);
      expect(ids).toEqual([...new Set(ids)]);
    });

    it('is served under every base path, with the addresses the client can use', async () => {
      for (const base of basePaths) {
        const answer = await send(server.url, 'GET', `${base}/openapi.json`);
        expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([
          200,
          'application/json; charset=utf-8',
          document,
        ]);
      }
      expect(document.servers).toEqual(basePaths.map((base) => ({ url: server.url + base })));
      expect((await send(server.url, 'POST', `${basePaths[0]}/openapi.json`, { body: '{}' })).status).toBe(404);
    });

    it('has every path that is served, with every method that is offered there, and no other', async () => {
      const paths = Object.keys(resources).flatMap((segment) => [`/${segment}`, `/${segment}/{id}`]);
      expect(Object.keys(document.paths).sort()).toEqual(paths.sort());
      for (const path of paths) {
        const { headers } = await send(server.url, 'OPTIONS', basePaths[0] + path.replace('{id}', '1'));
        const methods = operations().flatMap(([method, at]) => (at === path ? [method.toUpperCase()] : []));
        expect([path, methods.sort()]).toEqual([path, headers['allow']?.split(', ').sort()]);
        const patch = document.paths[path].patch;
        if (patch)
          expect(Object.keys(patch.requestBody.content).sort()).toEqual(
            headers['accept-patch']?.toString().split(', ').sort(),
          );
      }
    });

    it('tells of TMF errors, wherever a request can be refused', () => {
      for (const [method, path, { responses }] of operations()) {
        const refusals = Object.keys(responses).filter((status) => Number(status) >= 400);
        expect([method, path, refusals.length]).not.toEqual([method, path, 0]);
        if (method === 'head') continue;
        for (const status of refusals) {
          const { content } = resolve(document, responses[status]);
          expect(content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Error' });
          for (const { value } of Object.values<any>(content['application/json'].examples))
            expect([value.status, problemsOf(document, { $ref: '#/components/schemas/Error' }, value, '')]).toEqual([
              status,
              [],
            ]);
        }
      }
    });
  });

  describe.each(everyFixture)('of $typeName', (fixture) => {
    const { segment, basePaths, filterable }: ReadFixture = fixture;
    let document: any;
    let rows: any[];
    beforeAll(async () => {
      document = await documentAt(basePaths[0]);
      rows = await makeInstances(server, fixture, 6);
    });

    /** An answer is one of those the operation describes: status, headers and body. */
    const call = async (
      method: string,
      path: string,
      headers: Record<string, string> = {},
      body?: unknown,
    ): Promise<number> => {
      const answer = await send(server.url, method, `${basePaths[0]}/${segment}${path}`, {
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const template = `/${segment}${/^\/[^?]/.test(path) ? '/{id}' : ''}`;
      const described = resolve(document, document.paths[template][method.toLowerCase()].responses[answer.status]);
      const problems = described === undefined ? [`${answer.status} is not described`] : [];
      const known = Object.keys(described?.headers ?? {}).map((name) => name.toLowerCase());
      for (const name of Object.keys(answer.headers))
        if (![...protocolHeaders, ...known].includes(name)) problems.push(`header ${name} is not described`);
      const schema = described?.content?.['application/json'].schema;
      if (schema) problems.push(...problemsOf(document, schema, answer.body, ''));
      else if (answer.text !== '') problems.push('a body is not described');
      expect({ method, path, status: answer.status, problems }).toEqual({
        method,
        path,
        status: answer.status,
        problems: [],
      });
      return answer.status;
    };

    it('describe what is read', async () => {
      const [first] = rows;
      const etag = (await send(server.url, 'GET', `${basePaths[0]}/${segment}/${first.id}`)).headers['etag'] as string;
      const statuses = [
        await call('GET', ''),
        await call('GET', '?limit=2&offset=1'),
        await call('GET', '', { range: 'items=1-2' }),
        await call('GET', '?unknown=1'),
        await call('HEAD', ''),
        await call('OPTIONS', ''),
        await call('GET', `/${first.id}`),
        await call('GET', `/${first.id}`, { 'if-none-match': etag }),
        await call('HEAD', `/${first.id}`),
        await call('GET', '/none'),
        await call('GET', '', { accept: 'text/html' }),
        await call('OPTIONS', `/${first.id}`),
      ];
      expect(statuses).toEqual([200, 206, 206, 400, 200, 204, 200, 304, 200, 404, 406, 204]);
    });

    if (!('make' in fixture)) describeWrites(fixture);

    function describeWrites({ minimal, prepare, patches, required, label = 'description' }: Fixture): void {
      it('describe what is written', async () => {
        const second = rows[1];
        const json = { 'content-type': 'application/json', 'idempotency-key': `openapi-${segment}` };
        const body = minimal(await prepare(server));
        const [patch] = patches;
        const statuses = [
          await call('POST', '', json, body),
          await call('POST', '', json, body),
          await call('POST', '', json, { ...body, [label]: 'another' }),
          await call('POST', '', {}, {}),
          await call('POST', '', { 'content-type': 'text/plain' }, body),
          await call('PATCH', '', { 'content-type': 'application/json-patch+json' }, [
            { op: 'add', path: '/-', value: body },
          ]),
          await call('PATCH', '', { 'content-type': 'application/json-patch+json' }, [{ op: 'remove', path: '/1' }]),
          await call('PATCH', `/${second.id}`, { 'if-match': '"0"' }, patch),
          await call('PATCH', `/${second.id}`, {}, { '@type': 'Special' }),
          await call('PATCH', `/${second.id}`, { 'content-type': 'application/json-patch+json' }, [
            { op: 'test', path: '/id', value: 'other' },
          ]),
          await call('DELETE', '/none'),
        ];
        expect(statuses).toEqual([
          201,
          201,
          422,
          required.some((path) => !path.includes('.')) ? 400 : 201,
          415,
          200,
          501,
          412,
          200,
          409,
          404,
        ]);
      });
    }

    it('name query parameters that are understood', async () => {
      const { parameters } = document.paths[`/${segment}`].get;
      for (const parameter of parameters.map((reference: any) => resolve(document, reference))) {
        const { type, enum: words } = parameter.schema.items ?? parameter.schema;
        const value = sampleOf[parameter.name] ?? words?.[0] ?? sample[type];
        if (parameter.in !== 'query' || !value) continue;
        // A thousand rows with all that they refer to may cost more than one operation may.
        const page = parameter.name === 'depth' ? '&limit=100' : '';
        const query = `?${encodeURIComponent(parameter.name)}=${encodeURIComponent(value)}${page}`;
        expect([query, (await server.rest('GET', `/${segment}${query}`)).body]).toEqual([query, expect.any(Array)]);
      }
      const names = parameters.map((reference: any) => resolve(document, reference).name);
      for (const path of Object.keys(filterable)) {
        const [first = ''] = path.split('.');
        expect([path, names.some((name: string) => name === path || name.startsWith(`${first}.`))]).toEqual([
          path,
          true,
        ]);
      }
    });

    it('give conditions and expansions as examples that are understood', async () => {
      const { conditions, expand } = Object.fromEntries(
        document.paths[`/${segment}`].get.parameters
          .map((reference: any) => resolve(document, reference))
          .map((parameter: any) => [parameter.name, parameter.description]),
      );
      const queries = [...conditions.matchAll(/`([\w.@]+=[^`]+)`/g)].map(([, query]) => query);
      const references = [...(expand ?? '').matchAll(/`([\w.]+)`/g)].map(([, path]) => path);
      // Of what is flat there is no condition through an object.
      expect(queries.length).toBeGreaterThanOrEqual(taskFixtures.some((task) => task === fixture) ? 3 : 4);
      // Not every resource refers to another one.
      expect(references.length > 0).toBe(expand !== undefined);
      for (const query of [...queries, ...references.map((path) => `expand=${path}`)]) {
        expect([query, (await server.rest('GET', `/${segment}?${query}`)).body]).toEqual([query, expect.any(Array)]);
      }
    });
  });
});

describe('a document of any schema', () => {
  const schema = buildSchema(`
    scalar Anything
    enum Kind { leaf branch }
    "A place in a tree."
    type Node { id: ID!, href: String!, revision: Int!, kind: Kind!, child: Node, children: [Node!], about: Anything, parent: NodeRef, parts(limit: Int): [Node!] }
    type NodeRef { id: ID!, target: Node }
    type Leaf { id: ID! }
    input StringFilter { eq: String }
    input NodeFilter { id: StringFilter }
    input NodeCreate { kind: Kind!, child: NodeCreate, parent: NodeRefInput! }
    input NodeRefInput { id: ID! }
    type Query { nodes(filter: NodeFilter): [Node!]!, leafs: [Leaf!]! }
    type Mutation { createNode(input: NodeCreate!): Node! }
  `);
  const { target } = (schema.getType('NodeRef') as GraphQLObjectType).getFields();
  if (target) target.extensions = { isJoin: true };
  const api: ApiDescriptor = {
    number: 'TMF000',
    title: 'Trees',
    version: 'v4',
    basePaths: ['/tree/v4'],
    fieldsAddIdentity: true,
    resources: { node: 'Node', leaf: 'Leaf', leafAgain: 'Leaf' },
    aliases: { names: {}, values: {} },
  };
  const document: any = openApiDocument(schema, api, {
    pageSizes: { pageSizeDefault: 5, pageSizeMax: 7 },
    isExplainOffered: false,
    isAuthenticationRequired: true,
    errors: errorCatalogue,
  });
  const { schemas, parameters } = document.components;

  it('is valid, and shows only what the schema has', async () => {
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
    const methods = Object.entries<object>(document.paths).map(
      ([path, item]) => `${path} ${Object.keys(item).join(' ')}`,
    );
    expect(methods).toEqual([
      '/node get head post options',
      '/node/{id} get head options',
      '/leaf get head options',
      '/leaf/{id} get head options',
      '/leafAgain get head options',
      '/leafAgain/{id} get head options',
    ]);
    const named = ({ parameters: references }: any): string[] =>
      references.map(({ $ref }: any) => $ref.replace('#/components/parameters/', ''));
    expect(named(document.paths['/node'].get)).toEqual([
      'offset',
      'limit',
      'Node.sort',
      'after',
      'fields',
      'Node.expand',
      'depth',
      'filter',
      'Node.conditions',
      'Node.id',
      'Range',
      'Prefer',
    ]);
    expect(named(document.paths['/leaf'].get)).toEqual([
      'offset',
      'limit',
      'Leaf.sort',
      'after',
      'fields',
      'Range',
      'Prefer',
    ]);
    expect([parameters.limit.schema.maximum, 'explain' in parameters]).toEqual([7, false]);
  });

  it('refers to a type that nests in itself, and leaves out what is no attribute', () => {
    const { properties, required } = schemas.Node;
    expect(Object.keys(properties)).toEqual(['id', 'href', 'kind', 'child', 'children', 'about', 'parent']);
    expect(required).toEqual(['id', 'href', 'kind']);
    expect(properties.child.allOf).toEqual([{ $ref: '#/components/schemas/Node' }]);
    expect(properties.children.items).toEqual({ $ref: '#/components/schemas/Node' });
    expect([properties.kind.enum, properties.about.type]).toEqual([['leaf', 'branch'], undefined]);
    expect(Object.keys(schemas.NodeRef.properties)).toEqual(['id']);
  });

  it('has one schema for a value object that is the same in bodies and answers', () => {
    expect(schemas.Node_Create.properties.parent.allOf).toEqual([{ $ref: '#/components/schemas/NodeRef' }]);
    expect(Object.keys(schemas)).toEqual([
      'Error',
      'JsonPatch',
      'Node',
      'NodeRef',
      'Node_Create',
      'NodeCreate',
      'Leaf',
    ]);
    expect(document.paths['/node'].post.requestBody.content['application/json'].example).toEqual({
      kind: 'leaf',
      parent: { id: '42' },
    });
  });
});
