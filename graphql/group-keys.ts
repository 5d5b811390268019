import { periodFormats, type GroupKey, type Measure, type Period } from '../src/platform/read/groups.js';
import type { ScalarType } from '../src/platform/filter/tree/attribute-type.js';
import {
  columnPairOf,
  resolveType,
  resourceOf,
  storedAttributesOf,
  type Attribute,
  type SingleType,
  type TypeClass,
  type TypeThunk,
} from './attribute.js';
import { upperFirst } from '../src/platform/letter-case.js';
import { scalarTypeOf } from './resource-mapping.js';
import { AnyJson } from './scalars.js';

// What the rows of a resource can be grouped by, and what can be summed up of them: the attributes of its class and those one level
// below, through lists, too. Names are those of the fields, one behind the other as they are entered.

/** What a resource may be grouped by. */
export interface DeclaredKey extends GroupKey {
  readonly name: string;
  readonly description: string;
  /** That of the field of the groups: the attribute's own, but of periods, which are texts. */
  readonly shown: TypeThunk;
}

/** What may be summed up of a resource. */
export interface DeclaredMeasure extends Measure {
  readonly name: string;
  readonly description: string;
}

/** A value of a row that is no object. */
interface Leaf {
  readonly attribute: Attribute;
  readonly path: readonly string[];
  readonly name: string;
  readonly type: SingleType;
  readonly scalar: ScalarType;
  readonly isInList: boolean;
}

/** Attributes that nothing is gathered by: texts for people, and how an object is written. */
const notation = /^(description|href|atBaseType|atSchemaLocation|revision)$/;
/** The same of what lies within a row; what a document holds, and its address, which depends on how the client reaches us. */
const innerNotation = /^(at[A-Z].*|content|url)$/;

const periods: Readonly<Record<Period, string>> = {
  day: 'The day of it, e.g. 2026-01-31',
  week: 'The week of it as ISO 8601 counts, from Monday on, e.g. 2026-W05',
  month: 'The month of it, e.g. 2026-01',
  year: 'The year of it, e.g. 2026',
};

/** What rows of this type may be grouped by. */
export function keysOf(target: TypeClass): readonly DeclaredKey[] {
  const found = leavesOf(target).flatMap((leaf): Omit<DeclaredKey, 'column'>[] => {
    const { attribute, path, name, type, scalar, isInList } = leaf;
    if (scalar === 'decimal' || scalar === 'json') return [];
    const each = isInList ? ' A row counts under each that its list has, once.' : '';
    if (scalar !== 'dateTime')
      return [{ name, path, type: scalar, description: attribute.description + each, shown: () => type }];
    return (Object.keys(periodFormats) as Period[]).map((period) => ({
      name: joined(name, period),
      path,
      type: scalar,
      period,
      description: `${periods[period]}, by the operator's clock. ${attribute.description}${each}`,
      shown: () => String,
    }));
  });
  const keys = found.map((key, index) => ({ ...key, column: `k${index}` }));
  return requireDifferent(keys, target);
}

/** What may be summed up of rows of this type: amounts with their units, and numbers without. */
export function measuresOf(target: TypeClass): readonly DeclaredMeasure[] {
  const named = storedAttributesOf(target).flatMap((attribute): DeclaredMeasure[] => {
    const { type, isList } = resolveType(attribute.type);
    const outer = amountOf(attribute, type, [], []);
    if (outer || scalarTypeOf(type) !== undefined) return outer ? [outer] : [];
    return storedAttributesOf(type as TypeClass).flatMap((inner) => {
      const resolved = resolveType(inner.type);
      if (resolved.isList) return [];
      const found = amountOf(inner, resolved.type, [attribute.name], [fieldOf(attribute)]);
      // A list of values of any type, such as characteristics, may well be one of numbers.
      const isOpen = isList && resolved.type === AnyJson;
      if (found || !isOpen) return found ? [found] : [];
      const numbers = 'What is a number, or a text that is one, counts; together with others, group by their names.';
      return [
        {
          name: joined(fieldOf(attribute), fieldOf(inner)),
          amount: [attribute.name, inner.name],
          description: `${inner.description} ${numbers}`,
        },
      ];
    });
  });
  return requireDifferent(named, target);
}

function amountOf(
  attribute: Attribute,
  type: SingleType,
  path: readonly string[],
  names: readonly string[],
): DeclaredMeasure | undefined {
  const { description } = attribute;
  const amount = [...path, attribute.name];
  const [first = '', ...others] = [...names, fieldOf(attribute)];
  if (scalarTypeOf(type) === 'decimal') return { name: joined(first, ...others), amount, description };
  const parts = columnPairOf(type) ? storedAttributesOf(type as TypeClass) : [];
  const number = parts.find((part) => scalarTypeOf(resolveType(part.type).type) === 'decimal');
  const units = parts.find((part) => part !== number);
  if (number === undefined || units === undefined) return undefined;
  return {
    name: joined(first, ...others),
    amount: [...amount, number.name],
    units: [...amount, units.name],
    description,
  };
}

function leavesOf(target: TypeClass): Leaf[] {
  const { key = 'id' } = resourceOf(target);
  const attributes = storedAttributesOf(target);
  const own = new Set(attributes.map(fieldOf));
  return attributes.flatMap((attribute): Leaf[] => {
    // Groups by what identifies a row would be the rows.
    if (attribute.name === key || notation.test(attribute.name)) return [];
    const { type, isList } = resolveType(attribute.type);
    const scalar = scalarTypeOf(type);
    const [path, name] = [[attribute.name], fieldOf(attribute)];
    if (scalar !== undefined) return [{ attribute, path, name, type, scalar, isInList: isList }];
    return storedAttributesOf(type as TypeClass).flatMap((inner): Leaf[] => {
      const { type: innerType, isList: isInnerList } = resolveType(inner.type);
      const innerScalar = scalarTypeOf(innerType);
      const isNotation = notation.test(inner.name) || innerNotation.test(inner.name);
      const innerName = joined(name, fieldOf(inner));
      // What a row has itself under such a name, it has from there.
      if (isInnerList || innerScalar === undefined || isNotation || own.has(innerName)) return [];
      return [
        {
          attribute: inner,
          path: [...path, inner.name],
          name: innerName,
          type: innerType,
          scalar: innerScalar,
          isInList: isList,
        },
      ];
    });
  });
}

/** usageSpecification, refId → usageSpecificationRefId. */
function joined(first: string, ...others: string[]): string {
  return first + others.map(upperFirst).join('');
}

function requireDifferent<One extends { readonly name: string }>(
  declared: readonly One[],
  target: TypeClass,
): readonly One[] {
  const twice = declared.find(({ name }, index) => declared.findIndex((one) => one.name === name) !== index);
  if (twice) throw new Error(`${target.name} has two things that are called ${twice.name}`);
  return declared;
}

function fieldOf({ name, field }: Attribute): string {
  return field ?? name;
}
