/**
 * `npm run contract`: writes schema.graphql, openapi/*.json and the tables of the documents that follow from the code.
 * `npm run contract -- --release` also keeps the contract under contract/<version of package.json>/, which changes are
 * compared with from then on, and removes that of the release before.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { contractFiles } from './contract.js';
import { documentTables, withTable } from './tables.js';

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const files = await contractFiles();
for (const [path, text] of files) await write(path, text);
for (const table of documentTables()) await write(table.path, withTable(await readFile(table.path, 'utf8'), table));

if (argv.includes('--release')) {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  await rm('contract', { recursive: true, force: true });
  for (const [path, text] of files) {
    await write(join('contract', version, path), path.endsWith('.json') ? JSON.stringify(JSON.parse(text)) : text);
  }
  console.log(`this is the contract of ${version} now`);
}
