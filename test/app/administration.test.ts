import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runKey } from '../../src/app/cli/administration/key.js';
import { runTenant } from '../../src/app/cli/administration/tenant.js';
import { doneOf, type Done } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { openEmptyDatabase } from '../support/database.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { programArguments } from '../support/programs.js';
import { basePath, killAll, Program, startMaxMs } from './program.js';

// A test starts up to four commands and a server.
jest.setTimeout(10 * startMaxMs);

/** `npm run tenant` or `npm run key`, without npm. */
async function start(env: Record<string, string>, command: 'tenant' | 'key', ...args: string[]): Promise<Done> {
  const child = spawn(process.execPath, [...programArguments(command), ...args], {
    stdio: 'pipe',
    env: { PATH: process.env.PATH, ...env },
    timeout: startMaxMs,
    killSignal: 'SIGKILL',
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode ?? undefined, output, errors };
}

/** The same in this process, which needs no start. */
const run = (env: Record<string, string>, command: 'tenant' | 'key', ...args: string[]): Promise<Done> =>
  doneOf(() => (command === 'tenant' ? runTenant : runKey)(args, env));

const statusOf = async (url: string, key: string): Promise<number> =>
  (await fetch(`${url}${basePath}/bucket`, { headers: { 'x-api-key': key } })).status;

describe('wrong use', () => {
  it.each([
    ['tenant', [], "'' is none of the commands new, list, suspend, resume, rename"],
    ['tenant', ['new', 'acme'], '--name is needed'],
    ['tenant', ['new', '--name', 'Acme'], 'one argument is needed, not 0'],
    ['tenant', ['rename', 'acme'], 'two arguments are needed, not 1'],
    ['key', ['new', '--name', 'a', '--expires', 'soon'], "--expires 'soon' is no time"],
    ['key', ['new', '--nme', 'a'], "Unknown option '--nme'"],
    ['key', ['constructor'], 'is none of the commands'],
  ] as const)('of %s %j is told, with help', async (command, args, message) => {
    const { code, output, errors } = await run({}, command, ...args);
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(message);
    expect(errors).toContain(`tmf-balance-server ${command} <command>`);
  });
});

describe('a folder of data', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tmf-administration-'));
  });
  afterEach(killAll);
  afterAll(() => rm(folder, { recursive: true }));

  it('gets its first tenant and key before its first server, and no other while that runs', async () => {
    const env = { DATA_DIR: folder };
    expect(await start(env, 'tenant', 'new', 'acme', '--name', 'Acme')).toEqual({
      code: 0,
      output: 'acme is active\n',
      errors: '',
    });
    const made = await run(env, 'key', 'new', '--tenant', 'acme', '--name', 'first', '--role', 'admin');
    expect(made.output).toMatch(/^tmf_\w{57}\n$/);
    const server = new Program('start', { ...env, SEED: 'none', AUTH: 'required' });
    const origin = await server.origin();
    expect(await statusOf(origin, made.output.trim())).toBe(200);
    expect(await statusOf(origin, 'tmf_1')).toBe(401);
    const late = await run(env, 'tenant', 'list');
    expect([late.code, late.output]).toEqual([1, '']);
    expect(late.errors).toMatch(/^[^\n]+\n$/);
    await server.stop();
    expect((await run(env, 'key', 'list', '--tenant', 'acme')).output).toMatch(/\d{4}-[^ ]+ +admin +first\n$/);
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('a database that a server runs on', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer({ AUTH: 'required' });
    });
    afterAll(() => server.close());

    it('has tenants and keys that are made, shown, suspended and revoked', async () => {
      const env = { DATABASE_URL: String(server.database.url) };
      const settings = ['--time-zone', 'Asia/Tokyo', '--bill-issuer', 'Edo Mobile', '--bill-number-prefix', 'EDO'];
      expect(await run(env, 'tenant', 'new', 'edo', '--name', 'Edo', ...settings)).toMatchObject({ code: 0 });
      const again = await run(env, 'tenant', 'new', 'edo', '--name', 'Edo');
      expect([again.code, again.errors]).toEqual([1, "tenant 'edo' exists already\n"]);
      const { id: tenantId } = await server.database.client.tenant.findFirstOrThrow({ where: { handle: 'edo' } });
      expect(tenantId).not.toBe('edo');
      const lines = (await run(env, 'tenant', 'list')).output.trimEnd().split('\n');
      expect(lines.map((line) => line.split(/  +/))).toEqual([
        ['handle', 'before', 'state', 'since', 'id', 'name'],
        ['default', '-', 'active', expect.anything(), 'default', 'The operator'],
        ['edo', '-', 'active', expect.anything(), tenantId, 'Edo'],
      ]);

      const lists = [
        '--role',
        'agent',
        '--role',
        'reader',
        '--party',
        'p',
        '--account',
        'a',
        '--logical-resource',
        '1',
      ];
      const made = await run(env, 'key', 'new', '--tenant', 'edo', '--name', 'CRM', ...lists);
      const key = made.output.trim();
      const id = /^key (\w+) of tenant edo; it is not told again:\n$/.exec(made.errors)?.[1] ?? '';
      const row = await server.database.client.apiKey.findFirst({ where: { tenantId, id } });
      expect(row).toMatchObject({
        roles: ['agent', 'reader'],
        parties: ['p'],
        accounts: ['a'],
        logicalResources: ['1'],
        createdBy: 'command line',
      });
      expect((await run(env, 'key', 'new', '--tenant', 'nowhere', '--name', 'x')).errors).toBe(
        "tenant 'nowhere' does not exist\n",
      );

      const turns = (status: number): Promise<unknown> =>
        eventually(
          `the key is answered with ${status}`,
          async () => (await statusOf(server.url, key)) === status || undefined,
        );
      await turns(200);
      expect((await run(env, 'tenant', 'suspend', 'edo')).output).toBe('edo is suspended\n');
      await turns(401);
      expect((await run(env, 'tenant', 'resume', 'edo')).output).toBe('edo is active\n');
      await turns(200);
      expect((await run(env, 'tenant', 'rename', 'edo', 'tokio')).output).toBe(
        'edo is tokio, and edo is let in as well\n',
      );
      expect((await run(env, 'tenant', 'rename', 'edo', 'tokyo', '--release')).output).toBe('edo is tokyo\n');
      expect(await run(env, 'tenant', 'rename', 'edo', 'kyoto')).toMatchObject({
        code: 1,
        errors: "tenant 'edo' does not exist\n",
      });
      expect(await run(env, 'tenant', 'rename', 'tokyo', 'default')).toMatchObject({
        code: 1,
        errors: "tenant 'default' exists already\n",
      });
      await turns(200);
      expect((await run(env, 'key', 'list', '--tenant', 'tokyo')).output).toContain('CRM');
      expect((await run(env, 'key', 'list', '--tenant', 'edo')).code).toBe(1);
      expect((await run(env, 'key', 'revoke', id)).code).toBe(1);
      expect((await run(env, 'key', 'revoke', id, '--tenant', 'tokyo')).output).toBe(`key ${id} is revoked\n`);
      await turns(401);
    });

    it('tells when no server has been there yet', async () => {
      const empty = await openEmptyDatabase();
      try {
        const { code, errors } = await run({ DATABASE_URL: String(empty.url) }, 'tenant', 'list');
        expect([code, errors]).toEqual([
          1,
          'the database has no tenants yet: start a server of this version on it first\n',
        ]);
      } finally {
        await empty.close();
      }
    });
  });
}
