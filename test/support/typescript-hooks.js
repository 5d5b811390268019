import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { swcOptions } from '../../jest.config.js';

const tests = new URL('../', import.meta.url).href;
const globals = new URL('./jest/globals.js', import.meta.url).href;

/**
 * TypeScript names the file that tsc will make of it: x.js is x.ts where only that exists.
 * A module of test/ is loaded once for each test file; which, its address tells and hands on to what it imports.
 */
export async function resolve(specifier, context, next) {
  const file = context.parentURL?.match(/\?file=\d+$/)?.[0] ?? '';
  if (specifier === '@jest/globals') return { url: globals + file, shortCircuit: true };
  if (specifier.startsWith('.') && specifier.endsWith('.js') && /\.ts(\?|$)/.test(context.parentURL ?? '')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(fileURLToPath(url))) {
      return next(url.href.startsWith(tests) ? url.href + file : url.href, context);
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  const [address] = url.split('?');
  if (!address.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(address);
  return { format: 'module', source: await compiled(filename, await readFile(filename, 'utf8')), shortCircuit: true };
}

/**
 * What is compiled already, a file for each source: the tests start a hundred processes, each of which reads all of the server.
 * It begins with the hash of what it was made of.
 */
const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/tests-compiled/', import.meta.url));
const compiler = readFileSync(createRequire(import.meta.url).resolve('@swc/core/package.json'), 'utf8');
const hash = (...texts) => createHash('sha256').update(texts.join('\0')).digest('hex');

async function compiled(filename, source) {
  const stamp = hash(compiler, JSON.stringify(swcOptions), filename, source);
  const file = join(cacheFolder, `${hash(filename)}.js`);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.startsWith(stamp)) return known.slice(stamp.length);
  const { transform } = await import('@swc/core');
  const { code } = await transform(source, {
    ...swcOptions,
    filename,
    sourceMaps: 'inline',
    configFile: false,
    swcrc: false,
  });
  await keep(file, stamp + code);
  return code;
}

/** Complete under its name at once: other processes read it. Where nothing can be written it is compiled each time. */
async function keep(file, text) {
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(cacheFolder, { recursive: true });
    await writeFile(draft, text);
    await rename(draft, file);
  } catch {
    // Without it the next process takes longer, no more.
  }
}
