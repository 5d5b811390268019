import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { identifier } from '../../platform/read/columns.js';
import type { Forgotten } from './forget.js';
import type { Place } from './places.js';

/** Rows that are looked at in one go, and of those the most that are changed. */
const lookedAtMax = 2_000;
const rowsMax = 100;

/** The key of a row below its tenant, in the order of its columns. */
export type RowKey = readonly (string | number)[];

/** Columns of the key of a table below the tenant, each with its type. */
export type KeyColumns = readonly { readonly name: string; readonly type: string }[];

/** A row, by the text of each of its columns that may name somebody; null: it has none. */
export interface FoundRow {
  readonly key: RowKey;
  readonly texts: Readonly<Record<string, string | null>>;
}

/** The key of a table, as the database has it. */
export async function keyOf(tx: Transaction, { table }: Place): Promise<KeyColumns> {
  return tx.query<{ name: string; type: string }>(Prisma.sql`
    SELECT a."attname"::text AS "name", format_type(a."atttypid", NULL) AS "type"
    FROM pg_index i, unnest(i."indkey"::int2[]) WITH ORDINALITY k("number", "place")
      JOIN pg_attribute a ON a."attnum" = k."number"
    WHERE i."indrelid" = ${`"public".${identifier(table)}`}::text::regclass AND i."indisprimary"
      AND a."attrelid" = i."indrelid" AND a."attname" <> 'tenantId'
    ORDER BY k."place"`);
}

/** The next rows behind a key: those that may name the party, and the last one that was looked at; undefined: there are no more. */
export async function lookOn(
  tx: Transaction,
  { place, key, tenantId, who }: Looking,
  after: RowKey | undefined,
): Promise<{ found: RowKey[]; last: RowKey } | undefined> {
  const columns = namesOf(key, 'b');
  const rows = await tx.query<{ key: string; isFound: boolean }>(Prisma.sql`
    SELECT jsonb_build_array(${Prisma.raw(columns)})::text AS "key", ${mayName(place, who)} AS "isFound"
    FROM ${Prisma.raw(identifier(place.table))} b
    WHERE b."tenantId" = ${tenantId} ${after ? Prisma.sql`AND (${Prisma.raw(columns)}) > (${valuesOf(key, after)})` : Prisma.empty}
    ORDER BY ${Prisma.raw(columns)} LIMIT ${lookedAtMax}::int`);
  const all = rows.map(({ key: text, isFound }) => ({ key: JSON.parse(text) as RowKey, isFound }));
  const found = all.filter(({ isFound }) => isFound).slice(0, place.rowsMax ?? rowsMax);
  const isFull = found.length === (place.rowsMax ?? rowsMax);
  const last = isFull ? found.at(-1) : all.at(-1);
  return last && { found: found.map((one) => one.key), last: last.key };
}

/** What is looked for where. */
export interface Looking {
  readonly place: Place;
  readonly key: KeyColumns;
  readonly tenantId: string;
  readonly who: Forgotten;
}

/** Whether some column has an id or a name in it: more rows than those that name the party. */
function mayName(place: Place, who: Forgotten): Prisma.Sql {
  const { json, jsonText = [], texts = [], rowsAre } = place;
  const { party, accounts, names } = who;
  const ids = [party, ...accounts].map((id) => JSON.stringify(id));
  // Within JSON a name is written as JSON writes it.
  const written = names.map((name) => JSON.stringify(name).slice(1, -1));
  const of = (column: string): Prisma.Sql => Prisma.raw(`b.${identifier(column)}::text`);
  const hasId = (column: string, id: string): Prisma.Sql => Prisma.sql`position(${id}::text IN ${of(column)}) > 0`;
  // Columns are in the collation C, which knows small letters of ASCII only.
  const hasName = (column: string, name: string): Prisma.Sql =>
    Prisma.sql`position(lower(${name}::text) IN lower(${of(column)} COLLATE "default")) > 0`;
  const conditions = [
    ...[...json, ...jsonText].flatMap((column) => [
      ...ids.map((id) => hasId(column, id)),
      ...written.map((name) => hasName(column, name)),
    ]),
    ...texts.flatMap((column) => names.map((name) => hasName(column, name))),
    ...(rowsAre ? [Prisma.sql`b."id" = ANY(${rowsAre === 'parties' ? [party] : accounts}::text[])`] : []),
  ];
  if (conditions.length === 0) return Prisma.sql`FALSE`;
  return Prisma.sql`COALESCE(${Prisma.join(conditions, ' OR ')}, FALSE)`;
}

