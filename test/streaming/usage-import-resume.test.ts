import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';
import {
  ended,
  figures,
  importPath,
  linesOf,
  makeTask,
  open,
  post,
  problemsOf,
  put,
  received,
  taskOf,
  usage,
  type Json,
} from './imports.js';
import { eventually } from '../support/eventually.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

let files = 0;
/** Usages of which some have no name: what tells whether one was taken twice is their number. */
function file(count: number, source = `file-${++files}`): { source: string; lines: string[]; content: string } {
  const lines = Array.from({ length: count }, (_, index) =>
    linesOf([usage(index % 3 === 0 ? undefined : `u-${index}`, { source, description: String(index) })]),
  );
  return { source, lines, content: lines.join('') };
}
const countOf = async (source: string): Promise<number> =>
  Number((await server.rest('GET', `/usage?source=${source}&limit=1`)).headers.get('x-total-count'));
const contentOf = (id: string): string => `${importPath}/${id}/content`;
const status = (id: string, wanted: string): Promise<Json> =>
  eventually(`${id} is ${wanted}`, async () => {
    const task = await taskOf(server, id);
    return task['status'] === wanted ? task : undefined;
  });
/** Resolves when so many uploads of the task have begun. */
const begun = (id: string, uploads: number): Promise<true> =>
  eventually(
    'the upload has begun',
    async () =>
      (await server.database.client.usageImport.findFirst({ where: { id } }))?.uploads === uploads || undefined,
  );

describe.each(['skipBad', 'allOrNothing'])('a file that is cut off (%s)', (mode) => {
  it('goes on when it is sent again, and nothing is doubled', async () => {
    const { source, lines, content } = file(3_500);
    const { id } = await makeTask(server, { mode });
    for (const [index, sent] of [1_300, 2_700, 2_750].entries()) {
      const upload = open(server, 'PUT', contentOf(id));
      await upload.write(lines.slice(0, sent).join('').slice(0, -20));
      await begun(id, index + 1);
      await received(server, id, Math.floor(sent / 1_000) * 1_000);
      upload.cut();
      const task = await status(id, 'failed');
      expect(task['message']).toMatch(
        /^behind line \d+ the upload broke off: .*; send the file again to go on behind line [12]000$/,
      );
    }
    expect((await put(server, id, { content })).status).toBe(200);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 3_500, 3_500, 0, 0]);
    expect(await countOf(source)).toBe(3_500);
  });

  it('is not mixed with another file', async () => {
    const { source, lines, content } = file(1_500);
    const { id } = await makeTask(server, { mode });
    const upload = open(server, 'PUT', contentOf(id));
    await upload.write(content);
    await received(server, id, 1_000);
    upload.cut();
    await status(id, 'failed');
    const other = file(1_500);
    const oneLineChanged = [
      ...lines.slice(0, 500),
      linesOf([usage('changed', { source: other.source })]),
      ...lines.slice(501),
    ].join('');
    for (const wrong of [other.content, lines.slice(0, 999).join(''), lines.slice(1).join(''), oneLineChanged, '']) {
      const answer = await put(server, id, { content: wrong });
      expect([answer.status, answer.body.message]).toEqual([
        409,
        expect.stringContaining('not the file whose upload broke off behind line 1000'),
      ]);
    }
    expect(await countOf(other.source)).toBe(0);
    expect((await put(server, id, { content })).status).toBe(200);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 1_500, 1_500, 0, 0]);
    expect(await countOf(source)).toBe(1_500);
  });
});

