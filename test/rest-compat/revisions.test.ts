import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtures, taskFixtures } from '../fixtures/chosen.js';
import { makeInstances, makeOne, type Fixture, type ViewFixture } from '../fixtures/fixture.js';
import { startTestServer, type RestAnswer, type TestServer } from '../support/server.js';
import { proofSize } from '../support/proof.js';

/** How often a change and a deletion of one version are sent at once. */
const races = proofSize('RACE_ROUNDS', { short: 3, long: 20 });

describe('the version of a resource', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const tagOf = ({ headers }: RestAnswer): string => headers.get('etag') as string;
  const remove = (path: string, tag: string): Promise<RestAnswer> =>
    server.rest('DELETE', path, { headers: { 'if-match': tag } });
  /** The path of a new instance that may be deleted. */
  const deletable = async (fixture: Fixture | ViewFixture): Promise<string> => {
    if ('make' in fixture) {
      const rows = await makeInstances(server, fixture, 3);
      return `/${fixture.segment}/${String(rows.find(({ status }) => status !== 'running')?.['id'])}`;
    }
    const { id } = await makeOne(server, fixture);
    const path = `/${fixture.segment}/${id}`;
    if (fixture.release) expect((await server.rest('PATCH', path, { body: fixture.release })).status).toBe(200);
    return path;
  };

  describe.each([...fixtures, ...taskFixtures])('of $typeName', (fixture: Fixture | ViewFixture) => {
    const { typeName, segment } = fixture;

    it('is checked by its deletion through both doors', async () => {
      const path = await deletable(fixture);
      const tag = tagOf(await server.rest('GET', path));
      const revision = Number(tag.slice(1, -1));
      expect(tag).toBe(`"${revision}"`);
      const id = path.split('/').at(-1);
      const mutation = `mutation ($id: ID!, $ifRevision: Int) { delete${typeName}(id: $id, ifRevision: $ifRevision) }`;
      const { data, errors } = await server.graphql(mutation, { id, ifRevision: revision + 1 });
      expect([data, errors?.[0]?.extensions]).toEqual([
        { [`delete${typeName}`]: null },
        expect.objectContaining({ code: 'REVISION_MISMATCH', status: 412 }),
      ]);
      for (const stale of [
        `"${revision + 1}"`,
        `"${revision}x"`,
        `${revision}`,
        '"99999999999"',
        `"${revision + 1}", "${revision + 2}"`,
        '""',
      ]) {
        expect([stale, (await remove(path, stale)).status]).toEqual([stale, 412]);
      }
      expect((await server.rest('GET', path)).status).toBe(200);
      expect((await remove(path, `"${revision + 1}", W/"${revision}-hash"`)).status).toBe(204);
      expect((await server.rest('GET', path)).status).toBe(404);
      const other = await deletable(fixture);
      const right = Number(tagOf(await server.rest('GET', other)).slice(1, -1));
      expect((await server.graphql(mutation, { id: other.split('/').at(-1), ifRevision: right })).data).toEqual({
        [`delete${typeName}`]: other.split('/').at(-1),
      });
    });

    if (!('make' in fixture))
      it(`lets one of a change and a deletion of it through when they meet, in ${races} races`, async () => {
        const label = fixture.label ?? 'description';
        for (let round = 0; round < races; round += 1) {
          const path = await deletable(fixture);
          const tag = tagOf(await server.rest('GET', path));
          const change = (): Promise<RestAnswer> =>
            server.rest('PATCH', path, { body: { [label]: `changed ${round}` }, headers: { 'if-match': tag } });
          const [first, second] =
            round % 2 === 0 ? [change, () => remove(path, tag)] : [() => remove(path, tag), change];
          const answers = await Promise.all([first(), second()]);
          const isDone = answers.map(({ status }) => status === 200 || status === 204);
          expect([segment, round, answers.map(({ status }) => status), isDone.filter(Boolean)]).toEqual([
            segment,
            round,
            expect.anything(),
            [true],
          ]);
        }
      });
  });

  it('has a hash behind it where the answer is not the resource whole, which If-None-Match compares and If-Match does not', async () => {
    const path = await deletable(fixtures[0] as Fixture);
    const plain = await server.rest('GET', path);
    const tag = tagOf(plain);
    const again = async (query: string, match: string): Promise<number> =>
      (await server.rest('GET', `${path}${query}`, { headers: { 'if-none-match': match } })).status;
    const tags = new Set([tag]);
    for (const query of ['?fields=id', '?fields=id,name,status', '?fields=none']) {
      const part = tagOf(await server.rest('GET', path + query));
      expect(part).toMatch(new RegExp(`^"${tag.slice(1, -1)}-[\\w-]{16}"$`));
      expect([
        await again(query, part),
        await again(query, `W/${part}`),
        await again(query, `"x", ${part}`),
        await again(query, tag),
        await again('', part),
      ]).toEqual([304, 304, 304, 200, 200]);
      tags.add(part);
    }
    expect(tags.size).toBe(4);
    expect([
      await again('', tag),
      await again('', `W/${tag}`),
      await again('', '*'),
      await again('', '"a,*,b"'),
      await again('?depth=0', tag),
    ]).toEqual([304, 304, 304, 200, 304]);
    for (const match of [...tags].flatMap((each) => [each, `W/${each}`])) {
      const body = { name: 'the same each time' };
      const revision = Number(
        /\d+/.exec(tagOf(await server.rest('PATCH', path, { body, headers: { 'if-match': '*' } })))?.[0],
      );
      const current = match.replace(/"\d+/, `"${revision}`);
      expect([current, (await server.rest('PATCH', path, { body, headers: { 'if-match': current } })).status]).toEqual([
        current,
        200,
      ]);
      const stale = match.replace(/"\d+/, `"${revision + 1}`);
      expect([stale, (await server.rest('PATCH', path, { body, headers: { 'if-match': stale } })).status]).toEqual([
        stale,
        412,
      ]);
    }
    const changed = await server.rest('PATCH', `${path}?fields=name`, { body: { name: 'another' } });
    expect(tagOf(changed)).toBe(tagOf(await server.rest('GET', `${path}?fields=name`)));
  });

  it('is another when a resource inlined by expand or depth changes', async () => {
    const bucket = (
      await server.rest('POST', '/bucket', {
        body: { usageType: 'monetary', name: 'before', remainingValue: { amount: 5, units: 'EUR' } },
      })
    ).body;
    const topup = (
      await server.rest('POST', '/topupBalance', {
        body: { bucket: { id: bucket.id }, amount: { amount: 1, units: 'EUR' } },
      })
    ).body;
    for (const query of ['expand=bucket', 'depth=1']) {
      const get = (headers: Record<string, string> = {}): Promise<RestAnswer> =>
        server.rest('GET', `/topupBalance/${topup.id}?${query}`, { headers });
      const tag = tagOf(await get());
      expect((await get({ 'if-none-match': tag })).status).toBe(304);
      await server.rest('PATCH', `/bucket/${bucket.id}`, { body: { name: `after ${query}` } });
      const answer = await get({ 'if-none-match': tag });
      expect([answer.status, answer.body.bucket.name]).toEqual([200, `after ${query}`]);
      expect(tagOf(answer)).not.toBe(tag);
    }
  });

  it('is named with what else the answer depends on', async () => {
    const path = await deletable(fixtures[0] as Fixture);
    const tag = tagOf(await server.rest('GET', path));
    for (const [target, headers, status] of [
      [path, {}, 200],
      [path, { 'if-none-match': tag }, 304],
      ['/bucket', {}, 200],
    ] as const) {
      const answer = await server.rest('GET', target, { headers });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('vary')?.split(', ')).toEqual(
        expect.arrayContaining(['Origin', 'Accept-Encoding', 'Authorization']),
      );
    }
  });

  it('does not hinder the first answer of a deletion from being given again', async () => {
    const path = await deletable(fixtures[0] as Fixture);
    const headers = { 'if-match': tagOf(await server.rest('GET', path)), 'idempotency-key': `delete ${path}` };
    const answers = [await server.rest('DELETE', path, { headers }), await server.rest('DELETE', path, { headers })];
    expect(answers.map(({ status, headers: told }) => [status, told.get('idempotency-replayed')])).toEqual([
      [204, null],
      [204, 'true'],
    ]);
  });
});