/** Reads these rows and locks them, in the order of their keys. */
export async function lockPlace(
  tx: Transaction,
  { place, key, tenantId }: Looking,
  keys: readonly RowKey[],
): Promise<FoundRow[]> {
  if (keys.length === 0) return [];
  const columns = namesOf(key, 'b');
  const texts = columnsOf(place).map((name) => `'${name}', b.${identifier(name)}::text`);
  const wanted = Prisma.join(keys.map((one) => Prisma.sql`(${valuesOf(key, one)})`));
  const rows = await tx.query<{ key: string; texts: string }>(Prisma.sql`
    SELECT jsonb_build_array(${Prisma.raw(columns)})::text AS "key", json_build_object(${Prisma.raw(texts.join(', '))})::text AS "texts"
    FROM ${Prisma.raw(identifier(place.table))} b
    WHERE b."tenantId" = ${tenantId} AND (${Prisma.raw(columns)}) IN (${wanted})
    ORDER BY ${Prisma.raw(columns)} FOR UPDATE`);
  return rows.map(({ key: one, texts: of }) => ({
    key: JSON.parse(one) as RowKey,
    texts: JSON.parse(of) as FoundRow['texts'],
  }));
}

/** Writes these columns of rows; a row of a resource gets its next version. */
export async function writePlace(
  tx: Transaction,
  { place, key, tenantId }: Looking,
  rows: readonly FoundRow[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return;
  const columns = columnsOf(place);
  const isJson = new Set(place.json);
  const assignments = [
    ...columns.map((name) => `${identifier(name)} = r.${identifier(name)}${isJson.has(name) ? '::jsonb' : ''}`),
    ...(place.resources ? ['"revision" = b."revision" + 1'] : []),
  ];
  const dates = [...(place.resources ? ['updatedAt'] : []), ...(place.hasLastUpdate ? ['lastUpdate'] : [])];
  const dated = dates.map((name) => Prisma.sql`, ${Prisma.raw(identifier(name))} = ${now.toISOString()}::timestamptz`);
  const keyNames = key.map((_, index) => `k${index}`);
  const record = [
    ...key.map(({ type }, index) => `"k${index}" ${type}`),
    ...columns.map((name) => `${identifier(name)} text`),
  ];
  const values = rows.map(({ key: one, texts }) => ({
    ...Object.fromEntries(keyNames.map((name, index) => [name, one[index]])),
    ...texts,
  }));
  const matches = key.map(({ name }, index) => `AND b.${identifier(name)} = r."k${index}"`);
  await tx.execute(Prisma.sql`
    UPDATE ${Prisma.raw(identifier(place.table))} b SET ${Prisma.raw(assignments.join(', '))}${dated.length > 0 ? Prisma.join(dated, '') : Prisma.empty}
    FROM jsonb_to_recordset(${JSON.stringify(values)}::jsonb) AS r(${Prisma.raw(record.join(', '))})
    WHERE b."tenantId" = ${tenantId} ${Prisma.raw(matches.join(' '))}`);
}

function columnsOf({ json, jsonText = [], texts = [] }: Place): string[] {
  return [...json, ...jsonText, ...texts];
}

function namesOf(key: KeyColumns, alias: string): string {
  return key.map(({ name }) => `${alias}.${identifier(name)}`).join(', ');
}

function valuesOf(key: KeyColumns, values: RowKey): Prisma.Sql {
  return Prisma.join(key.map(({ type }, index) => Prisma.sql`${String(values[index])}::text::${Prisma.raw(type)}`));
}
