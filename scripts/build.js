import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Builds what is out of date, and nothing else: `node scripts/build.js` gives dist/, `node scripts/build.js client` only
 * the Prisma client; `node scripts/build.js check` builds nothing and fails where dist/ is out of date. Each output carries
 * a stamp, the hash of all that it is made of; what has the right stamp is left alone, so `npm start` costs no compilation
 * when nothing changed, and writes nothing. What was compiled of a source that has moved or gone is deleted.
 *
 * An installation without the tools (`npm ci --omit=dev`) uses the dist/ it was given; when sources lie beside it that it
 * was not made of, the build fails rather than start something else than what is there to read.
 *
 * Paths are relative to the working directory, which npm makes the folder of package.json.
 */
const schema = ['prisma/schema', 'prisma.config.ts', 'package-lock.json'];
/** Files of pages, which browsers take as they are: copied, not compiled. */
const copied = 'src/app/pages/browser';
const sources = ['src', 'graphql', 'rest-compat', 'tsconfig.json', 'tsconfig.build.json', ...schema];

const client = {
  name: 'the Prisma client',
  output: 'prisma/generated',
  inputs: schema,
  tool: 'prisma',
  // Neither a check for newer versions nor a download of an engine that generating does not need.
  env: { CHECKPOINT_DISABLE: '1', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  command: ['prisma/build/index.js', 'generate'],
};
const dist = {
  name: 'dist/',
  output: 'dist',
  inputs: sources,
  tool: 'typescript',
  env: {},
  command: ['typescript/bin/tsc', '--project', 'tsconfig.build.json'],
};

/** @typedef {typeof client | typeof dist} Target */

const isClientOnly = process.argv[2] === 'client';
if (process.argv[2] === 'check') process.exit(staleStamp(dist) === undefined ? 0 : 1);
const distStamp = isClientOnly ? undefined : staleStamp(dist);
// Compiling takes the client; what is compiled already has it within.
if (isClientOnly || distStamp !== undefined) bringUpToDate(client, staleStamp(client));
if (!isClientOnly) bringUpToDate(dist, distStamp);

/**
 * @param {Target} target
 * @param {string | undefined} stamp the one it is to have, when it has to be made anew
 */
function bringUpToDate(target, stamp) {
  if (stamp === undefined) {
    console.log(`${target.name} is up to date`);
    return;
  }
  rmSync(stampOf(target), { force: true });
  const [script = '', ...options] = target.command;
  const { status, error } = spawnSync(process.execPath, [moduleOf(target, script), ...options], {
    env: { ...process.env, ...target.env },
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  if (target === dist) {
    if (existsSync(copied)) cpSync(copied, join(dist.output, copied), { recursive: true });
    removeOrphans();
  }
  writeFileSync(stampOf(target), stamp);
}

/** The compiler leaves what it once made: a file without its source would still start, as it was then. */
function removeOrphans() {
  const compiled = /\.js(\.map)?$/;
  for (const file of filesOf(dist.output)) {
    const path = file.slice(dist.output.length + 1);
    const isCopied = path.startsWith(`${copied}/`);
    if (!isCopied && !compiled.test(path)) continue;
    if (!existsSync(isCopied ? path : path.replace(compiled, '.ts'))) rmSync(file);
  }
}

/**
 * The stamp that the output lacks; undefined when it was made of exactly what is there now, or there is nothing to make it of.
 * @param {Target} target
 */
function staleStamp(target) {
  const known = existsSync(stampOf(target)) ? readFileSync(stampOf(target), 'utf8') : undefined;
  if (known !== undefined && !existsSync('src')) return undefined;
  const stamp = hashOf(target);
  return stamp === known ? undefined : stamp;
}

/** @param {Target} target */
function hashOf({ inputs }) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesOf(input)) {
      const content = readFileSync(file);
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

/**
 * The file itself, or all files of the folder; none when there is neither.
 * @param {string} path
 * @returns {string[]}
 */
function filesOf(path) {
  /** @type {import('node:fs').Dirent[]} */
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return existsSync(path) ? [path] : [];
  }
  return entries
    .map((entry) => `${path}/${entry.name}`)
    .sort()
    .flatMap(filesOf);
}

/** @param {Target} target */
function stampOf({ output }) {
  return join(output, '.stamp');
}

/**
 * @param {Target} target
 * @param {string} script
 */
function moduleOf({ name, tool }, script) {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve(script);
  } catch {
    console.error(
      `${name} is missing or older than its sources, and ${tool} is not installed: run npm ci, without --omit=dev`,
    );
    process.exit(1);
  }
}
