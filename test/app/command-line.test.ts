import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commands, runCommandLine } from '../../src/app/cli/command-line.js';
import { makeCycle, makeRate, newAccount } from '../domain/customer-bill/billing.js';
import { linesOf, taken, usage, usagesOf } from '../streaming/imports.js';
import { doneOf, type Done } from '../support/command.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Below each command, what is to be called to come to its options. */
const ways: Readonly<Record<string, readonly (readonly string[])[]>> = {
  seed: [['demo']],
  archive: [[], ['verify', 'folder'], ['read', 'folder'], ['restore', 'folder']],
  tenant: [['new'], ['list'], ['suspend', 'a'], ['resume', 'a']],
  key: [['new'], ['list'], ['revoke', 'a']],
  directory: [['rebuild']],
  reporting: [['grant', 'a'], ['revoke', 'a'], ['list']],
  usage: [
    ['import', 'a.csv'],
    ['export', 'a.csv'],
  ],
  'bill-run': [['new', 'a'], ['watch', 'a'], ['list']],
};
const rows = Object.keys(commands).map((name) => [name, ways[name] ?? [[]]] as const);

describe('each command', () => {
  it.each(rows)(
    '%s says what it does, with an example, and refuses an option that it does not know',
    async (name, all) => {
      const help = await doneOf(() => runCommandLine([name, '--help']));
      expect(help).toMatchObject({ code: 0, errors: '' });
      expect(help.output).toMatch(new RegExp(`^tmf-balance-server ${name}\\b`));
      expect(help.output).toMatch(/^ +--help +this text$/m);
      expect(help.output).toMatch(
        new RegExp(`^Examples:\\n(  .*tmf-balance-server ${name}\\b.*\\n)+Exit code: 0 `, 'm'),
      );
      for (const way of all) {
        const { code, output, errors } = await doneOf(() => runCommandLine([name, ...way, '--colour']));
        expect([way, code, output]).toEqual([way, 2, '']);
        expect(errors).toMatch(/^[^\n]*'--colour'/);
        expect(errors).toContain(help.output);
      }
    },
  );
});

it('lists all commands, and refuses what is none', async () => {
  const { code, output } = await doneOf(() => runCommandLine(['--help']));
  expect(code).toBe(0);
  for (const name of Object.keys(commands)) expect(output).toMatch(new RegExp(`^  ${name} `, 'm'));
  for (const name of ['dance', 'constructor'])
    expect(await doneOf(() => runCommandLine([name]))).toMatchObject({
      code: 2,
      errors: expect.stringContaining(`'${name}' is no command`),
    });
});

it.each([
  [['bill-run'], 'is none of the commands new, watch, list'],
  [['bill-run', 'new'], 'one argument is needed, not 0'],
  [['bill-run', 'list', '--url', 'nowhere'], "--url 'nowhere' is no http address"],
  [['usage', 'dance'], "'dance' is none of the commands import, export"],
  [['usage', 'export', 'a.txt'], "'txt' is no type of a file"],
  [['usage', 'export', 'a.csv', '--url', 'nowhere'], "--url 'nowhere' is no http address"],
  [['seed', 'poems'], "'poems' is neither demo nor kit"],
  [['ctk', '--api', 'TMF000'], "no collection is called 'TMF000'"],
  [['ctk', '--kit', 'nowhere'], "'nowhere' is not a conformance kit"],
] as const)('wrong use of %j is told', async (args, message) => {
  const { code, errors } = await doneOf(() => runCommandLine([...args]));
  expect([code, errors.split('\n')[0]]).toEqual([2, expect.stringContaining(message)]);
});

// Commands that ask a running server.

let server: TestServer;
/** Another database. */
let other: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  other = await startTestServer();
  await server.startJobs();
  await other.startJobs();
});
afterAll(async () => {
  await server.close();
  await other.close();
});

const at = ({ url }: TestServer, ...args: string[]): Promise<Done> =>
  doneOf(() => runCommandLine([...args, '--url', url]));

