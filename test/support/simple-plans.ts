import type { AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import type { Field, PagePlan, Shape } from '../../src/platform/plan/plan.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';

/** These attributes of a resource; what lies in jsonb as it is stored. */
export function shapeOf(mapping: ResourceMapping, attributes: readonly string[]): Shape {
  return {
    fields: attributes.map((name) => {
      const attribute = mapping.attributes[name];
      if (attribute === undefined) throw new Error(`${mapping.name} has no ${name}`);
      const { type, storage } = attribute;
      return fieldOf(name, type, storage.kind === 'parts');
    }),
  };
}

function fieldOf(attribute: string, type: AttributeType, isPair: boolean): Field {
  const parts = isPair && type.kind === 'object' ? Object.entries(type.attributes()) : undefined;
  return {
    name: attribute,
    isRequired: false,
    value: {
      kind: 'attribute',
      attribute,
      scalar: parts ? undefined : type.kind === 'scalar' ? type.type : 'json',
      isList: type.kind === 'list',
      isFirst: false,
      ...(parts && { shape: { fields: parts.map(([name, part]) => fieldOf(name, part, false)) } }),
    },
  };
}

/** A page of the root with these attributes of its rows. */
export function pagePlan(
  mapping: ResourceMapping,
  attributes: readonly string[],
  { count }: { count?: 'bounded' | 'exact' | undefined },
): PagePlan {
  return {
    kind: 'page',
    number: 0,
    mapping,
    items: [shapeOf(mapping, attributes)],
    fields: [
      { name: 'items', value: { kind: 'items', index: 0 } },
      ...(count ? [{ name: 'totalCount', value: { kind: 'totalCount', isExact: count === 'exact' } } as const] : []),
    ],
  };
}
