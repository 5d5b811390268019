import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Fixture, type Json, makeOne, minimalBody, oneToRead, type ReadFixture } from '../fixtures/fixture.js';
import { everyFixture, fixtures } from '../fixtures/chosen.js';
import { contentOf } from '../fixtures/rows.js';
import { startTestServer, type RestAnswer, type RestCall, type TestServer } from '../support/server.js';

const mergePatch = { 'content-type': 'application/merge-patch+json' };

let server: TestServer;

async function startServer(): Promise<void> {
  server = await startTestServer();
}

describe('read', () => {
  beforeAll(startServer);
  afterAll(() => server.close());

  describe.each(everyFixture)('$typeName read through REST', (fixture) => {
    const { segment, text = 'status' }: ReadFixture = fixture;
    const rest = (method: string, path = '', call?: RestCall): Promise<RestAnswer> =>
      server.rest(method, `/${segment}${path}`, call);

    it('answers the same by id and in the list', async () => {
      const made = await oneToRead(server, fixture);
      expect((await rest('GET', `/${made.id}`)).body).toEqual(made);
      expect((await rest('GET', `?id=${made.id}`)).body).toEqual([made]);
    });

    it('answers HEAD with the headers of GET and no body', async () => {
      const { id } = await oneToRead(server, fixture);
      for (const path of [`/${id}`, '?limit=1', '/unknown']) {
        const get = await rest('GET', path);
        const head = await rest('HEAD', path);
        expect([head.status, head.body]).toEqual([get.status, undefined]);
        const names = ['content-type', 'content-length', 'etag', 'x-total-count', 'x-result-count', 'link'];
        expect(names.map((name) => head.headers.get(name))).toEqual(names.map((name) => get.headers.get(name)));
      }
    });

    it('answers 304 when If-None-Match names the version', async () => {
      const { id } = await oneToRead(server, fixture);
      const { headers } = await rest('GET', `/${id}`);
      const tag = headers.get('etag') as string;
      expect(tag).toMatch(/^"\d+"$/);
      for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const answer = await rest('GET', `/${id}`, { headers: { 'if-none-match': condition } });
        expect([condition, answer.status, answer.body, answer.headers.get('etag')]).toEqual([
          condition,
          304,
          undefined,
          tag,
        ]);
      }
      expect((await rest('GET', `/${id}`, { headers: { 'if-none-match': '"999"' } })).status).toBe(200);
      expect((await rest('GET', `/unknown`, { headers: { 'if-none-match': '*' } })).status).toBe(404);
    });

    it('answers 404 naming the id that does not exist', async () => {
      expectError(await rest('GET', '/no-such-id'), 404, "'no-such-id'");
    });

    it('answers 404 when a filter on the item does not match, and the item when it does', async () => {
      const { id, [text]: value } = await oneToRead(server, fixture);
      expect((await rest('GET', `/${id}?${text}=${value}`)).status).toBe(200);
      expectError(await rest('GET', `/${id}?${text}.contains=other`), 404, id);
    });

    it.each(['offset=0', 'limit=1', 'sort=id', 'after=x'])('refuses %s on one resource', async (parameter) => {
      const { id } = await oneToRead(server, fixture);
      expectError(await rest('GET', `/${id}?${parameter}`), 400, parameter.split('=')[0] as string);
    });

    describe('methods', () => {
      const reading = ['GET', 'HEAD', 'OPTIONS'];
      const isView = 'make' in fixture;
      const isTask = isView && fixture.isTask === true;
      const ofView = {
        collection: isTask ? [...reading, 'POST'] : reading,
        item: isTask && !fixture.isKept ? ['DELETE', ...reading] : reading,
      };
      const offered = isView
        ? ofView
        : { collection: [...reading, 'PATCH', 'POST'], item: ['DELETE', ...reading, 'PATCH'] };
      const allowOf = ({ headers }: RestAnswer): string[] | undefined => headers.get('allow')?.split(', ').sort();

      it.each([
        ['PUT', '', offered.collection],
        ['DELETE', '', offered.collection],
        ['PUT', '/some-id', offered.item],
        ['POST', '/some-id', offered.item],
        ...(isView && !isTask
          ? (['POST ', 'PATCH ', 'PATCH /some-id', 'DELETE /some-id'].map((call) => [...call.split(' '), reading]) as [
              string,
              string,
              string[],
            ][])
          : []),
      ] as const)('answers 405 for %s on %j and says in Allow what is offered', async (method, path, allowed) => {
        const answer = await rest(method, path, { body: {} });
        expectError(answer, 405, method);
        expect([answer.body.code, allowOf(answer)]).toEqual(['61', allowed]);
      });

      it.each([
        ['', offered.collection],
        ['/some-id', offered.item],
      ])('answers OPTIONS on %j with Allow', async (path, allowed) => {
        const answer = await rest('OPTIONS', path);
        expect([answer.status, allowOf(answer), answer.body]).toEqual([204, allowed, undefined]);
      });
    });
  });
});

