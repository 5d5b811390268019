import { anyText, databaseUrl, integer, onOrOff } from './setting-values.js';
import type { Setting } from './settings.js';

/** Where a password stands in something that is no such URL cannot be known: only the scheme is repeated. */
const withoutAddress = (text: string): string => text.replace(/^([a-z]+:\/\/)?.*$/is, '$1…');

/** Settings of where the data is, and how many processes use it. */
export const databaseSettings = {
  DATABASE_URL: {
    key: 'databaseUrl',
    default: undefined,
    schema: databaseUrl,
    meaning: 'PostgreSQL 15 or newer; required by serve, else embedded in DATA_DIR',
    shown: withoutAddress,
  },
  DATABASE_POOLER: {
    key: 'isDatabasePooled',
    default: 'off',
    schema: onOrOff,
    meaning:
      'on where DATABASE_URL leads to a pooler in transaction mode, such as PgBouncer (docs/operations.md): nothing is kept in sessions, settings are made in each transaction',
  },
  STATEMENT_NAMES: {
    key: 'areStatementsNamed',
    default: 'on',
    schema: onOrOff,
    meaning: 'off prepares no statement under a name, for poolers that do not know them, such as PgBouncer before 1.21',
  },
  DATABASE_REPLICA_URL: {
    key: 'databaseReplicaUrl',
    default: undefined,
    schema: databaseUrl,
    meaning:
      'a streaming replica of DATABASE_URL, which answers reports, exports and lists (docs/operations.md); it takes as many connections again for them',
    shown: withoutAddress,
  },
  DATABASE_REPLICA_LAG_MS: {
    key: 'databaseReplicaLagMs',
    default: '1000',
    schema: integer(0, 60_000),
    unit: 'ms',
    meaning: 'how far the replica may be behind to answer lists; 0 leaves them to the primary',
  },
  DATABASE_REPLICA_REPORT_LAG_MS: {
    key: 'databaseReplicaReportLagMs',
    default: '60000',
    schema: integer(1_000, 3_600_000),
    unit: 'ms',
    meaning: 'how far the replica may be behind to answer reports and exports',
  },
  ROW_LEVEL_SECURITY: {
    key: 'isRowLevelSecurityOn',
    default: 'off',
    schema: onOrOff,
    meaning:
      'on lets PostgreSQL hide the rows of other tenants from each request (docs/operations.md); needs DATABASE_URL with a role that is neither superuser nor has BYPASSRLS',
  },
  WORKERS: {
    key: 'workers',
    default: '1',
    schema: integer(1, 64),
    unit: 'processes',
    meaning: 'processes that answer requests on the one port; more than one needs DATABASE_URL',
  },
  DATA_DIR: { key: 'dataDir', default: './data', schema: anyText, meaning: 'directory of the embedded database' },
} as const satisfies Readonly<Record<string, Setting>>;
