import { identifier, literal } from '../read/columns.js';
import type { DedicatedConnection } from './database.js';
import { soonOrNot } from './letting-pass.js';

const createIndex =
  /^\s*(CREATE (?:UNIQUE )?INDEX) CONCURRENTLY IF NOT EXISTS "(\w+)"\s+ON (?:"public"\.)?"(\w+)"([^;]*);?\s*$/s;
const dropIndex = /^\s*DROP INDEX CONCURRENTLY IF EXISTS (?:"public"\.)?"(\w+)"\s*;?\s*$/s;
const comment = /^\s*--.*$/gm;

/**
 * Makes or drops an index where the statement does so concurrently, which PostgreSQL refuses for a table in partitions: there the partitions get theirs
 * one after the other, each concurrently, and belong to that of the table then. What locks the table gives up after `lockMs`. What was broken off goes on with
 * the next call.
 * @returns whether it was one of a table in partitions
 */
export async function indexPartitions(connection: DedicatedConnection, sql: string, lockMs: number): Promise<boolean> {
  const statement = sql.replaceAll(comment, '');
  const [, dropped] = dropIndex.exec(statement) ?? [];
  if (dropped !== undefined) {
    if ((await kindOf(connection, dropped)) !== 'I') return false;
    await soonOrNot(connection, lockMs, `DROP INDEX public.${identifier(dropped)}`);
    return true;
  }
  const [, create, name, table, rest] = createIndex.exec(statement) ?? [];
  if (create === undefined || name === undefined || table === undefined) return false;
  if ((await kindOf(connection, table)) !== 'p') return false;
  const whole = `${create} IF NOT EXISTS ${identifier(name)} ON ONLY public.${identifier(table)}${rest ?? ''}`;
  await soonOrNot(connection, lockMs, whole);
  for (const partition of await partitionsWithout(connection, table, name)) {
    const own = `${partition.oid}_${name}`.slice(0, 63);
    const [broken] = await connection.query(
      `SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid`,
      [`public.${identifier(own)}`],
    );
    if (broken) await connection.script(`DROP INDEX CONCURRENTLY public.${identifier(own)}`);
    await connection.script(
      `${create} CONCURRENTLY IF NOT EXISTS ${identifier(own)} ON public.${identifier(partition.name)}${rest ?? ''}`,
    );
    const attach = `ALTER INDEX public.${identifier(name)} ATTACH PARTITION public.${identifier(own)}`;
    await soonOrNot(connection, lockMs, attach);
  }
  return true;
}

async function kindOf(connection: DedicatedConnection, name: string): Promise<string | undefined> {
  const [row] = await connection.query<{ kind: string }>(
    `SELECT relkind::text AS "kind" FROM pg_class WHERE oid = to_regclass($1)`,
    [`public.${identifier(name)}`],
  );
  return row?.kind;
}

function partitionsWithout(
  connection: DedicatedConnection,
  table: string,
  index: string,
): Promise<{ name: string; oid: string }[]> {
  return connection.query(
    `SELECT c.relname::text AS "name", c.oid::text AS "oid" FROM pg_inherits t JOIN pg_class c ON c.oid = t.inhrelid
     WHERE t.inhparent = ${literal(`public.${identifier(table)}`)}::regclass AND NOT EXISTS (
       SELECT 1 FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
       WHERE i.inhparent = ${literal(`public.${identifier(index)}`)}::regclass AND x.indrelid = c.oid)
     ORDER BY 1`,
  );
}
