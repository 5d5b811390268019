import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse, print, visit } from 'graphql';
import { breakingChanges, unannounced } from './contract/breaking-changes.js';
import { contractFiles, releasedContract } from './contract/contract.js';
import { breakingOpenApiChanges, type Document } from './contract/openapi-changes.js';

const textOf = (path: string): string => readFileSync(path, 'utf8');
const changelog = textOf('CHANGELOG.md');

describe('the contract', () => {
  const released = releasedContract();
  let now: Map<string, string>;
  beforeAll(async () => {
    now = await contractFiles();
  });

  it('is kept of the last release in the changelog, which package.json has', () => {
    const [, latest] = /^## \[(\d+\.\d+\.\d+)\]/m.exec(changelog) ?? [];
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    expect([released.version, version]).toEqual([latest, latest]);
  });

  it.each(['schema.graphql', ...readdirSync('openapi').map((name) => `openapi/${name}`)])(
    '%s is current: else run npm run contract',
    (path) => expect(now.get(path) === textOf(path)).toBe(true),
  );

  it('has a file for each API: else run npm run contract', () =>
    expect([...now.keys()].filter((path) => !existsSync(path))).toEqual([]));

  it('breaks for clients only where "Unreleased" in CHANGELOG.md names the path of the change', async () => {
    expect(unannounced(await breakingChanges(released.files, now), changelog)).toEqual([]);
  });

  it('is compared whole: what the release had and is gone is found by name', async () => {
    const files = new Map(released.files);
    const edited = visit(parse(files.get('schema.graphql') ?? ''), {
      ObjectTypeDefinition: (type) =>
        type.name.value === 'Bucket'
          ? { ...type, fields: type.fields?.filter(({ name }) => name.value !== 'remainingValue') }
          : undefined,
      EnumValueDefinition: ({ name }) => (name.value === 'DESC' ? null : undefined),
    });
    files.set('schema.graphql', print(edited));
    const usage = JSON.parse(files.get('openapi/usage.json') ?? '') as Document;
    delete usage.components?.schemas?.['Usage']?.properties?.['status'];
    files.set('openapi/usage.json', JSON.stringify(usage));
    files.delete('openapi/customer-bill.json');
    const found = await breakingChanges(released.files, files);
    expect(found.map(({ path }) => path).sort()).toEqual([
      'Bucket.remainingValue',
      'OrderDirection.DESC',
      'openapi/customer-bill.json',
      'openapi/usage.json Usage.status',
    ]);
  });
});

describe('a change of the GraphQL schema', () => {
  const before = `
    enum Color { RED BLUE }
    input LampCreate { color: Color }
    type Lamp { id: ID!, color: Color }
    type Query { lamp(id: ID!): Lamp, lamps(limit: Int): [Lamp!]! }
    type Mutation { createLamp(input: LampCreate!): Lamp }`;
  const pathsOf = async (now: string): Promise<string[]> => {
    const changes = await breakingChanges(new Map([['schema.graphql', before]]), new Map([['schema.graphql', now]]));
    return changes.map(({ path }) => path);
  };

  it.each([
    ['a field that is removed', ', color: Color }', ' }', ['Lamp.color']],
    ['a field that may be null', '[Lamp!]!', '[Lamp!]', ['Query.lamps']],
    ['a query that is removed', 'lamp(id: ID!): Lamp, ', '', ['Query.lamp']],
    ['an argument that is removed', '(limit: Int)', '', ['Query.lamps.limit']],
    ['an argument that is mandatory', 'limit: Int', 'limit: Int!', ['Query.lamps.limit']],
    ['an input field that is mandatory', '{ color: Color }', '{ color: Color! }', ['LampCreate.color']],
    ['a new mandatory input field', '{ color: Color }', '{ color: Color, name: String! }', ['LampCreate.name']],
    ['a value that is removed', 'RED BLUE', 'RED', ['Color.BLUE']],
    ['a field that is added', 'id: ID!, color', 'id: ID!, name: String, color', []],
    ['an optional argument that is added', 'limit: Int', 'limit: Int, offset: Int', []],
  ])('breaks or not by its kind: %s', async (_, part, instead, paths) => {
    expect(before).toContain(part);
    expect(await pathsOf(before.replace(part, instead))).toEqual(paths);
  });
});

