import type { Database } from '../../../platform/database/database.js';

/** What PostgreSQL says of itself and of our role in it. */
export interface ServerFacts {
  readonly version: string;
  readonly encoding: string;
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly fullPageWrites: string;
  readonly autovacuum: string;
  readonly maxConnections: number;
  readonly role: string;
  readonly isSuperuser: boolean;
  readonly bypassesRls: boolean;
  readonly mayCreateSchemas: boolean;
  readonly hasJobSchema: boolean;
  readonly clockMs: number;
  /** Age of the oldest transaction that is open, in seconds. */
  readonly oldestTransaction: number;
  /** The farthest of any table from the wraparound of transaction ids. */
  readonly transactionAge: number;
}

export async function readServerFacts(database: Database): Promise<ServerFacts> {
  const [row] = await database.statement<ServerFacts>(`
    SELECT current_setting('server_version') AS "version", pg_encoding_to_char(d.encoding) AS "encoding",
      current_setting('fsync') AS "fsync", current_setting('synchronous_commit') AS "synchronousCommit",
      current_setting('full_page_writes') AS "fullPageWrites", current_setting('autovacuum') AS "autovacuum",
      current_setting('max_connections')::int AS "maxConnections", current_user::text AS "role", r.rolsuper AS "isSuperuser",
      r.rolbypassrls AS "bypassesRls", has_database_privilege(d.datname, 'CREATE') AS "mayCreateSchemas",
      EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'pgboss') AS "hasJobSchema",
      (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "clockMs",
      COALESCE((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()), 0)::float8 AS "oldestTransaction",
      age(d.datfrozenxid)::float8 AS "transactionAge"
    FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user`);
  return row!;
}

/** Indexes that PostgreSQL does not use, because building them failed. */
export async function invalidIndexes(database: Database): Promise<string[]> {
  const rows = await database.statement<{ name: string }>(`
    SELECT c.relname::text AS "name" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT (i.indisvalid AND i.indisready) ORDER BY 1`);
  return rows.map(({ name }) => name);
}

/** Tables with many rows that were never analyzed. */
export async function unanalyzedTables(database: Database): Promise<string[]> {
  const rows = await database.statement<{ name: string }>(`
    SELECT s.relname::text AS "name" FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = 'public' AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL AND pg_relation_size(s.relid) > 10485760
    ORDER BY 1`);
  return rows.map(({ name }) => name);
}

/** Jobs that have failed for good, by kind. */
export async function deadJobs(database: Database): Promise<Record<string, number>> {
  const rows = await database.statement<{ name: string; count: number }>(
    `SELECT name, count(*)::int AS "count" FROM pgboss.job WHERE state = 'failed' GROUP BY name ORDER BY name`,
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}
