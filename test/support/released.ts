import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The commit that was released last (CONTRIBUTING.md). */
export const releasedCommit = (JSON.parse(readFileSync('contract/released.json', 'utf8')) as { commit: string }).commit;

/**
 * The sources of the last release in a folder of their own, ready to be started by Program. They run with the packages that are
 * installed here. Kept in the folder for temporary files, so that a second run is spared the making.
 */
export async function releasedFolder(): Promise<string> {
  const folder = join(tmpdir(), `tmf-released-${releasedCommit}`);
  if (existsSync(folder)) return folder;
  const making = await mkdtemp(join(tmpdir(), 'tmf-released-'));
  const archive = join(making, 'archive.tar');
  const parts = ['package.json', 'tsconfig.json', 'prisma', 'prisma.config.ts', 'scripts', 'src', 'graphql'];
  const more = ['rest-compat', 'package-lock.json'];
  await run('git', ['archive', `--output=${archive}`, releasedCommit, '--', ...parts, ...more]);
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${making}`]);
  await rm(archive);
  await symlink(join(process.cwd(), 'node_modules'), join(making, 'node_modules'));
  await run(process.execPath, ['scripts/build.js', 'client'], { cwd: making });
  // Another run may have been faster.
  await rename(making, folder).catch(() => rm(making, { recursive: true }));
  return folder;
}
