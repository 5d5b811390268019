import { Prisma } from '../../../prisma/generated/client.js';
import type { Statements } from '../database/database.js';
import type { AttributeType } from '../filter/tree/attribute-type.js';
import { jsonTextOf, withoutNulls, type JsonObject, type JsonValue } from '../json-object.js';
import { columnSources, fixedConditions, identifier, literal, recordDefinition, selectList } from '../read/columns.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import type { Write } from './write-all.js';

/** A transaction, or the database outside of one. */
export type Queries = Pick<Statements, 'query'>;

// Statements that all resources share, built from their ResourceMapping. One statement reads or writes any number of rows.

/** SQL that inserts resources; absent attributes become null. */
export function insertRows<Row extends JsonObject>(
  mapping: ResourceMapping<Row>,
  tenantId: string,
  rows: readonly NoInfer<Row>[],
): Write {
  if (rows.length === 0) return undefined;
  return insertRowsFrom(mapping, tenantId, Prisma.sql`jsonb_to_recordset(${textOf(rows)}::jsonb)`);
}

/** The same for rows made by SQL: `from` follows FROM and ends in a function that returns records. */
export function insertRowsFrom(mapping: ResourceMapping, tenantId: string, from: Prisma.Sql): Prisma.Sql {
  const { columns, values, record } = insertParts(mapping);
  return Prisma.sql`
    INSERT INTO ${Prisma.raw(identifier(mapping.table))} (${Prisma.raw(columns)})
    SELECT ${tenantId}::text, ${Prisma.raw(values)}
    FROM ${from} AS r(${Prisma.raw(record)})`;
}

function textOf(rows: readonly JsonObject[]): string {
  return `[${rows.map(jsonTextOf).join(',')}]`;
}

interface InsertParts {
  columns: string;
  values: string;
  record: string;
}

const insertPartsOf = new WeakMap<ResourceMapping, InsertParts>();

function insertParts(mapping: ResourceMapping): InsertParts {
  const known = insertPartsOf.get(mapping);
  if (known) return known;
  const attributes = writableAttributes(mapping);
  const sources = columnSources(mapping, 'r', attributes);
  const discriminator = Object.entries(mapping.discriminator);
  const parts = {
    columns: ['tenantId', ...discriminator.map(([column]) => column), ...sources.map((s) => s.column)]
      .map(identifier)
      .join(', '),
    values: [...discriminator.map(([, value]) => literal(value)), ...sources.map((s) => s.expression)].join(', '),
    record: recordDefinition(mapping, attributes),
  };
  insertPartsOf.set(mapping, parts);
  return parts;
}

/** Reads one resource and locks it until the transaction ends; undefined when there is none. */
export async function lockRow<Row extends JsonObject>(
  tx: Statements,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  id: string,
): Promise<Row | undefined> {
  return (await lockRows(tx, mapping, tenantId, [id])).get(id);
}

