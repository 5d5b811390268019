import { DomainError } from '../../errors.js';
import { operatorNames, operators, type Operator } from '../operators.js';
import { scalarTypes, type Attributes, type AttributeType, type ScalarType } from './attribute-type.js';

const operatorsByType: ReadonlyMap<ScalarType, ReadonlySet<Operator>> = new Map(
  scalarTypes.map((type) => [type, new Set(operatorNames.filter((name) => operators[name].types.includes(type)))]),
);
const presence: ReadonlySet<Operator> = new Set<Operator>(['isNull']);

/** The operators that fit attributes of the type; of objects and lists as a whole only whether they are there. */
export function operatorsOf(type: AttributeType): ReadonlySet<Operator> {
  return (type.kind === 'scalar' && operatorsByType.get(type.type)) || presence;
}

/** The attribute of that name, not one that an object merely inherits (`constructor`). */
export function attributeOf(attributes: Attributes, name: string): AttributeType | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

/**
 * The type one step further. Below a json value every name is allowed and is json again: that is how
 * attributes of an extension are filtered by name (docs/decisions/0022-extensions.md).
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