describe('a change of an OpenAPI document', () => {
  const refer = (name: string): { $ref: string } => ({ $ref: `#/components/schemas/${name}` });
  const json = (schema: object): object => ({ content: { 'application/json': { schema } } });
  const before: any = {
    servers: [{ url: '/lamps/v1' }, { url: '/v1' }],
    paths: {
      '/lamp': {
        get: {
          parameters: [{ $ref: '#/components/parameters/limit' }, { name: 'color', in: 'query', schema: {} }],
          responses: {
            200: { headers: { Link: {} }, ...json({ type: 'array', items: refer('Lamp') }) },
            404: json({}),
          },
        },
        post: {
          requestBody: { required: true, ...json(refer('Lamp_Create')) },
          responses: { 201: json(refer('Lamp')) },
        },
        delete: { responses: { 204: {} } },
      },
    },
    components: {
      parameters: { limit: { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 9 } } },
      schemas: {
        Lamp: {
          type: 'object',
          required: ['id'],
          properties: {
            id: { type: 'string' },
            color: { type: 'string', enum: ['red', 'blue'] },
            place: { allOf: [refer('Place')] },
            part: { type: 'array', items: refer('Lamp') },
          },
          additionalProperties: {},
        },
        Lamp_Create: {
          type: 'object',
          properties: { color: { type: 'string', nullable: true }, place: refer('Place') },
        },
        Place: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, floor: {} } },
      },
    },
  };
  const pathsOf = (change: (document: any) => void): string[] => {
    const now = structuredClone(before);
    change(now);
    return [...new Set(breakingOpenApiChanges(before, now).map(({ path }) => path))];
  };
  const lamp = (document: any): any => document.components.schemas.Lamp;
  const newLamp = (document: any): any => document.components.schemas.Lamp_Create;
  const place = (document: any): any => document.components.schemas.Place;
  const list = (document: any): any => document.paths['/lamp'].get;

  const cases: [kind: string, change: (document: any) => void, paths: string[]][] = [
    ['nothing', () => undefined, []],
    ['a base path that is removed', (document) => document.servers.pop(), ['/v1']],
    [
      'an address that is removed',
      (document) => delete document.paths['/lamp'],
      ['/lamp get', '/lamp post', '/lamp delete'],
    ],
    ['an operation that is removed', (document) => delete document.paths['/lamp'].delete, ['/lamp delete']],
    ['a parameter that is removed', (document) => list(document).parameters.pop(), ['/lamp get query color']],
    [
      'a parameter that is mandatory',
      (document) => (document.components.parameters.limit.required = true),
      ['/lamp get query limit'],
    ],
    [
      'a lower maximum of a parameter',
      (document) => (document.components.parameters.limit.schema.maximum = 8),
      ['/lamp get query limit'],
    ],
    [
      'values of a parameter',
      (document) => (list(document).parameters[1].schema.enum = ['red']),
      ['/lamp get query color'],
    ],
    ['a response that is removed', (document) => delete list(document).responses[200], ['/lamp get 200']],
    ['a refusal that is removed', (document) => delete list(document).responses[404], []],
    [
      'a header that is removed',
      (document) => (list(document).responses[200].headers = {}),
      ['/lamp get 200 header Link'],
    ],
    [
      'a media type that is removed',
      (document) => (list(document).responses[200].content = {}),
      ['/lamp get 200 application/json'],
    ],
    ['an attribute that is removed', (document) => delete lamp(document).properties.color, ['Lamp.color']],
    ['an attribute of another type', (document) => (lamp(document).properties.id.type = 'integer'), ['Lamp.id']],
    ['a value that is removed', (document) => lamp(document).properties.color.enum.pop(), ['Lamp.color']],
    ['an attribute that may be absent', (document) => (lamp(document).required = []), ['Lamp.id']],
    ['an attribute that may be null', (document) => (lamp(document).properties.id.nullable = true), ['Lamp.id']],
    ['an attribute that is always there', (document) => lamp(document).required.push('color'), []],
    ['no further attributes', (document) => delete lamp(document).additionalProperties, ['Lamp']],
    ['an attribute that must be sent', (document) => (newLamp(document).required = ['color']), ['Lamp_Create.color']],
    [
      'an attribute that must not be null',
      (document) => delete newLamp(document).properties.color.nullable,
      ['Lamp_Create.color'],
    ],
    [
      'an attribute that need not be sent but is answered',
      (document) => (place(document).required = []),
      ['Place.name'],
    ],
    [
      'an attribute that is answered but must be sent',
      (document) => place(document).required.push('floor'),
      ['Place.floor'],
    ],
    [
      'an attribute of any form that has one now',
      (document) => (place(document).properties.floor.type = 'integer'),
      ['Place.floor'],
    ],
    ['an attribute that is added', (document) => (newLamp(document).properties.name = { type: 'string' }), []],
  ];

  it.each(cases)('breaks or not by its kind: %s', (_, change, paths) => {
    expect(pathsOf(change)).toEqual(paths);
  });
});

describe('a breaking change', () => {
  const changes = [{ path: 'Bucket.name', message: 'was removed' }];

  it('is announced where "Unreleased" names its path in backticks', () => {
    expect(unannounced(changes, '## [Unreleased]\n\n- `Bucket.name` is gone.\n\n## [0.1.0]\n')).toEqual([]);
  });

  it('is announced by a name with * for any other', () => {
    const status = (path: string): object[] =>
      unannounced(
        [{ path, message: '' }],
        '## [Unreleased]\n\n- `*.status`, `openapi/*.json *.status`, `openapi/*.json`\n',
      );
    for (const path of ['Bucket.status', 'openapi/prepay-balance.json Bucket.status']) expect(status(path)).toEqual([]);
    for (const path of ['Bucket.name', 'Bucket.status.of', 'openapi/usage.json'])
      expect(status(path)).toEqual([{ path, message: '' }]);
  });

  it.each([
    ['without backticks', '## [Unreleased]\n\n- Bucket.name is gone.\n\n## [0.1.0]\n'],
    ['under an older release', '## [Unreleased]\n\n## [0.1.0]\n\n- `Bucket.name` is gone.\n'],
    ['where there is no such section', '- `Bucket.name` is gone.\n'],
  ])('is not announced %s', (_, text) => expect(unannounced(changes, text)).toEqual(changes));
});
