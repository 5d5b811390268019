import type { DedicatedConnection } from './database.js';
import { distributedTables } from './distribution.js';
import { partsOf } from './schema-parts.js';

/** Missing parts that one message names. */
const namedMax = 5;

/**
 * An index that could not be built, and a trigger that is switched off, are as good as lost. Partitions come and go with the
 * table that they belong to.
 */
const CATALOG = `
  SELECT 'table ' || c.relname AS "part" FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  UNION ALL SELECT 'column ' || c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT 'index ' || c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid AND NOT c.relispartition
  UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL SELECT 'trigger ' || c.relname || '.' || t.tgname FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'D'
  UNION ALL SELECT 'type ' || c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'c'`;

/** @returns the parts of the schema public, named as by `partsOf` */
export async function catalogOf(connection: Pick<DedicatedConnection, 'query'>): Promise<Set<string>> {
  return new Set((await connection.query<{ part: string }>(CATALOG)).map(({ part }) => part));
}

/**
 * Finds what these migrations created and the database lacks, e.g. after an incomplete restore, before a request fails.
 * @returns the missing parts in words; undefined when there are none
 */
export async function describeMissing(
  connection: Pick<DedicatedConnection, 'query'>,
  scripts: readonly string[],
): Promise<string | undefined> {
  const there = await catalogOf(connection);
  // Distributed tables have no triggers.
  const isDistributed = (await distributedTables(connection)).size > 0;
  const parts = partsOf(scripts).filter((part) => !there.has(part) && !(isDistributed && part.startsWith('trigger ')));
  // Columns, indexes and triggers go with their table: its name says it all.
  const tables = parts.flatMap((part) => (part.startsWith('table ') ? [part.slice('table '.length)] : []));
  const missing = parts.filter(
    (part) =>
      !tables.some(
        (table) =>
          part.startsWith(`column ${table}.`) || part.startsWith(`trigger ${table}.`) || part === `index ${table}_pkey`,
      ),
  );
  if (missing.length === 0) return undefined;
  const byWeight = [
    ...missing.filter((part) => part.startsWith('table ')),
    ...missing.filter((part) => !part.startsWith('table ')),
  ];
  const named = byWeight
    .slice(0, namedMax)
    .map((part) => part.replace(' ', ` '`) + `'`)
    .join(', ');
  return byWeight.length > namedMax ? `${named} and ${byWeight.length - namedMax} more` : named;
}
