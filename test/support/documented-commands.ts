import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Debian keeps the programs of each PostgreSQL, newest first; elsewhere they are in the PATH. */
export async function postgresqlPath(): Promise<string> {
  const folder = '/usr/lib/postgresql';
  const versions = await readdir(folder).catch(() => []);
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(folder, version, 'bin'));
  return [process.env.PG17_BIN, ...folders, process.env.PATH].filter(Boolean).join(':');
}

/** Runs the commands that docs/operations.md has behind `<!-- test: name -->`, as they stand there. */
export async function runDocumented(
  name: string,
  env: NodeJS.ProcessEnv,
  options: { cwd?: string; uid?: number; gid?: number } = {},
): Promise<void> {
  const text = readFileSync('docs/operations.md', 'utf8');
  const [, commands] = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`sh\\n(.*?)\`\`\``, 's').exec(text) ?? [];
  if (commands === undefined) throw new Error(`docs/operations.md has no commands named ${name}`);
  await run('bash', ['-euc', commands], { ...options, env: { PATH: await postgresqlPath(), ...env } });
}
