import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Where a package lies that a page takes files of: what its exports offer is for programs. */
export function folderOf(packageName: string): string {
  const places = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  const folder = places.map((place) => join(place, packageName)).find(existsSync);
  if (folder === undefined) throw new Error(`cannot find the package ${packageName}: run npm ci`);
  return folder;
}

/** Where the files of our own pages lie, beside the sources and in dist/. */
export const browserFolder = join(here, 'browser');

/** The version of this server, of its package.json, for the sources and for dist/, which has no copy of it. */
export function versionOfServer(): string {
  let folder = here;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
