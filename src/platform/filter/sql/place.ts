/** Where the value of a path lies, and the SQL expressions that read it there. */
import { Prisma } from '../../../../prisma/generated/client.js';
import type { ResourceMapping } from '../../read/resource-mapping.js';
import type { AttributeType, ScalarType } from '../tree/attribute-type.js';
import { containedJson, type Contained } from './containment.js';
import { typeAt, unknownAttribute } from '../tree/resolve.js';
import type { FilterValue } from '../tree/filter.js';
import { NORMAL_TIME, toJson } from '../tree/values.js';

/** What paths start from: a row of the mapping's table, or the element of a list (jsonb). */
export type Scope =
  | { kind: 'row'; mapping: ResourceMapping; alias: string }
  | { kind: 'element'; json: Prisma.Sql; type: AttributeType; depth: number };

export type Place =
  /** A column of the attribute's own type. */
  | { kind: 'column'; column: Prisma.Sql; type: AttributeType }
  /** A value within jsonb: the column or element, and the path below it. */
  | { kind: 'json'; root: Prisma.Sql; rootType: AttributeType; path: readonly string[]; type: AttributeType }
  /** A pair as a whole. */
  | { kind: 'parts'; columns: readonly Prisma.Sql[]; type: AttributeType };

export function locate(scope: Scope, path: readonly string[]): Place {
  if (scope.kind === 'element') {
    return { kind: 'json', root: scope.json, rootType: scope.type, path, type: typeAt(scope.type, path) };
  }
  const [name, ...rest] = path;
  const attribute =
    name !== undefined && Object.hasOwn(scope.mapping.attributes, name) ? scope.mapping.attributes[name] : undefined;
  if (attribute === undefined) throw unknownAttribute(path);
  const type = typeAt(attribute.type, rest, path);
  const { storage } = attribute;
  if (storage.kind === 'column') {
    const column = identifier(scope.alias, storage.column);
    const isPlain = attribute.type.kind === 'scalar' && attribute.type.type !== 'json';
    return isPlain
      ? { kind: 'column', column, type }
      : { kind: 'json', root: column, rootType: attribute.type, path: rest, type };
  }
  const [part] = rest;
  if (part === undefined) {
    return {
      kind: 'parts',
      columns: Object.values(storage.columns).map((column) => identifier(scope.alias, column)),
      type,
    };
  }
  const column = Object.hasOwn(storage.columns, part) ? storage.columns[part] : undefined;
  if (column === undefined) throw unknownAttribute(path);
  return { kind: 'column', column: identifier(scope.alias, column), type };
}

/** A quoted identifier; names come from the mapping only, never from a request. */
export function identifier(...names: readonly string[]): Prisma.Sql {
  return Prisma.raw(names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'));
}

/** The jsonb value at the place; SQL null when a step is missing or not an object. */
export function jsonAt(root: Prisma.Sql, path: readonly string[]): Prisma.Sql {
  return path.reduce((json, name) => Prisma.sql`${json}->${name}::text`, root);
}

/**
 * The value of the type within jsonb, or null where JSON of another type lies: CASE keeps the cast from
 * being tried on it, so that no stored document can make a query fail.
 */
export function jsonScalar(json: Prisma.Sql, type: ScalarType): Prisma.Sql {
  switch (type) {
    case 'string':
      return Prisma.sql`((CASE WHEN jsonb_typeof(${json}) = 'string' THEN ${json} #>> '{}' END) COLLATE "C")`;
    case 'dateTime': {
      const isTime = Prisma.sql`jsonb_typeof(${json}) = 'string' AND ${json} #>> '{}' ~ ${NORMAL_TIME}::text`;
      return Prisma.sql`((CASE WHEN ${isTime} THEN ${json} #>> '{}' END) COLLATE "C")`;
    }
    case 'int':
    case 'decimal':
      return Prisma.sql`(CASE WHEN jsonb_typeof(${json}) = 'number' THEN (${json})::numeric END)`;
    case 'boolean':
      return Prisma.sql`(CASE WHEN jsonb_typeof(${json}) = 'boolean' THEN (${json})::boolean END)`;
    case 'json':
      return json;
  }
}

/** A checked value as a parameter of the type that columns of it have. */
export function columnParameter(type: ScalarType, value: FilterValue): Prisma.Sql {
  switch (type) {
    case 'string':
      return Prisma.sql`${value as string}::text`;
    case 'int':
      return Prisma.sql`${value as number}::int`;
    case 'decimal':
      return Prisma.sql`${toJson(value)}::numeric`;
    case 'boolean':
      return Prisma.sql`${value as boolean}::boolean`;
    case 'dateTime':
      return Prisma.sql`${(value as Date).toISOString()}::timestamptz`;
    case 'json':
      return jsonParameter({ kind: 'scalar', json: toJson(value) });
  }
}

/** A checked value as a parameter to compare with what jsonScalar reads. */
export function jsonScalarParameter(type: ScalarType, value: FilterValue): Prisma.Sql {
  if (type === 'dateTime') return Prisma.sql`${(value as Date).toISOString()}::text`;
  return type === 'int' ? columnParameter('decimal', value) : columnParameter(type, value);
}

export function jsonParameter(document: Contained): Prisma.Sql {
  return Prisma.sql`${containedJson(document)}::jsonb`;
}