/** Reads several resources and locks them, in the order of their ids, until the transaction ends. Those found, by id. */
export function lockRows<Row extends JsonObject>(
  tx: Statements,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Row>> {
  return rowsById(tx, mapping, tenantId, ids, Prisma.sql`FOR UPDATE`);
}

/** Reads several resources, within a transaction or without. Those found, by id. */
export function readRows<Row extends JsonObject>(
  tx: Queries,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Row>> {
  return rowsById(tx, mapping, tenantId, ids, Prisma.empty);
}

/** How rows are found: as they stand, or locked until a transaction ends. */
export interface Finder {
  readonly queries: Queries;
  readonly lock: Prisma.Sql;
}

export function locking(tx: Statements): Finder {
  return { queries: tx, lock: Prisma.sql`FOR UPDATE` };
}

export function asTheyStand(queries: Queries): Finder {
  return { queries, lock: Prisma.empty };
}

/** Several resources by id. Those found, by id. */
export function findRows<Row extends JsonObject>(
  { queries, lock }: Finder,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Row>> {
  return rowsById(queries, mapping, tenantId, ids, lock);
}

/** Resources that match a condition on the row `b`, in order and up to a limit. */
export function findRowsWhere<Row extends JsonObject>(
  { queries, lock }: Finder,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  condition: Prisma.Sql,
  { order, limit }: { order: Prisma.Sql; limit: number },
): Promise<Row[]> {
  return selectRows(queries, mapping, tenantId, condition, Prisma.sql`ORDER BY ${order} LIMIT ${limit}::int ${lock}`);
}

async function rowsById<Row extends JsonObject>(
  tx: Queries,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  ids: readonly string[],
  lock: Prisma.Sql,
): Promise<Map<string, Row>> {
  if (ids.length === 0) return new Map();
  const rows = await selectRows(
    tx,
    mapping,
    tenantId,
    Prisma.sql`b."id" = ANY(${ids}::text[])`,
    Prisma.sql`ORDER BY b."id" ${lock}`,
  );
  return new Map(rows.map((row) => [(row as Row & { id: string }).id, row]));
}

async function selectRows<Row extends JsonObject>(
  tx: Queries,
  mapping: ResourceMapping<Row>,
  tenantId: string,
  condition: Prisma.Sql,
  end: Prisma.Sql,
): Promise<Row[]> {
  const columns = selectList(mapping, 'b', Object.keys(mapping.attributes));
  const rows = await tx.query<{ row: string }>(Prisma.sql`
    SELECT row_to_json(t)::text AS "row" FROM (
      SELECT ${Prisma.raw(columns)} FROM ${Prisma.raw(identifier(mapping.table))} b
      WHERE b."tenantId" = ${tenantId} AND ${condition} ${Prisma.raw(fixedConditions(mapping, 'b'))}
      ${end}
    ) t`);
  return rows.map(({ row }) => withNormalTimes(mapping, JSON.parse(row) as JsonObject) as Row);
}

/** PostgreSQL prints times in its own form; rows have them in UTC with milliseconds and Z. */
function withNormalTimes(mapping: ResourceMapping, row: JsonObject): JsonObject {
  const result: JsonObject = { ...row };
  for (const [name, { type, storage }] of Object.entries(mapping.attributes)) {
    const value = result[name];
    if (value === null || value === undefined) continue;
    if (isDateTime(type)) result[name] = normalTime(value);
    else if (storage.kind === 'parts') {
      const parts = Object.entries(value as JsonObject).map(([part, inner]) => [
        part,
        isDateTime(partOf(type, part)) && inner !== null ? normalTime(inner) : inner,
      ]);
      result[name] = withoutNulls(Object.fromEntries(parts) as JsonObject);
    }
  }
  return result;
}

function isDateTime(type: AttributeType | undefined): boolean {
  return type?.kind === 'scalar' && type.type === 'dateTime';
}

function partOf(type: AttributeType, part: string): AttributeType | undefined {
  return type.kind === 'object' ? type.attributes()[part] : undefined;
}

function normalTime(value: JsonValue | undefined): string {
  return new Date(String(value)).toISOString();
}

/** SQL that updates these attributes of existing resources (absent becomes null), with their revision and updatedAt. */
export function updateRows<Row extends JsonObject>(
  mapping: ResourceMapping<Row>,
  tenantId: string,
  attributes: readonly (keyof NoInfer<Row> & string)[],
  rows: readonly NoInfer<Row>[],
): Write {
  if (rows.length === 0) return undefined;
  const written = [...new Set<string>([...attributes, 'revision', 'updatedAt'])];
  const sources = columnSources(mapping, 'r', written);
  const assignments = sources.map(({ column }) => `${identifier(column)} = r.${identifier(column)}`);
  // Citus refuses a cast to an instant that stands in an assignment.
  const values = sources.map(({ column, expression }) => `${expression} AS ${identifier(column)}`);
  return Prisma.sql`
    UPDATE ${Prisma.raw(identifier(mapping.table))} b SET ${Prisma.raw(assignments.join(', '))}
    FROM (
      SELECT r."id", ${Prisma.raw(values.join(', '))}
      FROM jsonb_to_recordset(${textOf(rows)}::jsonb) AS r(${Prisma.raw(recordDefinition(mapping, ['id', ...written]))})
    ) r
    WHERE b."tenantId" = ${tenantId} AND b."id" = r."id"`;
}

/** SQL that deletes a resource. */
export function deleteRow(mapping: ResourceMapping, tenantId: string, id: string): Write {
  return Prisma.sql`
    DELETE FROM ${Prisma.raw(identifier(mapping.table))} WHERE "tenantId" = ${tenantId} AND "id" = ${id}`;
}

/** SQL that hides a resource from all reads, for good; its row stays. */
export function hideRow(
  { name, table, hidden }: ResourceMapping,
  tenantId: string,
  id: string,
  { at, by }: { at: Date; by: string | undefined },
): Write {
  if (hidden === undefined) throw new Error(`${name} has no columns that hide a row`);
  return Prisma.sql`
    UPDATE ${Prisma.raw(identifier(table))}
    SET ${Prisma.raw(identifier(hidden.at))} = ${at.toISOString()}::timestamptz, ${Prisma.raw(identifier(hidden.by))} = ${by ?? null}::text
    WHERE "tenantId" = ${tenantId} AND "id" = ${id}`;
}

/** Attributes that live in columns; computed ones (functions of the row) are only read. */
function writableAttributes(mapping: ResourceMapping): string[] {
  return Object.keys(mapping.attributes).filter((name) => !mapping.computed.includes(name));
}
