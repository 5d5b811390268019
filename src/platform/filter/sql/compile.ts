/** The filter tree as one SQL condition. Identifiers come from the mapping, values are parameters only. */
import { Prisma } from '../../../../prisma/generated/client.js';
import type { ResourceMapping } from '../../read/resource-mapping.js';
import type { ScalarType } from '../tree/attribute-type.js';
import { containmentOf, nest, type Containment } from './containment.js';
import { elementOf, scalarFor } from '../tree/resolve.js';
import { linkedRows } from './links.js';
import {
  columnParameter,
  identifier,
  jsonAt,
  jsonParameter,
  jsonScalar,
  jsonScalarParameter,
  locate,
  type Place,
  type Scope,
} from './place.js';
import { hasGrams } from './text.js';
import { operators, type Operator } from '../operators.js';
import type { Filter, FilterValue } from '../tree/filter.js';
import { checkValue, toJson } from '../tree/values.js';

export { compileBeyond, compileCursor, compileOrder, fullOrder } from './order.js';

type Compare = Extract<Filter, { kind: 'compare' }>;
type CompareList = Extract<Filter, { kind: 'compareList' }>;
type Elements = Extract<Filter, { kind: 'some' | 'none' }>;
type Leaf = Exclude<Place, { kind: 'parts' }>;

/**
 * The condition that holds for exactly the rows that match. Null counts as false, as in WHERE; put it under
 * a NOT only as `IS NOT TRUE`. The tenant scope and ResourceMapping.discriminator are not in it: the reader adds them.
 */
export function compileFilter(filter: Filter, mapping: ResourceMapping, alias: string): Prisma.Sql {
  const condition = compile(filter, { kind: 'row', mapping, alias });
  const linked = linkedRows(filter, mapping, alias);
  return linked ? Prisma.sql`(${linked} AND ${condition})` : condition;
}

function compile(filter: Filter, scope: Scope): Prisma.Sql {
  switch (filter.kind) {
    case 'and':
      return joined(
        filter.filters.map((part) => compile(part, scope)),
        ' AND ',
        Prisma.sql`TRUE`,
      );
    case 'or':
      return joined(
        filter.filters.map((part) => compile(part, scope)),
        ' OR ',
        Prisma.sql`FALSE`,
      );
    case 'not':
      return not(compile(filter.filter, scope));
    case 'compare':
      return compileCompare(filter, scope);
    case 'compareList':
      return compileList(filter, scope);
    case 'isNull':
      return compileIsNull(locate(scope, filter.path), filter.isNull);
    case 'some':
      return compileSome(filter, scope);
    case 'none':
      return not(compileSome(filter, scope));
  }
}

function joined(parts: readonly Prisma.Sql[], separator: string, empty: Prisma.Sql): Prisma.Sql {
  return parts.length === 0 ? empty : Prisma.sql`(${Prisma.join([...parts], separator)})`;
}

function not(condition: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`((${condition}) IS NOT TRUE)`;
}

function leafAt(scope: Scope, path: readonly string[], operator: Operator): { place: Leaf; type: ScalarType } {
  const place = locate(scope, path);
  const type = scalarFor(place.type, operator, path);
  // A pair as a whole is an object, which scalarFor has refused.
  return { place: place as Leaf, type };
}

function compileCompare({ path, operator, value }: Compare, scope: Scope): Prisma.Sql {
  const { place, type } = leafAt(scope, path, operator);
  const checked = checkValue(type, value, path);
  if (operator === 'eq') return equals(place, type, checked);
  if (operator === 'ne') {
    if (place.kind === 'json') return not(equals(place, type, checked));
    return Prisma.sql`(${place.column} IS DISTINCT FROM ${columnParameter(type, checked)})`;
  }
  const read = place.kind === 'column' ? place.column : jsonScalar(jsonAt(place.root, place.path), type);
  const facts = operators[operator];
  if (facts.family === 'text') {
    const holds = facts.sql(read, checked as string, path.join('.'));
    const grams = isSearched(scope, path) ? (facts.grams?.(checked as string) ?? []) : [];
    return grams.length === 0 ? holds : Prisma.sql`(${holds} AND ${hasGrams(read, grams)})`;
  }
  if (facts.family !== 'range') throw new Error(`the operator ${operator} has no SQL`);
  const parameter = place.kind === 'column' ? columnParameter(type, checked) : jsonScalarParameter(type, checked);
  return Prisma.sql`(${read} ${Prisma.raw(facts.sql)} ${parameter})`;
}

