/** What the random histories of a test file begin with: another one each time, or TEST_SEED to see one again. */
export const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_000);

console.info(`TEST_SEED=${seed}`);
