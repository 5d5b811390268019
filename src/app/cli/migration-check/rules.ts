/**
 * What a migration must not do, because it rewrites or locks a table that may be big, or breaks the released server beside it
 * (docs/decisions/0064-migrations-without-locks.md), and what to do instead. Names are what `-- allow <name>: <reason>` says.
 */
export const rules = {
  'add-column-rewrites':
    'the whole table is rewritten: add the column without this default, set the default for rows to come, and fill the others by a backfill',
  'add-column-required':
    'the released server inserts rows without it: give it a constant default, or let it be null until the release after the next',
  'set-not-null':
    'all rows are read under an exclusive lock: add CHECK (column IS NOT NULL) NOT VALID in one migration, VALIDATE CONSTRAINT in the next, SET NOT NULL in a third',
  'change-type': 'the table is rewritten: add a column of the new type, let both be written, fill it by a backfill',
  'index-locks':
    'nobody writes meanwhile: CREATE INDEX CONCURRENTLY IF NOT EXISTS in a migration of its own that has the line "-- without transaction"',
  'constraint-locks':
    'all rows are read under a lock: ADD … NOT VALID here, VALIDATE CONSTRAINT in a migration after it with the line "-- without transaction"; UNIQUE and PRIMARY KEY take USING INDEX of one that was made concurrently',
  'drop-or-rename':
    'the released server may use it: stop using it in one release, drop it in the next, where this line says that nothing uses it',
  rewrite:
    'the table is rewritten or read through under an exclusive lock: leave it to the operator, or copy it by a backfill',
  partition:
    'the table is read through under an exclusive lock: let the server make partitions ahead, or prove the bounds by a validated CHECK first',
  'lock-table': 'everybody waits: statements take the locks that they need',
  'change-rows':
    'rows are locked for as long as it takes: change them by a backfill, batch after batch (src/platform/database/backfills.ts)',
  'hidden-code': 'what it does cannot be read here: write statements, or a backfill',
  timeouts: 'the migrator has its own bounds of waiting: leave them as they are',
  'without-transaction':
    'a migration with "-- without transaction" is one statement that can be repeated: CREATE INDEX CONCURRENTLY IF NOT EXISTS, DROP INDEX CONCURRENTLY IF EXISTS, REINDEX … CONCURRENTLY or ALTER TABLE … VALIDATE CONSTRAINT; such a statement stands in no other',
  exception: 'an exception reads "-- allow <rule>: <reason>", with a rule that the migration breaks',
} as const;

export type Rule = keyof typeof rules;

/** Tables that stay small: one row for an operator, a server, a receiver. Theirs is a short lock. */
export const smallTables: ReadonlySet<string> = new Set([
  'ApiKey',
  'BillCycle',
  'BillCycleSpecification',
  'BrokerCursor',
  'BucketExpiringMark',
  'Hub',
  'HubCursor',
  'ReportReader',
  'ServerState',
  'SpendCursor',
  'Tenant',
  'UsageSpecification',
]);

/** What a default may call: one value for the statement, which PostgreSQL keeps beside the table. */
export const steadyFunctions: ReadonlySet<string> = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'current_setting',
  'jsonb_build_object',
  'jsonb_build_array',
]);
