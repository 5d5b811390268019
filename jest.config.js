/** How TypeScript is read in tests (test/support/typescript-hooks.js). */
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
  '/app/(build|swagger-ui|usage-import)\\.test',
  '/test/(tidy|docs)\\.test',
];

/**
 * Beside those, what runs on the embedded database: all of the platform, and of each area what leans most on its database.
 * Everything else says the same on both, and is proven on PostgreSQL.
 */
const onEmbeddedDatabase = [
  '/test/platform/',
  '/domain/prepay-balance/(awaited|engine\\.property|idempotency|ledger)\\.test',
  '/domain/customer-bill/(bill-run|reversals|tax-included)\\.test',
  '/domain/usage/(aggregate|deduplication|rating)\\.test',
  '/domain/resource-order/lifecycle\\.test',
  '/graphql/(cost|edges|resources)\\.test',
  '/rest-compat/(json-patch-paths|nested-extensions|resources)\\.test',
  '/streaming/(usage-export|usage-import|usage-import-crash)\\.test',
  '/app/(fuzz|process|server-crash|upgrade)\\.test',
];

/** Whether files were named on the command line: then these run, whatever they are. */
const areFilesNamed = process.argv.slice(2).some((argument) => !argument.startsWith('-'));

/** Patterns of paths that do not run. */
function leftOut() {
  if (process.env.TEST_DATABASE_URL) return sameOnBothDatabases;
  if (process.env.EVERY_FILE || areFilesNamed) return [];
  // What is none of these.
  return [`^(?!.*(${[...sameOnBothDatabases, ...onEmbeddedDatabase].join('|')})).*$`];
}

/** Node itself loads what runs, as in production (test/support/jest/runner.js says why): jest transforms nothing. */
export default {
  testEnvironment: '<rootDir>/test/support/jest/environment.js',
  testRunner: '<rootDir>/test/support/jest/runner.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: leftOut(),
  transform: {},
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  // Two databases in WebAssembly at a time; more would starve each other.
  maxWorkers: 2,
  // Modules of test files that are over are never freed.
  workerIdleMemoryLimit: '1GB',
  // A bound of waiting, not an expectation: on a slow machine opening a database and thousands of requests take minutes.
  testTimeout: 180_000,
};
