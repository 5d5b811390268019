import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';

jest.setTimeout(600_000);

const run = promisify(execFile);
const isLong = Boolean(process.env.TEST_LONG);

/** A folder where the package is installed: in a long run by npm from the registry, else beside the packages that are here. */
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tmf-package-'));
  await run('npm', ['pack', '--pack-destination', folder], { maxBuffer: 100_000_000 });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  if (isLong) {
    await run('npm', ['install', '--omit=dev', '--omit=optional', '--no-audit', '--no-fund', `./${tarball}`], {
      cwd: folder,
      maxBuffer: 100_000_000,
    });
    return;
  }
  await mkdir(join(folder, 'node_modules'));
  await run('tar', ['-xzf', tarball], { cwd: folder });
  await symlink(resolve('node_modules'), join(folder, 'package/node_modules'));
  await symlink(join(folder, 'package'), join(folder, 'node_modules/tmf-balance-server'));
});
afterAll(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await rm(folder, { recursive: true });
});

const program = (): string => join(folder, 'node_modules/tmf-balance-server/dist/src/app/cli/main.js');

interface Done {
  code: number;
  output: string;
  errors: string;
}

function command(args: readonly string[], env: Record<string, string> = {}): Promise<Done> {
  return new Promise((done) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } };
    execFile(process.execPath, [program(), ...args], options, (error, output, errors) =>
      done({ code: error === null ? 0 : Number(error.code), output, errors }),
    );
  });
}

describe('the package', () => {
  it('says what it can do, and refuses what it cannot', async () => {
    expect((await command(['--help'])).output).toMatch(/^  serve +the production server/m);
    expect((await command(['--version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await command(['dance'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining("'dance' is no command"),
    });
    expect(await command(['serve', '--port', '1'])).toMatchObject({ code: 2 });
    expect(await command(['ctk', '--help'])).toMatchObject({ code: 0 });
  });

  if (isLong)
    it('runs the conformance collections with a newman that npm fetches', async () => {
      expect(await command(['ctk', '--api', 'TMF635'])).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^\d+ passed, 0 failed$/m),
      });
    });

  it('migrates and seeds a database, and its sandbox serves it, without a build', async () => {
    const env = { DATA_DIR: join(folder, 'data'), SEED: 'none', PORT: '0', LOG_LEVEL: 'warn' };
    expect(await command(['migrate', '--check'], env)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^missing 2/),
    });
    expect(await command(['seed', 'kit'], env)).toMatchObject({ code: 0, output: 'the kit data are there\n' });
    expect(await command(['migrate', '--check'], env)).toEqual({ code: 0, output: '', errors: '' });
    const child = spawn(process.execPath, [program()], { cwd: folder, env: { PATH: process.env.PATH, ...env } });
    children.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const origin = await eventually('it serves', () => /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]);
    const buckets = (await (await fetch(`${origin}/tmf-api/prepayBalanceManagement/v4/bucket`)).json()) as {
      id: string;
    }[];
    expect(buckets.map(({ id }) => id)).toContain('11');
    expect((await fetch(origin, { headers: { accept: 'text/html' } })).status).toBe(200);
  });
});
