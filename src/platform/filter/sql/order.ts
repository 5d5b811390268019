/** Order and keyset conditions: nulls last in both directions, the mapping's key as the last word, ascending. */
import { Prisma } from '../../../../prisma/generated/client.js';
import { Decimal } from '../../decimal.js';
import { DomainError } from '../../errors.js';
import type { ResourceMapping } from '../../read/resource-mapping.js';
import type { ScalarType } from '../tree/attribute-type.js';
import { dotted } from '../tree/resolve.js';
import { columnParameter, jsonAt, jsonScalar, jsonScalarParameter, locate } from './place.js';
import type { FilterValue, OrderKey } from '../tree/filter.js';
import { checkValue } from '../tree/values.js';

/** A position in an order as it travels in a cursor. */
export type CursorValue = string | number | boolean | null;

interface OrderTerm {
  key: OrderKey;
  type: ScalarType;
  expression: Prisma.Sql;
  isColumn: boolean;
  isNeverNull: boolean;
}

/** The order with the key attribute as last key; what follows the key could not decide anything. */
export function fullOrder(order: readonly OrderKey[], mapping: ResourceMapping): OrderKey[] {
  const isKey = ({ path }: OrderKey): boolean => path.length === 1 && path[0] === mapping.key;
  const at = order.findIndex(isKey);
  if (at >= 0) return order.slice(0, at + 1);
  return [...order, { path: [mapping.key], descending: false }];
}

/** The list after ORDER BY; backward: the reverse of the order, which the same index gives. */
export function compileOrder(
  order: readonly OrderKey[],
  mapping: ResourceMapping,
  alias: string,
  isBackward = false,
): Prisma.Sql {
  return Prisma.join(
    terms(order, mapping, alias).map(({ expression, key, isNeverNull }) => {
      // Where it says nothing, NULLS LAST keeps an index from serving the descending order.
      const nulls = isNeverNull ? '' : isBackward ? ' NULLS FIRST' : ' NULLS LAST';
      return Prisma.sql`${expression}${Prisma.raw((key.descending !== isBackward ? ' DESC' : ' ASC') + nulls)}`;
    }),
  );
}

/** The jsonb array of a row's order values, which compileBeyond takes back; decimals are texts, to stay exact. */
export function compileCursor(order: readonly OrderKey[], mapping: ResourceMapping, alias: string): Prisma.Sql {
  const values = terms(order, mapping, alias).map(({ expression, type }) => {
    if (type === 'decimal') return Prisma.sql`(${expression})::text`;
    return expression;
  });
  return Prisma.sql`jsonb_build_array(${Prisma.join(values)})`;
}

/** The rows that come after the position, or before it, whose values stand for the keys of the order and the mapping's key. */
export function compileBeyond(
  order: readonly OrderKey[],
  values: readonly CursorValue[],
  mapping: ResourceMapping,
  alias: string,
  isBefore = false,
): Prisma.Sql {
  const keys = terms(order, mapping, alias);
  // When the order names the key itself, its value and what follows may be given, but decide nothing.
  if (values.length !== keys.length && values.length !== order.length + 1) {
    throw new DomainError(
      'INVALID_QUERY',
      `the cursor has ${values.length} values, the order has ${keys.length} keys`,
      { path: argumentOf(isBefore) },
    );
  }
  const positions = keys.map((term, index) => positionOf(term, values[index] ?? null, isBefore));
  const directions = new Set(keys.map(({ key }) => key.descending));
  return directions.size === 1 && keys.every(({ isNeverNull }) => isNeverNull)
    ? beyondRow(positions)
    : beyondEach(positions, isBefore);
}

/** A key of an order, and the value that the row at the position has for it; undefined where it has none. */
interface Position {
  term: OrderTerm;
  value: Prisma.Sql | undefined;
  beyond: Prisma.Sql;
}

function positionOf(term: OrderTerm, value: CursorValue, isBefore: boolean): Position {
  const typed = value === null ? undefined : parameter(term, value);
  if (typed === undefined && (value !== null || term.isNeverNull)) throw misfit(term, value, isBefore);
  return { term, value: typed, beyond: Prisma.raw(term.key.descending === isBefore ? '>' : '<') };
}

