import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from './database.js';

// Rows as an archive keeps them: the JSON that PostgreSQL makes of them, which is exact.

/** A row as it is archived. */
export interface ArchivedRow {
  /** Where to go on. */
  readonly key: readonly (string | number)[];
  /** A JSON object: the row, and what belongs to it. */
  readonly line: string;
  /** Of its date, in UTC: `2026-03`. */
  readonly month: string;
  /** A decimal. */
  readonly amount: string | null;
  readonly units: string | null;
}

/** Which rows are archived: of a tenant, from before an instant, behind a key. */
export interface ArchiveRange {
  readonly tenantId: string;
  readonly before: Date;
  readonly after: readonly (string | number)[];
  readonly limit: number;
}

/**
 * Puts rows back where they are missing. Those that are there must be as they were archived. Answers the keys of those that
 * are not. `rows` is a JSON array of rows, with the columns that the table had then.
 */
export async function putBack(
  tx: Transaction,
  table: string,
  keyColumns: readonly string[],
  rows: string,
): Promise<string[]> {
  const whole = `public."${table}"`;
  const known = await tx.query<{ name: string }>(Prisma.sql`
    SELECT attname::text AS "name" FROM pg_attribute
    WHERE attrelid = ${whole}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`);
  const columns = Prisma.raw(known.map(({ name }) => `"${name}"`).join(', '));
  const name = Prisma.raw(whole);
  await tx.execute(Prisma.sql`
    INSERT INTO ${name} (${columns}) SELECT ${columns}
    FROM jsonb_array_elements(${rows}::jsonb) e, jsonb_populate_record(NULL::${name}, e.value) r ON CONFLICT DO NOTHING`);
  const isSame = keyColumns.map(
    (column) => `t."${column}" = (e.value->>'${column}')${column === 'sequence' || column === 'result' ? '::int' : ''}`,
  );
  // Columns that came later are not compared.
  const different = await tx.query<{ key: string }>(Prisma.sql`
    SELECT concat_ws(' ', ${Prisma.raw(keyColumns.map((column) => `e.value->>'${column}'`).join(', '))}) AS "key"
    FROM jsonb_array_elements(${rows}::jsonb) e WHERE NOT EXISTS (
      SELECT 1 FROM ${name} t WHERE ${Prisma.raw(isSame.join(' AND '))}
        AND to_jsonb(t) - ARRAY(SELECT jsonb_object_keys(to_jsonb(t)) EXCEPT SELECT jsonb_object_keys(e.value)) = e.value)`);
  return different.map(({ key }) => key);
}
