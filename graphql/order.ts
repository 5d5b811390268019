import { registerEnumType } from 'type-graphql';
import { limitExceeded, SORT_KEYS_MAX } from '../src/platform/limits.js';
import type { Attributes, AttributeType } from '../src/platform/filter/tree/attribute-type.js';
import type { OrderKey } from '../src/platform/filter/tree/filter.js';
import { DomainError } from '../src/platform/errors.js';
import { resolveType, storedAttributesOf, type TypeClass } from './attribute.js';
import { field, inputClass } from './filter.js';
import { attributeNamed } from './naming.js';
import { ParsedOrder } from './parsed-arguments.js';
import { scalarTypeOf } from './resource-mapping.js';

export enum OrderDirection {
  ASC = 'ASC',
  DESC = 'DESC',
}
registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Ascending or descending; absent values come last in both.',
  valuesConfig: {
    ASC: { description: 'Smallest, earliest or first in the alphabet first.' },
    DESC: { description: 'Largest, latest or last in the alphabet first.' },
  },
});

const orderInputs = new Map<TypeClass, TypeClass | undefined>();

/** BucketOrderBy for Bucket: one key, e.g. `{ requestedDate: DESC }` or `{ amount: { amount: ASC } }`. */
export function orderInputOf(target: TypeClass): TypeClass {
  const order = orderClass(target);
  if (order === undefined) throw new Error(`${target.name} has nothing to order by`);
  return order;
}

/** Undefined for types without a scalar: an input type must not be empty. */
function orderClass(target: TypeClass): TypeClass | undefined {
  if (orderInputs.has(target)) return orderInputs.get(target);
  orderInputs.set(target, undefined);
  const keys = storedAttributesOf(target).flatMap(({ name, field: fieldName = name, type: thunk, description }) => {
    const { type, isList } = resolveType(thunk);
    const scalar = scalarTypeOf(type);
    if (isList || scalar === 'json') return [];
    const keyType = scalar === undefined ? orderClass(type as TypeClass) : OrderDirection;
    return keyType ? [{ name: fieldName, keyType, description }] : [];
  });
  if (keys.length === 0) return undefined;
  const order = inputClass(
    `${target.name}OrderBy`,
    `One order key of ${target.name}: exactly one attribute with its direction.`,
  );
  orderInputs.set(target, order);
  for (const { name, keyType, description } of keys) field(order, name, () => keyType as TypeClass, description);
  return order;
}

export type OrderInput = { readonly [name: string]: OrderDirection | OrderInput | null | undefined };

/** Order inputs become order keys; each must name exactly one attribute. */
export function toOrder(
  inputs: readonly OrderInput[] | ParsedOrder | null | undefined,
  attributes: Attributes,
): readonly OrderKey[] {
  if (inputs instanceof ParsedOrder) return inputs.keys;
  const keys = inputs ?? [];
  if (keys.length > SORT_KEYS_MAX)
    throw limitExceeded('SORT_KEYS_MAX', SORT_KEYS_MAX, `orderBy has ${keys.length} keys`, 'orderBy');
  return keys.map((input) => toOrderKey(input, { kind: 'object', attributes: () => attributes }, []));
}

function toOrderKey(input: OrderInput, type: AttributeType | undefined, path: readonly string[]): OrderKey {
  const keys = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const [first] = keys;
  if (keys.length !== 1 || first === undefined) {
    throw new DomainError(
      'INVALID_QUERY',
      'each orderBy element names exactly one attribute; several keys are several elements',
      {
        path: 'orderBy',
      },
    );
  }
  const [name, value] = first;
  const attributes = type?.kind === 'object' ? type.attributes() : {};
  const attribute = attributeNamed(attributes, name);
  const reached = [...path, attribute];
  if (typeof value === 'string') return { path: reached, descending: value === OrderDirection.DESC };
  return toOrderKey(value as OrderInput, attributes[attribute], reached);
}
