import { spawnSync } from 'node:child_process';
import '../typescript.js';
import chooseSeed from './seed-setup.js';

/** Runs before all test files that want a database. Plain JavaScript, because jest loads it as CommonJS if it is TypeScript. */
export default async function setUp() {
  chooseSeed();
  // test/support/programs.ts
  if (spawnSync(process.execPath, ['scripts/build.js', 'check']).status === 0) process.env.TEST_COMPILED = '1';
  const { makeTemplate } = await import('../template.ts');
  process.env.TEST_DATABASE_TEMPLATE = await makeTemplate();
}
