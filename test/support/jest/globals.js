/** What test files import as @jest/globals: that of the file that runs. */
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } =
  globalThis[Symbol.for('globals of the test file')];
