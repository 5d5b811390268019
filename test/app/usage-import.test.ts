import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { WrongUse } from '../../src/app/cli/administration/command.js';
import { readArguments } from '../../src/app/cli/usage/import-arguments.js';
import { linesOf, usage, usagePath, type Json } from '../streaming/imports.js';
import { createMigratedStorage, killAll, Program, startMaxMs, type Storage } from './program.js';
import { eventually } from '../support/eventually.js';
import { programArguments } from '../support/programs.js';

// A test starts up to seven commands.
jest.setTimeout(9 * startMaxMs);

/** Lines of an import that is interrupted: many more than are there when that is seen. */
const longLines = 15_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tmf-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

let storage: Storage;
let program: Program;
let url: string;
const commands: ChildProcess[] = [];
beforeAll(async () => {
  storage = await createMigratedStorage();
  program = new Program('start', { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn' });
  url = await program.origin();
});
afterEach(() => {
  for (const command of commands.splice(0)) command.kill('SIGKILL');
});
afterAll(async () => {
  await killAll();
  await storage.remove();
});

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

interface Command {
  child: ChildProcess;
  ended: Promise<{ code: number | null; output: string; errors: string }>;
  errors(): string;
}

/** `tmf-balance-server usage import`. */
function start(...args: string[]): Command {
  const child = spawn(process.execPath, [...programArguments('main'), 'usage', 'import', ...args], {
    stdio: 'pipe',
    env: { PATH: process.env.PATH },
  });
  commands.push(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return { child, errors: () => errors, ended: once(child, 'close').then(([code]) => ({ code, output, errors })) };
}

const countOf = async (): Promise<number> => {
  const { headers } = await fetch(`${url}${usagePath}/usage?limit=1`, { headers: { prefer: 'count=exact' } });
  return Number(headers.get('x-total-count'));
};
const usages = (count: number): Json[] => Array.from({ length: count }, (_, index) => usage(`command-${index}`));
/** Without names, so that only where an import goes on keeps its lines from being taken twice. */
const longFile = (name: string): Promise<string> =>
  written(
    name,
    linesOf(Array.from({ length: longLines }, (_, index) => usage(undefined, { description: String(index) }))),
  );
/** The latest import of a server that has taken some lines of it. */
const begunImport = (): Promise<Json> =>
  eventually('some lines are there', async () => {
    const answer = await fetch(`${url}${usagePath}/importJob?status=running&lines.gte=2000`);
    return ((await answer.json()) as Json[])[0];
  });
const allTaken = `succeeded: ${longLines.toLocaleString('en')} lines, ${longLines.toLocaleString('en')} accepted, 0 duplicates, 0 rejected\n`;

it('sends files of every kind and says what became of them', async () => {
  const before = await countOf();
  const lines = linesOf(usages(100));
  const table = `usageSpecification.id,usageDate,source,externalId\n${usages(100)
    .map(({ externalId }) => `spec-data,2026-03-01T08:00:00Z,switch-1,${externalId}`)
    .join('\n')}\n`;
  const files = [
    await written('a.ndjson', lines),
    await written('a.jsonl', lines),
    await written('a.csv', table),
    await written('a.NDJSON.gz', gzipSync(lines)),
    await written('a.csv.gz', gzipSync(table)),
  ];
  for (const [index, path] of files.entries()) {
    const { code, output, errors } = await start(
      '--url',
      url,
      '--mode',
      index % 2 === 0 ? 'skipBad' : 'allOrNothing',
      path,
    ).ended;
    expect([path, code, output, errors]).toEqual([
      path,
      0,
      `succeeded: 100 lines, ${index === 0 ? '100 accepted, 0 duplicates' : '0 accepted, 100 duplicates'}, 0 rejected\n`,
      expect.stringMatching(/^import \w{26}\n/),
    ]);
  }
  const piped = start('--url', url, '-');
  piped.child.stdin?.end(linesOf([usage('piped')]));
  expect(await piped.ended).toMatchObject({
    code: 0,
    output: 'succeeded: 1 lines, 1 accepted, 0 duplicates, 0 rejected\n',
  });
  expect(await countOf()).toBe(before + 101);
});

it('ends with 1 when lines were refused, and prints the first of them', async () => {
  const path = await written('bad.ndjson', `${linesOf([usage('good')])}bad\n{}\n`);
  const some = await start('--url', `${url}/`, path).ended;
  expect([some.code, some.output.split('\n')]).toEqual([
    1,
    [
      'succeeded: 3 lines, 1 accepted, 0 duplicates, 2 rejected',
      expect.stringMatching(/^line 2: INVALID_BODY: /),
      expect.stringMatching(/^line 3: MISSING_ATTRIBUTE: /),
      expect.stringMatching(/^all of them: http.*errorLog$/),
      '',
    ],
  ]);
  const none = await start('--url', url, '--mode', 'allOrNothing', path).ended;
  expect([none.code, none.output]).toEqual([
    1,
    expect.stringContaining('2 of 3 lines were refused, so none was taken'),
  ]);
  const whole = await start('--url', url, await written('bad.csv', 'colour\nred\n')).ended;
  expect([whole.code, whole.errors]).toEqual([1, expect.stringContaining("line 1: the header has column 'colour'")]);
});

it('ends with 2 when it is used wrongly, and shows its help', async () => {
  const path = await written('some.ndjson', linesOf([usage()]));
  const wrong: [string[], string][] = [
    [[], 'one argument is needed, not 0'],
    [[path, path], 'one argument is needed, not 2'],
    [['--colour', path], "'--colour'"],
    [['no-such.ndjson'], "'no-such.ndjson' cannot be read"],
    [[folder, '--type', 'csv'], `'${folder}' is a folder`],
    [[await written('some.txt', '')], "'txt' is no type"],
    [['--type', 'xml', path], "'xml' is no type"],
    [['--resume', 'a/b', path], "--resume 'a/b'"],
    [['--resume', 'a', '--mode', 'skipBad', path], '--mode is that of the import'],
  ];
  for (const [args, message] of wrong) {
    const read = (): unknown => readArguments(args);
    expect(read).toThrow(WrongUse);
    expect(read).toThrow(message);
  }
  const ended = await Promise.all(
    [['--colour', path], ['--help'], ['--url', url, '--mode', 'maybe', path]].map((args) => start(...args).ended),
  );
  expect(ended).toMatchObject([
    { code: 2, errors: expect.stringMatching(/'--colour'[^]*--mode <mode>/) },
    { code: 0, output: expect.stringContaining('Exit code') },
    { code: 1 },
  ]);
});

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'goes on by itself when the server ends by %s and comes back',
  async (signal) => {
    const before = await countOf();
    const port = new URL(url).port;
    const command = start('--url', url, await longFile('long.ndjson'));
    const { id } = await begunImport();
    program.signal(signal);
    await program.exitCode();
    program = new Program('start', { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn', PORT: port });
    await program.origin();
    expect(await command.ended).toMatchObject({ code: 0, output: allTaken });
    expect([await countOf(), command.errors()]).toEqual([before + longLines, expect.stringContaining(`import ${id}`)]);
    expect(command.errors()).toContain('trying again');
  },
);

it('goes on with an import when it was stopped itself, and nothing is doubled', async () => {
  const before = await countOf();
  const path = await longFile('stopped.ndjson');
  const stopped = start('--url', url, path);
  const { id } = await begunImport();
  stopped.child.kill('SIGKILL');
  await stopped.ended;
  expect(stopped.errors()).toContain(`import ${id}`);
  const all = { code: 0, output: allTaken };
  expect(await start('--url', url, '--resume', id, path).ended).toMatchObject(all);
  // And once more, now that it is over.
  expect(await start('--url', url, '--resume', id, path).ended).toMatchObject(all);
  expect(await countOf()).toBe(before + longLines);
  const { code, errors } = await start('--url', url, '--resume', 'nobody', path).ended;
  expect([code, errors]).toEqual([1, expect.stringContaining("'nobody'")]);
});
