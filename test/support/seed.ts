/** What the random histories of a test file begin with; the global set-up chooses and prints it. */
export const seed = Number(process.env.TEST_SEED);
