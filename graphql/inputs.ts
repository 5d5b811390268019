import { attributesOf, type Attribute, type TypeClass } from './attribute.js';
import { field, inputClass } from './filter.js';

/** BucketCreate for Bucket: what a client may and must give. */
export function createInputOf(target: TypeClass): TypeClass {
  return derived(
    `${target.name}Create`,
    `What a new ${target.name} is made from.`,
    target,
    ({ create }) => create !== undefined,
    ({ create }) => create === 'required',
  );
}

/** BucketUpdate for Bucket: each attribute it carries replaces the stored one whole, null removes it. */
export function updateInputOf(target: TypeClass): TypeClass {
  return derived(
    `${target.name}Update`,
    `Changes of a ${target.name}: an attribute that is given replaces the stored one whole, null removes it, an absent one stays.`,
    target,
    ({ update }) => update === true,
    () => false,
  );
}

function derived(
  name: string,
  description: string,
  target: TypeClass,
  isPart: (attribute: Attribute) => boolean,
  isRequired: (attribute: Attribute) => boolean,
): TypeClass {
  const input = inputClass(name, description);
  for (const attribute of attributesOf(target).values()) {
    const { name, field: fieldName = name, type, description } = attribute;
    if (isPart(attribute)) field(input, fieldName, type, description, !isRequired(attribute));
  }
  return input;
}
