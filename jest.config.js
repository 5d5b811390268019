/** How TypeScript is read in tests; test/support/typescript-hooks.js reads it the same way outside jest. */
export const swcOptions = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    // As in tsconfig.json: metadata would make cyclic classes fail on import.
    transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
};

/** They look at no database, or only at what no database has a part in: another run of them would tell nothing new. */
const sameOnBothDatabases = [
  '/platform/(calendar|config)\\.test',
  '/platform/database/(directory-lock|embedded|migrate-new|statement-names)\\.test',
  '/platform/filter/(json-path|query-string)\\.test',
  '/domain/prepay-balance/rules\\.property\\.test',
  '/domain/resource-order/order-state\\.test',
  '/rest-compat/(cors|swagger-attributes)\\.test',
  '/streaming/content\\.test',
  '/app/(swagger-ui|usage-import)\\.test',
  '/test/tidy\\.test',
];

/** Run with NODE_OPTIONS=--experimental-vm-modules: everything is an ES module, as in production. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: process.env.TEST_DATABASE_URL ? sameOnBothDatabases : [],
  extensionsToTreatAsEsm: ['.ts'],
  // TypeScript names the file that tsc will make of it.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '\\.ts$': ['@swc/jest', swcOptions] },
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  // Two databases in WebAssembly at a time; more would starve each other.
  maxWorkers: 2,
  // ES modules of test files that are over are never freed: a worker that has grown runs several times slower than a new one.
  workerIdleMemoryLimit: '600MB',
  // A bound of waiting, not an expectation: on a slow machine opening a database and thousands of requests take minutes.
  testTimeout: 180_000,
};
