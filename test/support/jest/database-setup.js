import '../typescript.js';
import chooseSeed from './seed-setup.js';

/** Runs before all test files that want a database. Plain JavaScript, because jest loads it as CommonJS if it is TypeScript. */
export default async function setUp() {
  chooseSeed();
  const { makeTemplate } = await import('../template.ts');
  process.env.TEST_DATABASE_TEMPLATE = await makeTemplate();
}
