import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

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

/**
 * Which tests run when (test/README.md):
 * unit needs no database and runs always; server runs whole on PostgreSQL (TEST_DATABASE_URL), and in part on the
 * embedded database. Files that are named on the command line run, whatever they are.
 */

/** They have nothing to do with PostgreSQL: a run of them there would tell nothing new. */
const onlyOnEmbeddedDatabase = [
  '/platform/database/(directory-lock|embedded|migrate-new)\\.test',
  '/rest-compat/(cors|swagger-attributes)\\.test',
  '/streaming/content\\.test',
  '/app/(build|package|usage-import)\\.test',
  '/test/(tidy|docs|contract)\\.test',
];

/**
 * Beside those, what runs on the embedded database: all of the platform but what many rows are for, of each area one file, and what
 * has to do with the folder of the data. The embedded database is the same PostgreSQL, several times slower: all else is shown there.
 */
const onEmbeddedDatabase = [
  '/test/platform/(?!read/(indexes|plans))',
  '/domain/prepay-balance/idempotency\\.test',
  '/domain/customer-bill/bill-run\\.test',
  '/domain/usage/rating\\.test',
  '/domain/resource-order/lifecycle\\.test',
  '/graphql/resources\\.test',
  '/rest-compat/nested-extensions\\.test',
  '/streaming/usage-import\\.test',
  '/app/(server-crash|upgrade)\\.test',
];

/** Without a browser there is nothing to try the pages in (test/support/browser.ts); .ci/run installs one. */
const inBrowser = existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium') ? [] : ['/app/browser\\.test'];

/** The packages of the example clients are their own; .ci/run installs them. */
const withClients = existsSync(new URL('docs/clients/node_modules', import.meta.url)) ? [] : ['/app/clients\\.test'];

/** Message brokers: a server of NATS to start, and one of RabbitMQ that runs. */
const withBrokers = [
  ...(existsSync(process.env.NATS_SERVER_PATH ?? '/usr/sbin/nats-server') ? [] : ['/app/brokers/nats\\.test']),
  ...(process.env.TEST_RABBITMQ_URL ? [] : ['/app/brokers/rabbitmq\\.test']),
];

/** Clusters of PostgreSQL of its own. */
const withClusters =
  process.env.PG_BIN || existsSync('/usr/lib/postgresql') ? [] : ['/app/(soak|point-in-time|replica)\\.test'];
/** What it finds is not the same each time: it is no test of a commit. */
const ifLong = process.env.TEST_LONG ? [] : ['/app/soak\\.test'];
const runs = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
  spawnSync(command, args, { cwd: import.meta.dirname }).status === 0;

/** The server of the last release is made of its commit, which a shallow clone may lack. */
const { commit } = JSON.parse(readFileSync(new URL('contract/released.json', import.meta.url), 'utf8'));
const withHistory = runs('git', 'cat-file', '-e', `${commit}^{commit}`) ? [] : ['/app/side-by-side\\.test'];

/** Without PgBouncer there is no pooler to come by (test/support/pgbouncer.ts). */
const withPooler = existsSync(process.env.PGBOUNCER_PATH ?? '/usr/sbin/pgbouncer') ? [] : ['/pgbouncer\\.test'];

/** Beside those, what does not ask for what one database of a Citus cluster is: the public face, of one database. */
const onCitus = ['/test/(domain|graphql|personal|rest-compat|rights|subscriptions)/'];
if (process.env.CITUS_URL) process.env.TEST_DATABASE_URL = process.env.CITUS_URL;

const isPostgresql = Boolean(process.env.TEST_DATABASE_URL);
const areFilesNamed = process.argv.slice(2).some((argument) => !argument.startsWith('-'));

/** Patterns of paths that do not run. */
function leftOut() {
  if (isPostgresql)
    return [
      ...onlyOnEmbeddedDatabase,
      ...inBrowser,
      ...withClients,
      ...withBrokers,
      ...withClusters,
      ...ifLong,
      ...withHistory,
      ...withPooler,
      ...(process.env.CITUS_URL ? [`^(?!.*(${onCitus.join('|')})).*$`] : []),
    ];
  if (process.env.EVERY_FILE || areFilesNamed) return [];
  // What is none of these.
  return ['/pgbouncer\\.test', `^(?!.*(${[...onlyOnEmbeddedDatabase, ...onEmbeddedDatabase].join('|')})).*$`];
}

/** Node itself loads what runs, as in production (test/support/jest/runner.js says why): jest transforms nothing. */
const common = {
  testEnvironment: '<rootDir>/test/support/jest/environment.js',
  testRunner: '<rootDir>/test/support/jest/runner.js',
  transform: {},
  // Packages of the bench alone.
  modulePathIgnorePatterns: ['<rootDir>/test/bench/peers/'],
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/unit/**/*.test.ts'],
      globalSetup: '<rootDir>/test/support/jest/seed-setup.js',
    },
    {
      ...common,
      displayName: 'server',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/test/unit/', ...leftOut()],
      globalSetup: '<rootDir>/test/support/jest/database-setup.js',
      globalTeardown: '<rootDir>/test/support/jest/database-teardown.js',
    },
  ],
  testSequencer: '<rootDir>/test/support/jest/sequencer.js',
  // With PostgreSQL a worker waits as long as it works. Two databases in WebAssembly are enough for two cores.
  // CITUS_URL names one database, which each file empties.
  maxWorkers: process.env.CITUS_URL ? 1 : isPostgresql ? 3 : 2,
  // Modules of test files that are over are never freed.
  workerIdleMemoryLimit: '1GB',
  // A bound of waiting, not an expectation: on a slow machine opening a database and thousands of requests take minutes.
  testTimeout: 180_000,
};
