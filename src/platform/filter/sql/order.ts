/** Order and keyset conditions: nulls last in both directions, the mapping's key as the last word. */
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
}

/** The order with the key attribute as last key; what follows the key could not decide anything. */
export function fullOrder(order: readonly OrderKey[], mapping: ResourceMapping): OrderKey[] {
  const isKey = ({ path }: OrderKey): boolean => path.length === 1 && path[0] === mapping.key;
  const at = order.findIndex(isKey);
  return at < 0 ? [...order, { path: [mapping.key], descending: false }] : order.slice(0, at + 1);
}

/** The list after ORDER BY. */
export function compileOrder(order: readonly OrderKey[], mapping: ResourceMapping, alias: string): Prisma.Sql {
  return Prisma.join(
    terms(order, mapping, alias).map(({ expression, key }, index, all) => {
      const isLast = index === all.length - 1;
      // The key is never null; without NULLS LAST an index serves it in both directions.
      const nulls = isLast ? '' : ' NULLS LAST';
      return Prisma.sql`${expression}${Prisma.raw((key.descending ? ' DESC' : ' ASC') + nulls)}`;
    }),
  );
}

/** The jsonb array of a row's order values, which compileAfter takes back; numbers are texts, to stay exact. */
export function compileCursor(order: readonly OrderKey[], mapping: ResourceMapping, alias: string): Prisma.Sql {
  const values = terms(order, mapping, alias).map(({ expression, type }) => {
    if (type === 'decimal' || type === 'int') return Prisma.sql`(${expression})::text`;
    return expression;
  });
  return Prisma.sql`jsonb_build_array(${Prisma.join(values)})`;
}

/** The rows that come after the position, whose values stand for the keys of the order and the mapping's key. */
export function compileAfter(
  order: readonly OrderKey[],
  values: readonly CursorValue[],
  mapping: ResourceMapping,
  alias: string,
): Prisma.Sql {
  const keys = terms(order, mapping, alias);
  // When the order names the key itself, its value and what follows may be given, but decide nothing.
  if (values.length !== keys.length && values.length !== order.length + 1) {
    throw new DomainError(
      'INVALID_QUERY',
      `the cursor has ${values.length} values, the order has ${keys.length} keys`,
      { path: 'after' },
    );
  }
  const alternatives: Prisma.Sql[] = [];
  const before: Prisma.Sql[] = [];
  keys.forEach((term, index) => {
    const value = values[index] ?? null;
    const after = afterTerm(term, value, index === keys.length - 1);
    if (after) alternatives.push(Prisma.sql`(${Prisma.join([...before, after], ' AND ')})`);
    before.push(
      value === null
        ? Prisma.sql`${term.expression} IS NULL`
        : Prisma.sql`${term.expression} = ${parameter(term, value)}`,
    );
  });
  return alternatives.length === 0 ? Prisma.sql`FALSE` : Prisma.sql`(${Prisma.join(alternatives, ' OR ')})`;
}

/** Nulls come last, so nothing of this key follows a null, and nulls follow every value. */
function afterTerm(term: OrderTerm, value: CursorValue, isKey: boolean): Prisma.Sql | undefined {
  if (value === null) {
    if (isKey) throw misfit(term, value);
    return undefined;
  }
  const beyond = Prisma.sql`${term.expression} ${Prisma.raw(term.key.descending ? '<' : '>')} ${parameter(term, value)}`;
  return isKey ? beyond : Prisma.sql`(${beyond} OR ${term.expression} IS NULL)`;
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
    if (place.kind === 'column') return { key, type, expression: place.column, isColumn: true };
    return { key, type, expression: jsonScalar(jsonAt(place.root, place.path), type), isColumn: false };
  });
}

function parameter(term: OrderTerm, value: string | number | boolean): Prisma.Sql {
  const typed = fromCursor(term.type, value);
  if (typed === undefined) throw misfit(term, value);
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

function misfit({ key }: OrderTerm, value: CursorValue): DomainError {
  return new DomainError('INVALID_QUERY', `the cursor value '${String(value)}' does not fit '${dotted(key.path)}'`, {
    path: 'after',
  });
}
