import { Prisma } from '../../../prisma/generated/client.js';
import { abbreviated } from '../errors.js';
import type { Attributes, AttributeType } from '../filter/tree/attribute-type.js';
import { identifier, literal } from '../read/columns.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import { StartError } from '../start-error.js';
import type { Backfill, BackfillBatch } from './backfills.js';
import type { Transaction } from './database.js';

const { raw, sql } = Prisma;

const rowsPerBatch = 20_000;
/** Values that one message names. */
const namedMax = 20;

/** Rows have values that are no words of their attribute: they could not be shown. */
export class StrayWordsError extends StartError {}

/** Where words are stored: a column, or a place within one of jsonb. */
interface Place {
  readonly column: string;
  /** Within jsonb; absent: the column itself. */
  readonly path?: string;
  readonly words: readonly string[];
}

interface Table {
  readonly name: string;
  readonly places: readonly Place[];
}

interface Stray {
  readonly place: string;
  readonly value: string;
  readonly count: number;
}

/** How far it has come: the number of the table, and the key of the last row that was looked at. */
type Reached = readonly [table: number, tenantId: string, id: string];

/**
 * Looks through every table with words that are a closed set, and changes nothing: a value outside is refused by its table,
 * column, and how often it is there. Earlier versions kept such words as text. Sets of words that come later get a check of another name.
 */
export function wordsOfEnums(mappings: readonly ResourceMapping[]): Backfill {
  const tables = tablesOf(mappings);
  return { name: 'words-of-enums', isBlocking: true, batch: (tx, after) => checkSome(tx, tables, after) };
}

/** @throws StrayWordsError */
async function checkSome(tx: Transaction, tables: readonly Table[], after: string | undefined): Promise<BackfillBatch> {
  let [number, ...key]: [number, ...string[]] = after === undefined ? [0] : [...(JSON.parse(after) as Reached)];
  let left = rowsPerBatch;
  for (let table = tables[number]; table !== undefined; table = tables[++number], key = []) {
    const chunk = await chunkOf(tx, table, key, left);
    const found = await straysOf(tx, table, chunk.condition);
    if (found.length > 0) throw new StrayWordsError(messageOf(table, await straysOf(tx, table, sql`true`)));
    left -= chunk.rows;
    if (left <= 0) return { next: JSON.stringify([number, ...chunk.last]), changed: 0 };
  }
  return { next: undefined, changed: 0 };
}

/** The next rows of a table in the order of its key: how many, the key of the last one, and which they are. */
async function chunkOf(
  tx: Transaction,
  { name }: Table,
  after: readonly string[],
  limit: number,
): Promise<{ rows: number; last: string[]; condition: Prisma.Sql }> {
  const key = raw('(b."tenantId", b."id")');
  const isBehind = after.length === 0 ? sql`true` : sql`${key} > (${after[0]}::text, ${after[1]}::text)`;
  const [end] = await tx.query<{ rows: number; last: string[] }>(sql`
    SELECT count(*) OVER ()::int AS "rows", ARRAY[b."tenantId", b."id"] AS "last" FROM (
      SELECT b."tenantId", b."id" FROM ${raw(identifier(name))} b WHERE ${isBehind} ORDER BY b."tenantId", b."id" LIMIT ${limit}::int
    ) b ORDER BY b."tenantId" DESC, b."id" DESC LIMIT 1`);
  if (end === undefined) return { rows: 0, last: [], condition: sql`false` };
  const [tenantId, id] = end.last;
  return { ...end, condition: sql`${isBehind} AND ${key} <= (${tenantId}::text, ${id}::text)` };
}

function straysOf(tx: Transaction, { name, places }: Table, condition: Prisma.Sql): Promise<Stray[]> {
  const each = places.map((place) => {
    const column = raw(`b.${identifier(place.column)}`);
    const values = place.path
      ? sql`(SELECT v #>> '{}' FROM jsonb_path_query(${column}, ${raw(literal(place.path))}::jsonpath) v)`
      : sql`(SELECT ${column})`;
    return sql`
      SELECT ${shown(place)}::text AS "place", w."value", count(*)::int AS "count"
      FROM ${raw(identifier(name))} b CROSS JOIN LATERAL ${values} w("value")
      WHERE ${condition} AND w."value" IS NOT NULL AND w."value" <> ALL(${[...place.words]}::text[]) GROUP BY w."value"`;
  });
  return tx.query<Stray>(
    sql`SELECT * FROM (${Prisma.join(each, ' UNION ALL ')}) s ORDER BY "place", "value" LIMIT ${namedMax}::int`,
  );
}

function messageOf({ name, places }: Table, strays: readonly Stray[]): string {
  const named = places.flatMap((place) => {
    const own = strays.filter((stray) => stray.place === shown(place));
    const values = own.map(({ value, count }) => `'${abbreviated(value)}' (${count})`).join(', ');
    return own.length === 0 ? [] : [`${name}.${shown(place)} has ${values} and knows ${place.words.join(', ')}`];
  });
  return `there are stored values that are no words of their attributes: ${named.join('; ')}. Change them, by PATCH with the version before or by UPDATE, and start again (docs/upgrading.md)`;
}

/** The column, and the names within it. */
function shown({ column, path = '' }: Place): string {
  return column + path.replaceAll(/[$"]|\[\*\]/g, '');
}

function tablesOf(mappings: readonly ResourceMapping[]): Table[] {
  const tables = new Map<string, Map<string, Place>>();
  for (const { table, attributes, computed } of mappings) {
    for (const [name, { type, storage }] of Object.entries(attributes)) {
      if (storage.kind !== 'column' || computed.includes(name)) continue;
      for (const place of placesOf(storage.column, type)) {
        const places = tables.get(table) ?? new Map<string, Place>();
        tables.set(table, places.set(`${place.column} ${place.path ?? ''}`, place));
      }
    }
  }
  const named = [...tables].map(([name, places]) => ({ name, places: [...places.values()] }));
  // However the classes were loaded: how far the check has come is told by the number of the table.
  return named.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function placesOf(column: string, type: AttributeType): Place[] {
  if (type.kind === 'scalar') return type.words ? [{ column, words: type.words }] : [];
  return within(type, '$', []).map(({ path, words }) => ({ column, path, words }));
}

/** Types that nest in themselves are entered once. */
function within(
  type: AttributeType,
  path: string,
  outer: readonly Attributes[],
): { path: string; words: readonly string[] }[] {
  if (type.kind === 'list') return within(type.element, `${path}[*]`, outer);
  if (type.kind === 'scalar') return type.words ? [{ path, words: type.words }] : [];
  const attributes = type.attributes();
  if (outer.includes(attributes)) return [];
  return Object.entries(attributes).flatMap(([name, inner]) =>
    within(inner, `${path}."${name}"`, [...outer, attributes]),
  );
}
