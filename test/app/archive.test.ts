import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { runArchive } from '../../src/app/cli/archive/run.js';
import { runDoctor } from '../../src/app/cli/doctor/run.js';
import { doneOf, type Done } from '../support/command.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { createMigratedStorage, startMaxMs, type Storage } from './program.js';

jest.setTimeout(5 * startMaxMs);

let folder: string;
let storage: Storage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tmf-archive-'));
  storage = await createMigratedStorage();
  await withServer('2026-01-10T12:00:00.000Z', begin);
  await withServer('2026-03-01T12:00:00.000Z', goOn);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await storage.remove();
});

async function withServer<T>(now: string, work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startTestServer({}, { database: await storage.open(), clock: new TestClock(new Date(now)) });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

async function made(server: TestServer, path: string, body: object): Promise<any> {
  const answer = await server.rest('POST', path, { body });
  expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
  return answer.body;
}

const eur = (amount: number): object => ({ amount, units: 'EUR' });
const rated = { usageSpecification: { id: 'voice' }, usageDate: '2026-01-09T00:00:00.000Z' };
const ids: Record<string, string> = {};
const delivered = { ...rated, externalId: 'call-1', source: 'switch' };

/** What is there in January: some of it finished, some not. */
async function begin(server: TestServer): Promise<void> {
  ids['bucket'] = (await made(server, '/bucket', { usageType: 'monetary', remainingValue: eur(100) })).id;
  const bucket = { id: ids['bucket'] };
  ids['topup'] = (await made(server, '/topupBalance', { amount: eur(10), bucket })).id;
  ids['debit'] = (await made(server, '/adjustBalance', { amount: eur(0.1), bucket, adjustType: 'generalDebit' })).id;
  ids['live'] = (await made(server, '/reserveBalance', { amount: eur(5), bucket })).id;
  ids['rejected'] = (await made(server, '/usage', { ...delivered, status: 'received' })).id;
  const { status } = await server.rest('PATCH', `/usage/${ids['rejected']}`, { body: { status: 'rejected' } });
  expect(status).toBe(200);
  ids['open'] = (await made(server, '/usage', { ...rated, status: 'received' })).id;
}

/** What comes in March. */
async function goOn(server: TestServer): Promise<void> {
  const bucket = { id: ids['bucket'] };
  ids['late'] = (await made(server, '/topupBalance', { amount: eur(1), bucket })).id;
}

const archive = (...args: string[]): Promise<Done> => doneOf(() => runArchive(args, storage.env));
const place = (name: string): string => join(folder, name);
const before = ['--before', '2026-02-01T00:00:00Z'];
const counted = 'default usage: 1\ndefault action: 2\ndefault entry: 4\n';

/** What clients see of it all. */
const seen = (): Promise<unknown> =>
  withServer('2026-03-01T13:00:00.000Z', async (server) => {
    const paths = ['/usage', '/balanceAction', `/bucket/${ids['bucket']}`];
    const answers = await Promise.all(paths.map(async (path) => (await server.rest('GET', path)).body));
    const { data } = await server.graphql(
      `query ($id: ID!) { bucket(id: $id) { balanceAsOf(at: "2026-01-20T00:00:00Z") { remainingValue { amount } } entries { totalCount } actions { totalCount } } }`,
      { id: ids['bucket'] },
    );
    return JSON.parse(JSON.stringify({ answers, data }).replaceAll(server.url, ''));
  });

it.each([
  [[], '--to is needed'],
  [['--to', 'x'], "--before '' is no time"],
  [['--to', 'x', '--before', '2100-01-01'], '--before is yet to come'],
  [['read', 'x'], '--kind is one of usage, action, entry'],
  [['burn', 'x'], "'burn' is none of the commands"],
])('wrong use is told: %j', async (args, message) => {
  expect(await archive(...args)).toMatchObject({ code: 2, errors: expect.stringContaining(message) });
});

it('has what was finished before a time, and what moved balances, in files by month', async () => {
  expect(await archive('--to', place('whole'), ...before)).toEqual({ code: 0, output: counted, errors: '' });
  const manifest = JSON.parse(await readFile(join(place('whole'), 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ format: 1, before: '2026-02-01T00:00:00.000Z', tenantId: null });
  expect(manifest.files).toMatchObject([
    { path: 'default/usage-2026-01.ndjson', rows: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    {
      path: 'default/action-2026-01.ndjson',
      rows: 2,
      sums: { EUR: '10.1' },
      firstKey: ids['topup'],
      lastKey: ids['debit'],
    },
    { path: 'default/entry-2026-01.ndjson', rows: 4, sums: { EUR: '104.9' } },
  ]);
  expect(await archive('verify', place('whole'))).toEqual({ code: 0, output: counted, errors: '' });
  const { output } = await archive('read', place('whole'), '--kind', 'action');
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).action.id),
  ).toEqual([ids['topup'], ids['debit']]);
  expect((await archive('read', place('whole'), '--kind', 'entry', '--month', '2025-12')).output).toBe('');
});