/** Keys of one direction that are never null, as one comparison of rows: an index of these columns begins to read there. */
function beyondRow(positions: readonly Position[]): Prisma.Sql {
  const expressions = Prisma.join(positions.map(({ term }) => term.expression));
  const values = Prisma.join(positions.map(({ value }) => value ?? Prisma.empty));
  return Prisma.sql`((${expressions}) ${positions[0]?.beyond ?? Prisma.empty} (${values}))`;
}

/**
 * Beyond the first key, or equal in it and beyond the second, and so on. Nulls come last: nothing of a key follows one, and they follow every
 * value; every value precedes them.
 */
function beyondEach(positions: readonly Position[], isBefore: boolean): Prisma.Sql {
  const alternatives: Prisma.Sql[] = [];
  const before: Prisma.Sql[] = [];
  for (const { term, value, beyond } of positions) {
    if (value === undefined) {
      if (isBefore)
        alternatives.push(
          Prisma.sql`(${Prisma.join([...before, Prisma.sql`${term.expression} IS NOT NULL`], ' AND ')})`,
        );
      before.push(Prisma.sql`${term.expression} IS NULL`);
      continue;
    }
    const isBeyond = Prisma.sql`${term.expression} ${beyond} ${value}`;
    const further = term.isNeverNull || isBefore ? isBeyond : Prisma.sql`(${isBeyond} OR ${term.expression} IS NULL)`;
    alternatives.push(Prisma.sql`(${Prisma.join([...before, further], ' AND ')})`);
    before.push(Prisma.sql`${term.expression} = ${value}`);
  }
  if (alternatives.length === 0) return Prisma.sql`FALSE`;
  const all = Prisma.join(alternatives, ' OR ');
  const [first] = positions;
  // An index cannot begin to read at alternatives; it can at the bound that all of them share.
  if (!first?.value || !(first.term.isNeverNull || isBefore)) return Prisma.sql`(${all})`;
  return Prisma.sql`(${first.term.expression} ${first.beyond}= ${first.value} AND (${all}))`;
}

function terms(order: readonly OrderKey[], mapping: ResourceMapping, alias: string): OrderTerm[] {
  return fullOrder(order, mapping).map((key) => {
    const place = locate({ kind: 'row', mapping, alias }, key.path);
    if (place.kind === 'parts' || place.type.kind !== 'scalar' || place.type.type === 'json') {
      throw new DomainError('INVALID_QUERY', `cannot order ${mapping.name} by '${dotted(key.path)}'`, {
        path: dotted(key.path),
      });
    }
    const { type } = place.type;
    const [name = '', ...below] = key.path;
    const isKey = below.length === 0 && name === mapping.key;
    if (place.kind === 'json') {
      const expression = jsonScalar(jsonAt(place.root, place.path), type);
      return { key, type, expression, isColumn: false, isNeverNull: false };
    }
    const isNeverNull = isKey || (below.length === 0 && mapping.attributes[name]?.isNeverNull === true);
    return { key, type, expression: place.column, isColumn: true, isNeverNull };
  });
}

/** Undefined when it does not fit. */
function parameter(term: OrderTerm, value: string | number | boolean): Prisma.Sql | undefined {
  const typed = fromCursor(term.type, value);
  if (typed === undefined) return undefined;
  const checked = checkValue(term.type, typed, term.key.path);
  return term.isColumn ? columnParameter(term.type, checked) : jsonScalarParameter(term.type, checked);
}

function fromCursor(type: ScalarType, value: string | number | boolean): FilterValue | undefined {
  switch (type) {
    case 'int':
    case 'decimal': {
      const text = String(value);
      if (typeof value === 'boolean' || !/^-?\d{1,40}(\.\d{1,40})?(e[+-]?\d{1,3})?$/.test(text)) return undefined;
      return type === 'int' ? Number(text) : new Decimal(text);
    }
    case 'dateTime': {
      const time = typeof value === 'string' ? new Date(value) : undefined;
      return time && !Number.isNaN(time.getTime()) ? time : undefined;
    }
    default:
      return value;
  }
}

function argumentOf(isBefore: boolean): string {
  return isBefore ? 'before' : 'after';
}

function misfit({ key }: OrderTerm, value: CursorValue, isBefore: boolean): DomainError {
  return new DomainError('INVALID_QUERY', `the cursor value '${String(value)}' does not fit '${dotted(key.path)}'`, {
    path: argumentOf(isBefore),
  });
}