describe('two uploads to one task', () => {
  it('at once: the later one goes on, and nothing is doubled', async () => {
    const { source, content, lines } = file(3_000);
    const { id } = await makeTask(server);
    const first = open(server, 'PUT', contentOf(id));
    await first.write(lines.slice(0, 1_200).join(''));
    await received(server, id, 1_000);
    const second = await put(server, id, { content });
    expect(second.status).toBe(200);
    await first.write(lines.slice(1_200).join(''));
    const answer = await first.end();
    expect([answer.status, answer.body.message]).toEqual([409, expect.stringContaining('another one of it has begun')]);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 3_000, 3_000, 0, 0]);
    expect(await countOf(source)).toBe(3_000);
  });

  it('of which the replaced one breaks off leave the other alone', async () => {
    const { source, content, lines } = file(2_000);
    const { id } = await makeTask(server);
    const first = open(server, 'PUT', contentOf(id));
    await first.write(lines.slice(0, 1_100).join(''));
    await received(server, id, 1_000);
    const second = open(server, 'PUT', contentOf(id));
    await second.write(lines.slice(0, 1_100).join(''));
    await begun(id, 2);
    first.cut();
    await second.write(lines.slice(1_100).join(''));
    expect((await second.end()).status).toBe(200);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 2_000, 2_000, 0, 0]);
    expect([await countOf(source), content.length > 0]).toEqual([2_000, true]);
  });

  it('that race get one file between them', async () => {
    const { source, content } = file(2_500);
    const { id } = await makeTask(server);
    const answers = await Promise.all(Array.from({ length: 4 }, () => put(server, id, { content })));
    const statuses = answers.map(({ status: code }) => code);
    expect([statuses.includes(200), statuses.every((code) => code === 200 || code === 409)]).toEqual([true, true]);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 2_500, 2_500, 0, 0]);
    expect(await countOf(source)).toBe(2_500);
  });
});

describe('an Idempotency-Key', () => {
  it('answers the task there is when its file was received', async () => {
    const { source, content } = file(100);
    const first = await post(server, { content, key: 'whole' });
    const again = await post(server, { content, key: 'whole' });
    expect([again.status, again.headers['idempotency-replayed'], again.body.id]).toEqual([201, 'true', first.body.id]);
    expect(figures(await ended(server, first.body.id))).toEqual(['succeeded', 100, 100, 0, 0]);
    expect(await countOf(source)).toBe(100);
    expect((await post(server, { content, key: 'whole', mode: 'allOrNothing' })).status).toBe(422);
  });

  it('goes on with the file that was cut off', async () => {
    const { source, content, lines } = file(1_800);
    const upload = open(server, 'POST', importPath, { key: 'cut' });
    await upload.write(lines.slice(0, 1_400).join(''));
    const { id } = await eventually(
      '1000 lines are there',
      async () => (await server.rest('GET', '/importJob?status=running&lines.gte=1000')).body[0] as Json | undefined,
    );
    upload.cut();
    await status(id, 'failed');
    const again = await post(server, { content, key: 'cut' });
    expect([again.status, again.headers['idempotency-replayed'], again.body.id]).toEqual([201, 'true', id]);
    expect(figures(await ended(server, id))).toEqual(['succeeded', 1_800, 1_800, 0, 0]);
    expect(await countOf(source)).toBe(1_800);
  });
});

it('an import that runs is not deleted', async () => {
  const { id } = await makeTask(server);
  const upload = open(server, 'PUT', contentOf(id));
  await upload.write(file(1_100).content);
  await received(server, id, 1_000);
  const answer = await server.rest('DELETE', `/importJob/${id}`);
  expect([answer.status, answer.body.message]).toEqual([409, expect.stringContaining('is running')]);
  expect((await upload.end()).status).toBe(200);
  await ended(server, id);
});

it('a failed line counts once, however often its file is sent', async () => {
  const { lines } = file(1_500);
  const content = [...lines.slice(0, 100), 'bad\n', ...lines.slice(100)].join('');
  const { id } = await makeTask(server);
  const upload = open(server, 'PUT', contentOf(id));
  await upload.write(content);
  await received(server, id, 1_000);
  upload.cut();
  await status(id, 'failed');
  await put(server, id, { content });
  expect(figures(await ended(server, id))).toEqual(['succeeded', 1_501, 1_500, 0, 1]);
  expect(await problemsOf(server, id)).toEqual([{ line: 101, code: 'INVALID_BODY', message: expect.any(String) }]);
});
