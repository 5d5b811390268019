import { StartError } from '../start-error.js';
import type { DedicatedConnection } from './database.js';

// Copies whole tables from one database to another, row by row in the text form of PostgreSQL, which is exact for every type.

/** Characters of rows that are handed over at once, as a table's rows are on average. */
const batchCharacters = 2_000_000;
const batchRowsMax = 1_000;

/** The databases cannot be copied, or are not alike afterwards. One line. */
export class CopyError extends StartError {
  override readonly name = 'CopyError';
}

export interface CopiedTable {
  readonly schema: 'public' | 'pgboss';
  readonly name: string;
  /** In their order. */
  readonly columns: readonly string[];
  /** Those that are computed from others. */
  readonly generated: readonly string[];
}

/** Number of rows, and a sum over them that does not depend on their order. */
export interface Digest {
  readonly count: number;
  readonly sum: string;
}

/** Tables of ours, and the jobs; partitions belong to their table. */
export async function tablesToCopy(connection: DedicatedConnection): Promise<CopiedTable[]> {
  return connection.query<CopiedTable>(`
    SELECT n.nspname::text AS "schema", c.relname::text AS "name",
      array_agg(a.attname::text ORDER BY a.attnum) AS "columns",
      COALESCE(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated <> ''), '{}') AS "generated"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND (n.nspname = 'public' AND c.relname <> '_prisma_migrations' OR n.nspname = 'pgboss' AND c.relname = 'job')
    GROUP BY 1, 2 ORDER BY 1, 2`);
}

/** Throws CopyError unless both have the same tables with the same columns. */
export function requireAlike(source: readonly CopiedTable[], target: readonly CopiedTable[]): void {
  const wordOf = ({ schema, name, columns }: CopiedTable): string => `${schema}.${name} (${columns.join(', ')})`;
  const [ours, theirs] = [source.map(wordOf), target.map(wordOf)];
  const odd = ours.find((one) => !theirs.includes(one)) ?? theirs.find((one) => !ours.includes(one));
  if (odd !== undefined) throw new CopyError(`only one of the two databases has the table ${odd}`);
}

/** The first table that has rows beside those that every database has: `always` has conditions of them by table. */
export async function firstWithRows(
  connection: DedicatedConnection,
  tables: readonly CopiedTable[],
  always: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  for (const table of tables) {
    const [row] = await connection.query<{ hasRows: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${nameOf(table)} WHERE NOT (${always[table.name] ?? 'false'})) AS "hasRows"`,
    );
    if (row?.hasRows) return table.name;
  }
  return undefined;
}

/**
 * Makes a table of the target as it is in the source, within the transactions that both are in: what is there goes, and no
 * trigger of ours writes what is copied anyway. Answers how many rows there are.
 */
export async function copyTable(
  source: DedicatedConnection,
  target: DedicatedConnection,
  table: CopiedTable,
  { condition = 'true', progress }: { condition?: string; progress: (rows: number) => void },
): Promise<number> {
  const name = nameOf(table);
  const own = table.columns.filter((column) => !table.generated.includes(column));
  const insert = `INSERT INTO ${name} (${own.map(quoted).join(', ')})
    SELECT ${own.map((column) => `(x.r).${quoted(column)}`).join(', ')} FROM (SELECT v::${name} AS r FROM unnest($1::text[]) v) x`;
  await target.script(`ALTER TABLE ${name} DISABLE TRIGGER USER; DELETE FROM ${name}`);
  const [size] = await source.query<{ characters: number | null }>(
    `SELECT avg(length(t::text))::float8 AS "characters" FROM (SELECT * FROM ${name} LIMIT 1000) t`,
  );
  const limit = Math.max(1, Math.min(batchRowsMax, Math.floor(batchCharacters / (size?.characters || 1))));
  await source.script(`DECLARE copied NO SCROLL CURSOR FOR SELECT t::text AS "row" FROM ${name} t WHERE ${condition}`);
  let count = 0;
  for (let fetched = limit; fetched === limit;) {
    const rows = await source.query<{ row: string }>(`FETCH FORWARD ${limit} FROM copied`);
    fetched = rows.length;
    if (fetched > 0) await target.query(insert, [rows.map(({ row }) => row)]);
    count += fetched;
    progress(count);
  }
  await source.script('CLOSE copied');
  await target.script(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
  return count;
}

export async function digestOf(
  connection: DedicatedConnection,
  table: CopiedTable,
  condition = 'true',
): Promise<Digest> {
  const [row] = await connection.query<Digest>(`
    SELECT count(*)::float8 AS "count", COALESCE(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text AS "sum"
    FROM ${nameOf(table)} t WHERE ${condition}`);
  return row!;
}

function nameOf({ schema, name }: CopiedTable): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
