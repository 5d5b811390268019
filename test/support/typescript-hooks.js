import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
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
  const source = await readFile(filename, 'utf8');
  const { code } = await transform(source, {
    ...swcOptions,
    filename,
    sourceMaps: 'inline',
    configFile: false,
    swcrc: false,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
