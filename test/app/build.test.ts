import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const script = resolve('scripts/build.js');
const inputs = [
  'package.json',
  'package-lock.json',
  'prisma.config.ts',
  'prisma/schema/base.prisma',
  'tsconfig.json',
  'tsconfig.build.json',
  'src/app/cli/start.ts',
  'graphql/schema.ts',
  'rest-compat/rest.ts',
];
/** They stand in for the compilers, and note that they ran. */
const tools = {
  'node_modules/prisma/build/index.js': tool('prisma/generated', 'client.ts'),
  'node_modules/typescript/bin/tsc': tool('dist/src/app/cli', 'start.js'),
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tmf-build-'));
  for (const path of inputs) await write(path, '{}');
  for (const [path, text] of Object.entries(tools)) await write(path, text);
});
afterEach(() => rm(root, { recursive: true }));

function tool(folder: string, file: string): string {
  return `const { appendFileSync, mkdirSync } = require('node:fs');
mkdirSync('${folder}', { recursive: true });
appendFileSync('${folder}/${file}', 'made ');
process.exitCode = Number(process.env.TOOL_STATUS ?? 0);`;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function build(env: Record<string, string> = {}, ...options: string[]): Promise<{ failed: boolean; text: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [script, ...options], { cwd: root, env }, (error, stdout, stderr) =>
      done({ failed: error !== null, text: stdout + stderr }),
    );
  });
}

/** How often each compiler has run. */
async function runs(): Promise<{ client: number; dist: number }> {
  const count = async (path: string): Promise<number> =>
    (await readFile(join(root, path), 'utf8').catch(() => '')).split('made').length - 1;
  return { client: await count('prisma/generated/client.ts'), dist: await count('dist/src/app/cli/start.js') };
}

/** Every file with the time it was last written. */
async function writtenAt(): Promise<Record<string, number>> {
  const files = await readdir(root, { recursive: true });
  const times = await Promise.all(files.map(async (file) => [file, (await stat(join(root, file))).mtimeMs] as const));
  return Object.fromEntries(times);
}

describe('npm run build', () => {
  it('writes nothing when nothing changed', async () => {
    await build();
    expect(await runs()).toEqual({ client: 1, dist: 1 });
    const before = await writtenAt();
    expect(await build()).toEqual({ failed: false, text: 'dist/ is up to date\n' });
    expect(await writtenAt()).toEqual(before);
  });

  it('compiles when a source changed, came or went, and generates only when the schema did', async () => {
    await build();
    await write('src/app/cli/start.ts', 'changed');
    await build();
    expect(await runs()).toEqual({ client: 1, dist: 2 });
    await write('graphql/more.ts', '');
    await build();
    expect(await runs()).toEqual({ client: 1, dist: 3 });
    await rm(join(root, 'graphql/more.ts'));
    await build();
    expect(await runs()).toEqual({ client: 1, dist: 4 });
    await write('prisma/schema/base.prisma', 'changed');
    await build();
    expect(await runs()).toEqual({ client: 2, dist: 5 });
    await write('package-lock.json', 'changed');
    await build();
    expect(await runs()).toEqual({ client: 3, dist: 6 });
  });

  it('copies what browsers take as it is, and deletes what has gone', async () => {
    const [kept, gone] = ['src/app/pages/browser/page.js', 'src/app/pages/browser/old.css'] as const;
    await write(kept, 'first');
    await write(gone, '');
    await build();
    expect(await readFile(join(root, 'dist', gone), 'utf8')).toBe('');
    await write(kept, 'second');
    await rm(join(root, gone));
    await build();
    expect(await readFile(join(root, 'dist', kept), 'utf8')).toBe('second');
    expect(await readdir(join(root, 'dist/src/app/pages/browser'))).toEqual(['page.js']);
  });

  it('deletes what it compiled of sources that have moved or gone', async () => {
    const gone = ['dist/src/app/start.js', 'dist/src/app/start.js.map', 'dist/graphql/old/shape.js'];
    const kept = [
      'dist/src/app/cli/start.js',
      'dist/graphql/schema.js',
      'dist/graphql/schema.js.map',
      'dist/.tsbuildinfo',
    ];
    for (const path of [...gone, ...kept]) await write(path, '');
    await build();
    const files = (await readdir(join(root, 'dist'), { recursive: true })).map((path) => join('dist', path));
    expect(files).toEqual(expect.arrayContaining(kept));
    for (const path of gone) expect(files).not.toContain(path);
  });

  it('does not take what a failed compilation left for built', async () => {
    await build();
    await write('src/app/cli/start.ts', 'changed');
    expect((await build({ TOOL_STATUS: '2' })).failed).toBe(true);
    await write('src/app/cli/start.ts', '{}');
    expect((await build()).failed).toBe(false);
    expect(await runs()).toEqual({ client: 1, dist: 3 });
  });

  it('needs no compiler where dist/ is what the sources give, or comes without them', async () => {
    await build();
    await rm(join(root, 'node_modules'), { recursive: true });
    await rm(join(root, 'prisma/generated'), { recursive: true });
    expect(await build()).toEqual({ failed: false, text: 'dist/ is up to date\n' });
    for (const folder of ['src', 'graphql', 'rest-compat', 'prisma'])
      await rm(join(root, folder), { recursive: true, force: true });
    expect(await build()).toEqual({ failed: false, text: 'dist/ is up to date\n' });
  });

  it('does not start what the sources do not give', async () => {
    await build();
    await rm(join(root, 'node_modules'), { recursive: true });
    await write('src/app/cli/start.ts', 'changed');
    const { failed, text } = await build();
    expect(failed).toBe(true);
    expect(text).toContain('typescript is not installed: run npm ci, without --omit=dev');
  });

  it('generates the client alone when told so', async () => {
    await build({}, 'client');
    expect(await runs()).toEqual({ client: 1, dist: 0 });
    expect(await build({}, 'client')).toEqual({ failed: false, text: 'the Prisma client is up to date\n' });
  });

  it('says whether what it built is of the sources that are there, and builds nothing, when told so', async () => {
    expect(await build({}, 'check')).toEqual({ failed: true, text: '' });
    await build();
    expect(await build({}, 'check')).toEqual({ failed: false, text: '' });
    await write('src/app/cli/start.ts', 'changed');
    expect(await build({}, 'check')).toEqual({ failed: true, text: '' });
    expect(await runs()).toEqual({ client: 1, dist: 1 });
  });
});
