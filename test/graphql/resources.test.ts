import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getNamedType, type GraphQLInputObjectType, type GraphQLSchema } from 'graphql';
import {
  type Fixture,
  type Json,
  makeInstances,
  makeOne,
  minimalBody,
  queriesOf,
  type ReadFixture,
} from '../fixtures/fixture.js';
import { fixtures, readFixtures, taskFixtures } from '../fixtures/chosen.js';
import { contentOf } from '../fixtures/rows.js';
import {
  asInput,
  attributeNames,
  clientSchema,
  fieldNameOf,
  objectType,
  toWire,
  toWireName,
  wholeSelection,
} from '../fixtures/schema.js';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server.js';

let server: TestServer;
let schema: GraphQLSchema;

async function startServer(): Promise<void> {
  server = await startTestServer();
  schema = await clientSchema(server);
}

// On servers of their own: to make what is only read, jobs may run, and those would work on tasks and on what is written.
describe.each([
  ['read', readFixtures],
  ['read, of tasks', taskFixtures],
])('%s', (_what, fixturesRead) => {
  beforeAll(startServer);
  afterAll(() => server.close());

  describe.each(fixturesRead)('$typeName through GraphQL', (fixture) => {
    const { typeName, segment, text = 'status' }: ReadFixture = fixture;
    const [one, many] = queriesOf(fixture);
    let whole: string;
    let rows: Json[];

    beforeAll(async () => {
      whole = wholeSelection(objectType(schema, typeName));
      await makeInstances(server, fixture, 14);
      rows = (await server.rest('GET', `/${segment}`)).body;
    });

    const read = async (id: string, selection = whole): Promise<any> =>
      (await server.graphql(`query ($id: ID!) { result: ${one}(id: $id) ${selection} }`, { id })).data.result;

    it('answers by id and in the list what REST answers', async () => {
      const { data } = await server.graphql(`{ ${many} { totalCount items ${whole} } }`);
      expect(data[many].totalCount).toBe(rows.length);
      expect(data[many].items.map(toWire)).toEqual(rows);
      for (const row of rows) expect(toWire(await read(String(row['id'])))).toEqual(row);
    });

    it('has a value for every attribute in some instance, but for those that cannot have one', () => {
      const seen = new Set(rows.flatMap((row) => Object.keys(row)));
      const missing = attributeNames(objectType(schema, typeName))
        .map(toWireName)
        .filter((name) => !seen.has(name));
      expect(missing.sort()).toEqual(Object.keys(fixture.neverSet).sort());
    });

    it('answers null for an id that does not exist', async () => {
      expect(await read('no-such-id')).toBe(null);
      expect(await read('')).toBe(null);
      expect(await read('x'.repeat(100_000))).toBe(null);
    });

    it('names the class in __typename, and in atType only what the client named', async () => {
      const { data } = await server.graphql(`{ ${many} { __typename items { __typename atType } } }`);
      expect(data[many].__typename).toBe(`${typeName}Page`);
      expect(data[many].items).toEqual(rows.map((row) => ({ __typename: typeName, atType: row['@type'] ?? null })));
    });

    it('counts only when asked: a page of one item and the count of all', async () => {
      const { data } = await server.graphql(
        `{ a: ${many}(limit: 1) { totalCount items { id } pageInfo { hasNextPage hasPreviousPage } } b: ${many}(limit: 0) { totalCount items { id } } }`,
      );
      const { totalCount } = data.b;
      expect(data).toEqual({
        a: { totalCount, items: [{ id: rows[0]?.['id'] }], pageInfo: { hasNextPage: true, hasPreviousPage: false } },
        b: { totalCount: expect.any(Number), items: [] },
      });
      expect(totalCount).toBeGreaterThanOrEqual(rows.length);
    });

    it('answers the same through fragments, aliases and directives', async () => {
      const id = String(rows[0]?.['id']);
      const { data, errors } = await server.graphql(
        `query ($id: ID!, $yes: Boolean!, $no: Boolean!) {
          a: ${one}(id: $id) { ...Parts }
          b: ${one}(id: $id) { ... on ${typeName} { id } ... { href } s: ${text} ${text} @include(if: $no) }
          c: ${many}(limit: 1) { items { ...Parts } }
          d: ${many}(limit: 1) @skip(if: $yes) { items { id } }
        }
        fragment Parts on ${typeName} { id ...More } fragment More on ${typeName} { ${text} @include(if: $yes) href @skip(if: $no) }`,
        { id, yes: true, no: false },
      );
      expect(errors).toBe(undefined);
      const { [text]: value, href } = rows[0] as any;
      expect(data).toEqual({
        a: { id, [text]: value, href },
        b: { id, href, s: value },
        c: { items: [{ id, [text]: value, href }] },
      });
    });

    it('gives the same answer the first time, interpreted, and later, compiled', async () => {
      const document = `query ($limit: Int) { ${many}(limit: $limit) { totalCount items ${whole} pageInfo { endCursor } } }`;
      const answers = [];
      for (let time = 0; time < 3; time++) answers.push((await server.graphql(document, { limit: 14 })).data);
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    });
  });
});