// On a server of its own: to make what is only read, jobs may run, and those would take hold of what is written here.
describe('written', () => {
  beforeAll(startServer);
  afterAll(() => server.close());

  describe.each(fixtures)('$typeName written through REST', (fixture: Fixture) => {
    const { segment, text = 'status', label = 'description', list, object } = fixture;
    const rest = (method: string, path = '', call?: RestCall): Promise<RestAnswer> =>
      server.rest(method, `/${segment}${path}`, call);
    const patch = (id: string, body: Json, headers: Record<string, string> = {}): Promise<RestAnswer> =>
      rest('PATCH', `/${id}`, { body, headers: { ...mergePatch, ...headers } });
    const read = async (id: string): Promise<any> => (await rest('GET', `/${id}`)).body;

    describe('create', () => {
      it('answers 201 with the whole resource, whose href is the Location', async () => {
        const { status, headers, body } = await rest('POST', '', { body: await minimalBody(server, fixture) });
        expect(status).toBe(201);
        expect(body.href).toBe(`${server.url}${fixture.basePaths[0]}/${segment}/${body.id}`);
        expect(headers.get('location')).toBe(body.href);
        expect(headers.get('content-type')).toBe('application/json;charset=utf-8');
        for (const attribute of fixture.always)
          expect([attribute, body[attribute]]).not.toEqual([attribute, undefined]);
        const found = await fetch(body.href);
        expect([found.status, await found.json()]).toEqual([200, body]);
      });

      it('gives ids that are ULIDs, in the order of creation', async () => {
        const first = await makeOne(server, fixture);
        const second = await makeOne(server, fixture);
        expect(first.id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
        expect(second.id > first.id).toBe(true);
      });

      it('keeps what it is given', async () => {
        const ids = await fixture.prepare(server);
        for (let index = 0; index < 12; index++) {
          if (fixture.isRefused(index)) continue;
          const sent = fixture.body(index, ids);
          const { status, body } = await rest('POST', '', { body: sent });
          expect([status, body]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
          // Times in an answer are UTC with milliseconds, and a logical resource may be given by its value alone.
          expect(withIds(normal(body))).toMatchObject(withIds(normal(sent)));
        }
      });

      it('never answers null', async () => {
        expect(JSON.stringify(await makeOne(server, fixture))).not.toContain('null');
      });

      it('takes null for an attribute that is absent', async () => {
        const nulls = Object.fromEntries(fixture.removable.map((name) => [name, null]));
        const body = await makeOne(server, fixture, nulls);
        expect(Object.keys(body)).toEqual(Object.keys(await makeOne(server, fixture)));
      });

      it.each(Object.keys(fixture.serverSet))('ignores a given %s, which the server sets', async (name) => {
        const body = await makeOne(server, fixture, { [name]: fixture.serverSet[name] });
        expect(body[name]).not.toEqual(fixture.serverSet[name]);
      });

      for (const path of fixture.required)
        it(`refuses a body without ${path} by name and stores nothing`, async () => {
          const body = await minimalBody(server, fixture);
          const before = await contentOf(server.database);
          const answer = await rest('POST', '', { body: without(body, path.split('.')) });
          expectError(answer, 400, path);
          expect(answer.body.code).toBe('23');
          expect(await contentOf(server.database)).toEqual(before);
        });

      it.each(['colour', 'atType', 'revision', 'amount_', '@colour', ' name'])(
        'refuses the unknown attribute %j by name',
        async (name) => {
          const body = { ...(await minimalBody(server, fixture)), [name]: 1 };
          expectError(await rest('POST', '', { body }), 400, `'${name}'`);
        },
      );

      if (object)
        it('refuses an unknown attribute of a nested object by its path', async () => {
          const { attribute, value } = object;
          const body = { ...(await minimalBody(server, fixture)), [attribute]: { ...value, colour: 'red' } };
          expectError(await rest('POST', '', { body }), 400, `${attribute}.colour`);
        });

      it('keeps the attributes of an extension that @schemaLocation announces, verbatim', async () => {
        const extension = { shade: 'red', more: { '@odd': [1, null, { deep: true }] } };
        const made = await makeOne(server, fixture, {
          '@type': 'Special',
          '@schemaLocation': 'https://schemas.example/special.json',
          ...extension,
        });
        expect(made).toMatchObject(extension);
        expect(await read(made.id)).toEqual(made);
        const { data } = await server.graphql(`query ($id: ID!) { ${segment}(id: $id) { extension } }`, {
          id: made.id,
        });
        expect(data[segment]).toEqual({ extension });
        expect((await rest('GET', `?extension.shade=red&id=${made.id}`)).body).toEqual([made]);
        const patched = await patch(made.id, { shade: null, more: { '@odd': [2] } });
        expect([patched.status, patched.body.shade, patched.body.more]).toEqual([200, undefined, { '@odd': [2] }]);
      });

      it('answers what fields names, and the Location all the same', async () => {
        const body = await minimalBody(server, fixture);
        const { status, headers, body: answer } = await rest('POST', `?fields=${text}`, { body });
        expect([status, Object.keys(answer)]).toEqual([201, fixture.fieldsAddIdentity ? ['id', 'href', text] : [text]]);
        expect(headers.get('location')).toContain(`/${segment}/`);
      });
    });

    describe('update', () => {
      it.each(fixture.patches.map((body) => [body]))(
        'takes the merge patch %j and answers the changed resource',
        async (body) => {
          const made = await makeOne(server, fixture);
          const before = (await rest('GET', `/${made.id}`)).headers.get('etag');
          const answer = await patch(made.id, body);
          expect([answer.status, answer.body]).toEqual([200, expect.objectContaining(body)]);
          expect(answer.headers.get('etag')).not.toBe(before);
          const after = await rest('GET', `/${made.id}`);
          expect([after.body, after.headers.get('etag')]).toEqual([answer.body, answer.headers.get('etag')]);
          const untouched = (row: Json): Json =>
            Object.fromEntries(Object.entries(row).filter(([name]) => !(name in body)));
          expect(untouched(after.body)).toEqual(untouched(made));
        },
      );

      it('is a merge patch when sent as application/json, too', async () => {
        const made = await makeOne(server, fixture);
        const answer = await rest('PATCH', `/${made.id}`, {
          body: fixture.patches[0],
          headers: { 'content-type': 'application/json; charset=utf-8' },
        });
        expect([answer.status, answer.body]).toEqual([200, { ...made, ...fixture.patches[0] }]);
      });

      it('changes neither resource nor version when the patch says what is there already', async () => {
        const made = await makeOne(server, fixture, fixture.patches[0]);
        const before = await contentOf(server.database);
        for (const body of [{}, fixture.patches[0] as Json, made]) {
          const answer = await patch(made.id, body);
          expect([answer.status, answer.body]).toEqual([200, made]);
        }
        expect(await contentOf(server.database)).toEqual(before);
      });

      const refused = [
        ...Object.entries(fixture.unpatchable).map(([name, value]) => ({ name, value, status: 400 })),
        ...Object.entries(fixture.fixed ?? {}).map(([name, value]) => ({ name, value, status: 409 })),
      ];
      it.each(refused)('refuses to change $name', async ({ name, value, status }) => {
        const made = await makeOne(server, fixture);
        const before = await contentOf(server.database);
        expectError(await patch(made.id, { [name]: value }), status, name);
        expect(await contentOf(server.database)).toEqual(before);
        if (made[name] !== undefined) expect((await patch(made.id, { [name]: made[name] })).status).toBe(200);
      });

      if (list)
        it('replaces a list whole', async () => {
          const { attribute, values } = list;
          const made = await makeOne(server, fixture, { [attribute]: values[0] });
          expect(made[attribute]).toEqual(values[0]);
          expect((await patch(made.id, { [attribute]: values[1] })).body[attribute]).toEqual(values[1]);
          const empty = await patch(made.id, { [attribute]: [] });
          expect([empty.status, empty.body[attribute]]).toEqual([200, []]);
        });

      if (object)
        it('merges into an object, removes from it and replaces it', async () => {
          const { attribute, value, patch: part, merged } = object;
          const made = await makeOne(server, fixture, { [attribute]: value });
          expect((await patch(made.id, { [attribute]: part })).body[attribute]).toEqual(merged);
          expect((await patch(made.id, { [attribute]: null })).body[attribute]).toBe(undefined);
          expect((await patch(made.id, { [attribute]: value })).body[attribute]).toEqual(value);
        });

      it.each(fixture.removable)('removes %s by null', async (name) => {
        const source = [
          ...fixture.patches,
          ...(object ? [{ [object.attribute]: object.value }] : []),
          ...(list ? [{ [list.attribute]: list.values[0] }] : []),
        ];
        const set = source.find((body) => name in body) ?? {};
        const made = await makeOne(server, fixture);
        expect((await patch(made.id, set)).status).toBe(200);
        const { status, body } = await patch(made.id, { [name]: null });
        // What an answer always has is emptied instead.
        const gone = fixture.always.includes(name) ? [] : undefined;
        expect([status, body[name]]).toEqual([200, gone]);
        expect(await read(made.id)).toEqual(body);
      });

      it('refuses an unknown attribute by name', async () => {
        const { id } = await makeOne(server, fixture);
        for (const value of [1, 'red', {}, [], null]) expectError(await patch(id, { colour: value }), 400, 'colour');
      });

      it('refuses a value of the wrong type by name', async () => {
        const { id } = await makeOne(server, fixture);
        expectError(await patch(id, { [label]: 5 }), 400, label);
        if (object) expectError(await patch(id, { [object.attribute]: 'text' }), 400, object.attribute);
        if (list) expectError(await patch(id, { [list.attribute]: ['text'] }), 400, `${list.attribute}.0`);
      });

      it('answers 404 for an id that does not exist', async () => {
        expectError(await patch('no-such-id', {}), 404, "'no-such-id'");
      });

      it('changes only the version that If-Match names', async () => {
        const made = await makeOne(server, fixture);
        const tag = strong((await rest('GET', `/${made.id}`)).headers.get('etag'));
        const body = fixture.patches[0] as Json;
        expectError(await patch(made.id, body, { 'if-match': '"999"' }), 412, tag);
        expect(await read(made.id)).toEqual(made);
        const changed = await patch(made.id, body, { 'if-match': `"998", ${tag}` });
        expect(changed.status).toBe(200);
        expectError(
          await patch(made.id, { [label]: 'later' }, { 'if-match': tag }),
          412,
          strong(changed.headers.get('etag')),
        );
        expect((await patch(made.id, { [label]: 'later' }, { 'if-match': '*' })).status).toBe(200);
      });

      it('loses no change when twenty patches of different attributes arrive at once', async () => {
        const made = await makeOne(server, fixture);
        const bodies = Array.from({ length: 20 }, (_, at): Json =>
          at % 2 === 0 ? { [label]: `at ${at}` } : { '@type': `Type${at}` },
        );
        const revisionOf = (answer: RestAnswer): number => Number(strong(answer.headers.get('etag')).slice(1, -1));
        const before = revisionOf(await rest('GET', `/${made.id}`));
        const answers = await Promise.all(bodies.map((body) => patch(made.id, body)));
        expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200));
        const after = await rest('GET', `/${made.id}`);
        expect(revisionOf(after)).toBe(before + bodies.length);
        for (const name of [label, '@type'])
          expect(bodies.flatMap((body) => (name in body ? [body[name]] : []))).toContain(after.body[name]);
      });

      it('answers what fields names', async () => {
        const { id } = await makeOne(server, fixture);
        const answer = await rest('PATCH', `/${id}?fields=id`, { body: fixture.patches[0] });
        expect([answer.status, answer.body]).toEqual([
          200,
          fixture.fieldsAddIdentity ? { id, href: expect.any(String) } : { id },
        ]);
      });

      it.each([
        'text/plain',
        'application/xml',
        'application/octet-stream',
        'multipart/form-data',
        'application/json-seq',
      ])('answers 415 for %s', async (type) => {
        const { id } = await makeOne(server, fixture);
        expectError(await rest('PATCH', `/${id}`, { body: {}, headers: { 'content-type': type } }), 415, type);
        expectError(await rest('POST', '', { body: {}, headers: { 'content-type': type } }), 415, type);
      });
    });

    describe('delete', () => {
      const makeDeletable = async (): Promise<string> => {
        const { id } = await makeOne(server, fixture);
        if (fixture.release) expect((await patch(id, fixture.release)).status).toBe(200);
        return id;
      };

      it('answers 204 without a body, once, and the resource is gone from reads and lists', async () => {
        const id = await makeDeletable();
        const answer = await rest('DELETE', `/${id}`);
        expect([answer.status, answer.body]).toEqual([204, undefined]);
        for (const method of ['GET', 'DELETE', 'PATCH']) {
          expectError(await rest(method, `/${id}`, method === 'PATCH' ? { body: {} } : {}), 404, id);
        }
        expect((await rest('GET', `?id=${id}`)).body).toEqual([]);
      });

      it('deletes only the version that If-Match names', async () => {
        const id = await makeDeletable();
        const tag = (await rest('GET', `/${id}`)).headers.get('etag') as string;
        expectError(
          await rest('DELETE', `/${id}`, { headers: { 'if-match': '"999"' } }),
          412,
          `has revision ${strong(tag).slice(1, -1)}`,
        );
        expect((await rest('DELETE', `/${id}`, { headers: { 'if-match': tag } })).status).toBe(204);
      });

      it('refuses with 409 what is still live', async () => {
        if (!fixture.release) return;
        const { id } = await makeOne(server, fixture);
        expectError(await rest('DELETE', `/${id}`), 409, id);
      });
    });
  });
});

/** The ETag of an answer that came compressed is weak. */
function strong(tag: string | null): string {
  return (tag ?? '').replace(/^W\//, '');
}

function expectError(answer: RestAnswer, status: number, named: string): void {
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
}

function without(body: Json, [name = '', ...rest]: readonly string[]): Json {
  const { [name]: value, ...others } = body;
  return rest.length === 0 ? others : { ...others, [name]: without(value as Json, rest) };
}

function normal(value: any): any {
  return JSON.parse(JSON.stringify(value), (_name, part: unknown) =>
    typeof part === 'string' && /^\d{4}-\d\d-\d\d(T.*)?$/.test(part) ? new Date(part).toISOString() : part,
  );
}

function withIds(body: any): any {
  return { ...body, logicalResource: body.logicalResource?.map((each: Json) => ({ id: each['value'], ...each })) };
}
