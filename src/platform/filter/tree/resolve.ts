import { DomainError } from '../../errors.js';
import type { Attributes, AttributeType, ScalarType } from './attribute-type.js';
import type { Operator } from './filter.js';

const equality = ['eq', 'ne', 'in', 'nin', 'isNull'] as const;
const ranges = ['gt', 'gte', 'lt', 'lte'] as const;

/** Which operators fit which type. json is compared as a whole (see attribute-type). */
const operatorsByType: Readonly<Record<ScalarType, ReadonlySet<Operator>>> = {
  string: new Set<Operator>([...equality, ...ranges, 'contains', 'startsWith', 'regex']),
  int: new Set<Operator>([...equality, ...ranges]),
  decimal: new Set<Operator>([...equality, ...ranges]),
  dateTime: new Set<Operator>([...equality, ...ranges]),
  boolean: new Set<Operator>(equality),
  json: new Set<Operator>(equality),
};

export function operatorsOf(type: AttributeType): ReadonlySet<Operator> {
  return type.kind === 'scalar' ? operatorsByType[type.type] : new Set<Operator>(['isNull']);
}

/** The attribute of that name, not one that an object merely inherits (`constructor`). */
export function attributeOf(attributes: Attributes, name: string): AttributeType | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

/**
 * The type one step further. Below a json value every name is allowed and is json again: that is how
 * attributes of an extension are filtered by name (DESIGN §12, Extensions).
 */
export function stepInto(type: AttributeType, name: string): AttributeType | undefined {
  if (type.kind === 'object') return attributeOf(type.attributes(), name);
  if (type.kind === 'scalar' && type.type === 'json') return type;
  return undefined;
}

/** The type at the end of a path of the filter tree, or the refusal that names the path (or all of it). */
export function typeAt(type: AttributeType, path: readonly string[], whole = path): AttributeType {
  let reached = type;
  for (const name of path) {
    const next = stepInto(reached, name);
    if (next === undefined) throw unknownAttribute(whole);
    reached = next;
  }
  return reached;
}

/** The scalar type a condition compares with, refusing an operator that does not fit it. */
export function scalarFor(type: AttributeType, operator: Operator, path: readonly string[]): ScalarType {
  if (type.kind !== 'scalar' || !operatorsOf(type).has(operator)) throw operatorNotSupported(operator, path);
  return type.type;
}

/** The type of the elements of a list that `some` or `none` enters. */
export function elementOf(type: AttributeType, path: readonly string[]): AttributeType {
  if (type.kind !== 'list')
    throw new DomainError('INVALID_QUERY', `'${dotted(path)}' is not a list`, { path: dotted(path) });
  return type.element;
}

export function unknownAttribute(path: readonly string[]): DomainError {
  return new DomainError('INVALID_QUERY', `cannot filter by '${dotted(path)}'`, { path: dotted(path) });
}

export function operatorNotSupported(operator: string, path: readonly string[]): DomainError {
  return new DomainError('INVALID_QUERY', `operator '${operator}' does not fit '${dotted(path)}'`, {
    path: dotted(path),
  });
}

export function dotted(path: readonly string[]): string {
  return path.join('.');
}
