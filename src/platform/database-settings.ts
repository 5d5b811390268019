import { anyText, databaseUrl, integer, onOrOff } from './setting-values.js';
import type { Setting } from './settings.js';

/** Settings of where the data is, and how many processes use it. */
export const databaseSettings = {
  DATABASE_URL: {
    key: 'databaseUrl',
    default: undefined,
    schema: databaseUrl,
    meaning: 'PostgreSQL 15 or newer; required by serve, else embedded in DATA_DIR',
    // Where a password stands in something that is no such URL cannot be known: only the scheme is repeated.
    shown: (text: string) => text.replace(/^([a-z]+:\/\/)?.*$/is, '$1…'),
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
