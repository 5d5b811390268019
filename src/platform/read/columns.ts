import type { AttributeType, ScalarType } from '../filter/tree/attribute-type.js';
import type { ResourceMapping, StoredAttribute } from './resource-mapping.js';

const sqlTypes: Record<ScalarType, string> = {
  string: 'text',
  int: 'integer',
  decimal: 'numeric',
  boolean: 'boolean',
  dateTime: 'timestamptz',
  json: 'jsonb',
};

/** @returns the SQL type of a column that holds an attribute of this type */
export function sqlTypeOf(type: AttributeType): string {
  return type.kind === 'scalar' ? sqlTypes[type.type] : 'jsonb';
}

/** @returns the name as a quoted SQL identifier */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** @returns the value as a quoted SQL string */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** `AND b."kind" = 'topupBalance'`: selects the rows of this resource in a table that several share, without hidden rows. */
export function fixedConditions(mapping: ResourceMapping, alias: string): string {
  const discriminator = Object.entries(mapping.discriminator).map(
    ([column, value]) => `AND ${alias}.${identifier(column)} = ${literal(value)}`,
  );
  const visible = mapping.hidden ? [`AND ${alias}.${identifier(mapping.hidden.at)} IS NULL`] : [];
  return [...discriminator, ...visible].join(' ');
}

/** @throws Error when the resource has no such attribute: callers check names that clients send */
export function attributeOf(mapping: ResourceMapping, name: string): StoredAttribute {
  const attribute = mapping.attributes[name];
  if (attribute === undefined) throw new Error(`${mapping.name} has no attribute ${name}`);
  return attribute;
}

/** The type of one part of a value pair, e.g. amount of a Quantity. */
export function partType(attribute: StoredAttribute, part: string): AttributeType {
  const type = attribute.type.kind === 'object' ? attribute.type.attributes()[part] : undefined;
  if (type === undefined) throw new Error(`no part ${part}`);
  return type;
}

/** `alias."status" AS "status", ...`: a select list that gives each attribute in its JSON form. */
export function selectList(mapping: ResourceMapping, alias: string, attributes: readonly string[]): string {
  return attributes.map((name) => `${readExpression(mapping, alias, name)} AS ${identifier(name)}`).join(', ');
}

function readExpression(mapping: ResourceMapping, alias: string, name: string): string {
  const { storage } = attributeOf(mapping, name);
  if (storage.kind === 'column') return `${alias}.${identifier(storage.column)}`;
  const parts = Object.entries(storage.columns);
  const pairs = parts.map(([part, column]) => `'${part}', ${alias}.${identifier(column)}`).join(', ');
  const present = parts.map(([, column]) => `${alias}.${identifier(column)}`).join(', ');
  return `CASE WHEN num_nonnulls(${present}) > 0 THEN json_build_object(${pairs}) END`;
}

/** `, alias."name" AS "name"` of each attribute that is an SQL function of the row, behind `alias.*`. */
export function computedColumns({ computed }: ResourceMapping, alias: string): string {
  return computed.map((name) => `, ${alias}.${identifier(name)} AS ${identifier(name)}`).join('');
}

/** A column with the expression that takes its value out of a jsonb record `source."attribute"`. */
export interface ColumnSource {
  column: string;
  expression: string;
}

/** How the columns of these attributes are filled from a record made by jsonb_to_recordset. */
export function columnSources(mapping: ResourceMapping, source: string, attributes: readonly string[]): ColumnSource[] {
  return attributes.flatMap((name) => {
    const attribute = attributeOf(mapping, name);
    const value = `${source}.${identifier(name)}`;
    if (attribute.storage.kind === 'column') {
      return [{ column: attribute.storage.column, expression: value }];
    }
    return Object.entries(attribute.storage.columns).map(([part, column]) => ({
      column,
      expression: `(${value}->>'${part}')::${sqlTypeOf(partType(attribute, part))}`,
    }));
  });
}

/** `"id" text, "amount" jsonb, ...`: the record type that columnSources reads. */
export function recordDefinition(mapping: ResourceMapping, attributes: readonly string[]): string {
  return attributes.map((name) => `${identifier(name)} ${sqlTypeOf(attributeOf(mapping, name).type)}`).join(', ');
}
