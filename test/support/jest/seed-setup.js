/** Runs before all test files: what random histories begin with is another seed each time, or TEST_SEED to see one again. */
export default function setUp() {
  if (process.env.TEST_SEED) return;
  // Worker processes inherit the environment; nothing else reaches them.
  process.env.TEST_SEED = String(Date.now() % 1_000_000_000);
  console.info(`TEST_SEED=${process.env.TEST_SEED}`);
}