it('is there whole or not at all: what a killed attempt left is no archive, and is written anew', async () => {
  await mkdir(`${place('again')}.partial/default`, { recursive: true });
  await writeFile(`${place('again')}.partial/default/usage-2025-01.ndjson`, 'half a li');
  expect((await archive('verify', place('again'))).errors).toMatch(/is no archive: it has no manifest.json/);
  expect(await archive('--to', place('again'), ...before, '--gzip')).toMatchObject({ code: 0, output: counted });
  expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  expect(await archive('verify', place('again'))).toMatchObject({ code: 0, output: counted });
  expect(await archive('--to', place('again'), ...before)).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/is not empty/),
  });
});

it('is refused when a file was changed, or is missing', async () => {
  await archive('--to', place('changed'), ...before);
  const path = join(place('changed'), 'default/entry-2026-01.ndjson');
  await writeFile(path, (await readFile(path, 'utf8')).replace('EUR', 'USD'));
  const told = { code: 1, errors: "'default/entry-2026-01.ndjson' was changed: its SHA-256 is another one\n" };
  expect(await archive('verify', place('changed'))).toMatchObject(told);
  expect(await archive('restore', place('changed'))).toMatchObject(told);
  await rm(path);
  expect((await archive('verify', place('changed'))).errors).toBe("'default/entry-2026-01.ndjson' is missing\n");
});

it('lets go of usages and actions that are in it, and of nothing that balances or later work need; and brings them back', async () => {
  const whole = await seen();
  const deleted = `deleted usage: 1\ndeleted action: 2\n`;
  expect(await archive('--to', place('gone'), ...before, '--delete')).toEqual({
    code: 0,
    output: counted + deleted,
    errors: '',
  });
  // As after a kill in the middle: what is gone already is not missed.
  expect(await archive('--to', place('gone'), ...before, '--delete')).toMatchObject({
    code: 0,
    output: 'deleted usage: 0\ndeleted action: 0\n',
  });
  expect((await doneOf(() => runDoctor([], storage.env))).output).toMatch(/ books +1 buckets equal their ledgers/);
  await withServer('2026-03-01T13:00:00.000Z', async (server) => {
    const left = (await server.rest('GET', '/balanceAction')).body.map(({ id }: any) => id);
    expect(left.sort()).toEqual([ids['live'], ids['late']].sort());
    expect((await server.rest('GET', '/usage')).body).toMatchObject([{ id: ids['open'] }]);
    const again = await server.rest('POST', '/usage', { body: { ...delivered, status: 'received' } });
    expect(again.status).toBe(409);
    expect(JSON.stringify(again.body)).toContain(`usage '${ids['rejected']}' was taken before, and is archived`);
    const { data } = await server.graphql(
      `query ($id: ID!) { bucket(id: $id) { balanceAsOf(at: "2026-01-20T00:00:00Z") { remainingValue { amount } } entries { totalCount } } }`,
      { id: ids['bucket'] },
    );
    expect(data.bucket).toMatchObject({
      balanceAsOf: { remainingValue: { amount: 104.9 } },
      entries: { totalCount: 5 },
    });
  });
  expect(await archive('restore', place('gone'))).toEqual({ code: 0, output: counted, errors: '' });
  expect(await seen()).toEqual(whole);
  expect(await archive('restore', place('gone'))).toMatchObject({ code: 0 });
  expect(await seen()).toEqual(whole);
});

it('does not overwrite, nor delete, what has changed since', async () => {
  await withServer('2026-03-02T12:00:00.000Z', async (server) => {
    const { status } = await server.rest('PATCH', `/topupBalance/${ids['topup']}`, {
      body: { description: 'looked at' },
    });
    expect(status).toBe(200);
  });
  expect(await archive('restore', place('gone'))).toMatchObject({
    code: 1,
    errors: `action default ${ids['topup']} differs from the archive\n`,
  });
  expect((await archive('--to', place('gone'), ...before, '--delete')).output).toBe(
    'deleted usage: 1\ndeleted action: 1\n',
  );
});