/** Whether an index has the grams of the attribute. */
function isSearched(scope: Scope, path: readonly string[]): boolean {
  return scope.kind === 'row' && scope.mapping.indexes?.searches?.includes(path.join('.')) === true;
}

/** Within jsonb by containment, which a GIN index serves and which never casts. */
function equals(place: Leaf, type: ScalarType, value: FilterValue): Prisma.Sql {
  const parameter = columnParameter(type, value);
  if (place.kind === 'column') return Prisma.sql`(${place.column} = ${parameter})`;
  const document = jsonParameter(nest(place.path, { kind: 'scalar', json: toJson(value) }));
  if (place.path.length > 0) return Prisma.sql`(${place.root} @> ${document})`;
  // A bare scalar is contained in an array that has it (`'[1]' @> '1'`), hence the plain equality.
  return Prisma.sql`(${place.root} = ${document})`;
}

function compileList({ path, operator, values }: CompareList, scope: Scope): Prisma.Sql {
  const { place, type } = leafAt(scope, path, operator);
  const checked = values.map((value) => checkValue(type, value, path));
  const isIn = checked.length === 0 ? Prisma.sql`FALSE` : includes(place, type, checked);
  return operator === 'in' ? isIn : not(isIn);
}

function includes(place: Leaf, type: ScalarType, values: readonly FilterValue[]): Prisma.Sql {
  if (place.kind === 'column') {
    // The same statement for any number of them.
    if (type === 'string') return Prisma.sql`(${place.column} = ANY(${values as string[]}::text[]))`;
    return Prisma.sql`(${place.column} IN (${Prisma.join(values.map((value) => columnParameter(type, value)))}))`;
  }
  const containment = containmentOf({ kind: 'compareList', path: place.path, operator: 'in', values }, place.rootType);
  if (containment && place.path.length > 0) return contains(place.root, containment, []);
  const parameters = values.map((value) => jsonScalarParameter(type, value));
  return Prisma.sql`(${jsonScalar(jsonAt(place.root, place.path), type)} IN (${Prisma.join(parameters)}))`;
}

/** Some alternative lies in the jsonb root, below the path. */
function contains(root: Prisma.Sql, { alternatives }: Containment, path: readonly string[]): Prisma.Sql {
  return joined(
    alternatives.map((document) => Prisma.sql`${root} @> ${jsonParameter(nest(path, document))}`),
    ' OR ',
    Prisma.sql`FALSE`,
  );
}

function compileIsNull(place: Place, isNull: boolean): Prisma.Sql {
  const test = Prisma.raw(isNull ? 'IS NULL' : 'IS NOT NULL');
  switch (place.kind) {
    case 'column':
      return Prisma.sql`(${place.column} ${test})`;
    case 'json': {
      // JSON null and a missing member are both null.
      const equal = Prisma.raw(isNull ? '=' : '<>');
      return Prisma.sql`(COALESCE(jsonb_typeof(${jsonAt(place.root, place.path)}), 'null') ${equal} 'null')`;
    }
    case 'parts': {
      const tests = place.columns.map((column) => Prisma.sql`${column} ${test}`);
      return Prisma.sql`(${Prisma.join(tests, isNull ? ' AND ' : ' OR ')})`;
    }
  }
}

/** The containment, for the index; and unless that says it all, a look at each element. */
function compileSome({ path, filter }: Elements, scope: Scope): Prisma.Sql {
  const place = locate(scope, path);
  const type = elementOf(place.type, path);
  // Lists lie in jsonb: no column type and no pair is one.
  const { root, path: below } = place as Extract<Place, { kind: 'json' }>;
  const containment = containmentOf({ kind: 'some', path: [], filter }, { kind: 'list', element: type });
  const contained = containment && contains(root, containment, below);
  if (contained && containment.exact) return contained;
  const depth = scope.kind === 'element' ? scope.depth + 1 : 1;
  const element = identifier(`e${depth}`);
  const inner = compile(filter, { kind: 'element', json: Prisma.sql`${element}.value`, type, depth });
  const list = jsonAt(root, below);
  // What is no list has no elements, instead of an error.
  const elements = Prisma.sql`jsonb_array_elements(CASE WHEN jsonb_typeof(${list}) = 'array' THEN ${list} END)`;
  const exists = Prisma.sql`EXISTS (SELECT 1 FROM ${elements} AS ${element}(value) WHERE ${inner})`;
  return contained ? Prisma.sql`(${contained} AND ${exists})` : exists;
}