describe('written', () => {
  beforeAll(startServer);
  afterAll(() => server.close());

  describe.each(fixtures)('$typeName written through GraphQL', (fixture: Fixture) => {
    const { typeName, segment, label = 'description', object } = fixture;
    let whole: string;

    beforeAll(() => {
      whole = wholeSelection(objectType(schema, typeName));
    });

    const create = (input: Json, selection = whole): Promise<GraphqlAnswer> =>
      server.graphql(
        `mutation ($input: ${typeName}Create!) { result: create${typeName}(input: $input) ${selection} }`,
        {
          input,
        },
      );
    const update = (id: string, input: Json, ifRevision?: number): Promise<GraphqlAnswer> =>
      server.graphql(
        `mutation ($id: ID!, $input: ${typeName}Update!, $ifRevision: Int) { result: update${typeName}(id: $id, input: $input, ifRevision: $ifRevision) ${whole} }`,
        { id, input, ifRevision },
      );
    const remove = (id: string): Promise<GraphqlAnswer> =>
      server.graphql(`mutation ($id: ID!) { result: delete${typeName}(id: $id) }`, { id });
    const read = async (id: string, selection = whole): Promise<any> =>
      (await server.graphql(`query ($id: ID!) { result: ${segment}(id: $id) ${selection} }`, { id })).data.result;
    const minimal = async (): Promise<Json> => asInput(schema, `${typeName}Create`, await minimalBody(server, fixture));
    const resultOf = ({ data, errors }: GraphqlAnswer): any => {
      expect(errors).toBe(undefined);
      return data.result;
    };
    const expectRefusal = ({ data, errors }: GraphqlAnswer, code: string, status: number, named: string): void => {
      expect(data?.result ?? null).toBe(null);
      expect(errors).toEqual([
        expect.objectContaining({
          message: expect.stringContaining(named),
          extensions: expect.objectContaining({ code, status, reason: expect.stringMatching(/./) }),
        }),
      ]);
    };

    it('creates what REST then reads, with the same attributes', async () => {
      const ids = await fixture.prepare(server);
      for (let index = 0; index < 6; index++) {
        if (fixture.isRefused(index)) continue;
        const result = resultOf(await create(asInput(schema, `${typeName}Create`, fixture.body(index, ids))));
        expect((await server.rest('GET', `/${segment}/${result.id}`)).body).toEqual(toWire(result));
      }
    });

    it('takes null for every optional attribute', async () => {
      const nulls = Object.fromEntries(fixture.removable.map((name) => [name, null]));
      resultOf(await create({ ...(await minimal()), ...asInput(schema, `${typeName}Create`, nulls) }));
    });

    for (const path of fixture.required)
      it(`refuses a creation without ${path} by name`, async () => {
        const before = await contentOf(server.database);
        const type = schema.getType(`${typeName}Create`) as GraphQLInputObjectType;
        const [wire = '', innerWire] = path.split('.');
        const first = fieldNameOf(type, wire);
        const second =
          innerWire && fieldNameOf(getNamedType(type.getFields()[first]?.type) as GraphQLInputObjectType, innerWire);
        const input = await minimal();
        const { [first]: value, ...others } = input;
        const { [second ?? '']: _dropped, ...inner } = (value ?? {}) as Json;
        const answer = await create(second === undefined ? others : { ...others, [first]: inner });
        expect(answer.errors?.[0]?.extensions.status).toBe(400);
        expect(answer.errors?.[0]?.message).toContain(second ?? first);
        expect(Object.keys(await contentOf(server.database))).toEqual(Object.keys(before));
      });

    it('has no input for what the server sets, nor for what PATCH may not change', () => {
      const createFields = Object.keys((schema.getType(`${typeName}Create`) as any).getFields());
      const updateFields = Object.keys((schema.getType(`${typeName}Update`) as any).getFields());
      for (const name of ['id', 'href', 'revision', 'confirmationDate'])
        expect([name, createFields.includes(name), updateFields.includes(name)]).toEqual([name, false, false]);
    });

    it.each(fixture.patches.map((body) => [body]))('takes the update %j, and REST sees it', async (body) => {
      const made = await makeOne(server, fixture);
      const result = resultOf(await update(made.id, asInput(schema, `${typeName}Update`, body)));
      expect(toWire(result)).toEqual(expect.objectContaining(body));
      expect((await server.rest('GET', `/${segment}/${made.id}`)).body).toEqual(toWire(result));
    });

    if (object)
      it('replaces an object whole, where REST merges it', async () => {
        const { attribute, value, merged } = object;
        const made = await makeOne(server, fixture, { [attribute]: value });
        expect(
          toWire(resultOf(await update(made.id, asInput(schema, `${typeName}Update`, { [attribute]: merged }))))[
            attribute
          ],
        ).toEqual(merged);
      });

    it('counts the revision up by each change, and not by what changes nothing', async () => {
      const made = await makeOne(server, fixture);
      const revision = async (): Promise<number> => (await read(made.id, '{ revision }')).revision;
      const first = await revision();
      resultOf(await update(made.id, asInput(schema, `${typeName}Update`, fixture.patches[0])));
      expect(await revision()).toBe(first + 1);
      resultOf(await update(made.id, asInput(schema, `${typeName}Update`, fixture.patches[0])));
      resultOf(await update(made.id, {}));
      expect(await revision()).toBe(first + 1);
      expect((await server.rest('GET', `/${segment}/${made.id}`)).headers.get('etag')?.replace('W/', '')).toBe(
        `"${first + 1}"`,
      );
    });

    it('updates only the revision that ifRevision names', async () => {
      const made = await makeOne(server, fixture);
      const { revision } = await read(made.id, '{ revision }');
      expectRefusal(
        await update(made.id, asInput(schema, `${typeName}Update`, fixture.patches[0]), revision + 1),
        'REVISION_MISMATCH',
        412,
        `${revision}`,
      );
      expect(toWire(await read(made.id))).toEqual(made);
      resultOf(await update(made.id, asInput(schema, `${typeName}Update`, fixture.patches[0]), revision));
      expectRefusal(
        await update(made.id, asInput(schema, `${typeName}Update`, { [label]: 'later' }), revision),
        'REVISION_MISMATCH',
        412,
        `${revision + 1}`,
      );
    });

    it('deletes once and answers the id', async () => {
      const { id } = await makeOne(server, fixture);
      if (fixture.release) {
        expectRefusal(await remove(id), 'CONFLICT', 409, id);
        resultOf(await update(id, asInput(schema, `${typeName}Update`, fixture.release)));
      }
      expect(resultOf(await remove(id))).toBe(id);
      expect(await read(id)).toBe(null);
      expectRefusal(await remove(id), 'NOT_FOUND', 404, id);
      expectRefusal(await update(id, {}), 'NOT_FOUND', 404, id);
    });
  });
});
