import { isObjectType, type FieldNode, type GraphQLField } from 'graphql';
import type { Context } from '../context.js';
import type { Selected } from '../cost/selections.js';
import { namedBy } from '../federation/representation.js';
import { scopeOf } from '../page.js';
import { bind, type BoundField } from './bind.js';
import { planResource, type PlannerOptions } from './planner.js';

/** A resource that was asked for by its key; `text` is undefined where there is none. */
export interface Entity {
  readonly typeName: string;
  readonly text: string | undefined;
  readonly requests: BoundField['requests'];
}

/** Reads the resources that these representations name, those of each type by one statement, and returns them in their order. */
export async function readEntities(
  representations: readonly unknown[],
  { field, node, selected, options }: EntitiesField,
  context: Context,
): Promise<Entity[]> {
  const asked = namedBy(representations, options.schema);
  const idsOf = new Map<string, Set<string>>();
  for (const { typeName, id } of asked) idsOf.set(typeName, (idsOf.get(typeName) ?? new Set()).add(id));
  const found = new Map(
    await Promise.all(
      [...idsOf].map(async ([typeName, ids]) => {
        const type = options.schema.getType(typeName);
        if (!isObjectType(type)) throw new Error(`unreachable: ${typeName} is a type of the schema`);
        const planned = planResource(type, selected, options);
        const { plan } = planned;
        // They are several, as what a mutation has made may be: lists below them are bounded together.
        const asObjects = { ...planned, plan: { kind: 'objects', shape: plan.shape } as const };
        const { requests } = await bind(asObjects, field, node, options.variables, context, ids.size);
        const read = { plan, style: 'graphql', requests, scope: scopeOf(context) } as const;
        return [typeName, { requests, rows: await context.reads.rowsNamed(read, [...ids]) }] as const;
      }),
    ),
  );
  return asked.map(({ typeName, id }) => {
    const { rows, requests = [] } = found.get(typeName) ?? {};
    return { typeName, text: rows?.get(id)?.item, requests };
  });
}

/** The field of the root that answers them, as it was asked. */
export interface EntitiesField {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly selected: Selected;
  readonly options: PlannerOptions;
}
