import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The commit that was released last (CONTRIBUTING.md). */
export const releasedCommit = (JSON.parse(readFileSync('contract/released.json', 'utf8')) as { commit: string }).commit;

/**
 * The sources of the last release in a folder of their own, ready to be started by Program. It lies below node_modules, so that
 * they run with the packages of this checkout, and is kept, so that a second run is spared the making.
 */
export async function releasedFolder(): Promise<string> {
  const cache = resolve('node_modules', '.cache');
  const folder = join(cache, `released-${releasedCommit}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'releasing-'));
  const archive = join(making, 'archive.tar');
  const parts = ['package.json', 'tsconfig.json', 'prisma', 'prisma.config.ts', 'scripts', 'src', 'graphql'];
  const more = ['rest-compat', 'package-lock.json'];
  await run('git', ['archive', `--output=${archive}`, releasedCommit, '--', ...parts, ...more]);
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${making}`]);
  await rm(archive);
  await run(process.execPath, ['scripts/build.js', 'client'], { cwd: making });
  // Another run may have been faster.
  await rename(making, folder).catch(() => rm(making, { recursive: true }));
  return folder;
}