describe('bill-run', () => {
  it('runs a cycle to its end, and lists its runs', async () => {
    const cycle = await makeCycle(server);
    await makeRate(server, newAccount());
    const tried = await at(server, 'bill-run', 'new', '--dry-run', cycle.id);
    const figures = '1 accounts, 1 bills, 0 held, 0 failed';
    expect(tried).toEqual({
      code: 0,
      output: `done: ${figures}, only tried\n`,
      errors: expect.stringMatching(/^run \w{26}\n$/),
    });
    const begun = await at(server, 'bill-run', 'new', '--no-wait', cycle.id);
    const id = begun.output.trim();
    expect([begun.code, id]).toEqual([0, expect.stringMatching(/^\w{26}$/)]);
    expect(await at(server, 'bill-run', 'watch', id)).toMatchObject({ code: 0, output: `done: ${figures}\n` });
    const { code, output } = await at(server, 'bill-run', 'list', '--cycle', cycle.id, '--state', 'done');
    expect([code, output.trim().split('\n').slice(1)]).toEqual([
      0,
      [
        expect.stringMatching(new RegExp(`^${id} .* ${cycle.id} +done +${figures}$`)),
        expect.stringMatching(new RegExp(`done +${figures}, only tried$`)),
      ],
    ]);
  });

  it('ends with 1 where an account has no bill, or the server refuses', async () => {
    const cycle = await makeCycle(server);
    const account = newAccount();
    for (const value of [900_000_000_000_000, 0.01])
      await makeRate(server, account, { taxExcludedAmount: { value, unit: 'EUR' } });
    const { code, output } = await at(server, 'bill-run', 'new', cycle.id);
    expect([code, output]).toEqual([1, expect.stringContaining('1 failed\n1 account(s) could not be billed')]);
    expect(output).toContain(`account ${account}: the `);
    expect(await at(server, 'bill-run', 'new', 'nobody')).toEqual({
      code: 1,
      output: '',
      errors: "billCycle 'nobody' does not exist\n",
    });
    expect(await at(server, 'bill-run', 'list', '--state', 'dancing')).toMatchObject({ code: 1 });
  });
});

describe('usage', () => {
  it.each(['ndjson', 'csv.gz'])('exports a file (.%s) that it imports into another database', async (extension) => {
    const folder = await mkdtemp(join(tmpdir(), 'tmf-usage-'));
    try {
      const sent = [1, 2, 3].map((number) => usage(`${extension}-${number}`, { description: extension }));
      await taken(server, { content: linesOf(sent) });
      const file = join(folder, `usages.${extension}`);
      const query = `description=${extension}`;
      const written = { code: 0, output: 'succeeded: 3 lines\n', errors: '' };
      expect(await at(server, 'usage', 'export', '--query', query, file)).toEqual(written);
      expect(await at(server, 'usage', 'export', file)).toMatchObject({
        code: 1,
        errors: `'${file}' is there already\n`,
      });
      const bytes = await readFile(file);
      const text = (extension.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
      expect(text.trim().split('\n')).toHaveLength(extension === 'ndjson' ? 3 : 4);
      expect(await at(other, 'usage', 'import', file)).toMatchObject({
        code: 0,
        output: 'succeeded: 3 lines, 3 accepted, 0 duplicates, 0 rejected\n',
      });
      const namesOf = async (place: TestServer): Promise<string[]> =>
        (await usagesOf(place, `&${query}`)).map(({ externalId }) => externalId as string).sort();
      expect(await namesOf(other)).toEqual(await namesOf(server));
      expect(await namesOf(other)).toHaveLength(3);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('leaves no file behind when the server refuses', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tmf-usage-'));
    const { code, errors } = await at(server, 'usage', 'export', '--query', 'colour=red', join(folder, 'a.csv'));
    expect([code, errors, await readdir(folder)]).toEqual([1, expect.stringContaining('colour'), []]);
    await rm(folder, { recursive: true });
  });
});
