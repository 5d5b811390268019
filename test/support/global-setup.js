import './typescript.js';

/** Runs once before all test files. Plain JavaScript, because jest loads it as CommonJS if it is TypeScript. */
export default async function setUp() {
  if (!`${process.env.NODE_OPTIONS} ${process.execArgv}`.includes('--experimental-vm-modules')) {
    throw new Error('run the tests with npm test: jest needs NODE_OPTIONS=--experimental-vm-modules');
  }
  const { makeTemplate } = await import('./template.ts');
  // Worker processes inherit the environment; nothing else reaches them.
  process.env.TEST_DATABASE_TEMPLATE = await makeTemplate();
}
