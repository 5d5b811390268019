import './typescript.js';

/** Runs once before all test files. Plain JavaScript, because jest loads it as CommonJS if it is TypeScript. */
export default async function setUp() {
  const { makeTemplate } = await import('./template.ts');
  // What random histories begin with: another one each time, or TEST_SEED to see one again.
  process.env.TEST_SEED ??= String(Date.now() % 1_000_000_000);
  console.info(`TEST_SEED=${process.env.TEST_SEED}`);
  // Worker processes inherit the environment; nothing else reaches them.
  process.env.TEST_DATABASE_TEMPLATE = await makeTemplate();
}
