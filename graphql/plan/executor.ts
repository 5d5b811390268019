import { randomUUID } from 'node:crypto';
import {
  defaultFieldResolver,
  isAbstractType,
  isIntrospectionType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../src/platform/errors.js';
import { lowerFirst, upperFirst } from '../../src/platform/letter-case.js';
import { forbiddenNull, hiddenValue, refused, tooLarge } from '../../src/platform/plan/plan.js';
import type { Context } from '../context.js';
import type { ToldEvent } from '../events/event-feed.js';
import { scopeOf } from '../page.js';
import type { Selected } from '../cost/selections.js';
import { attributeOfField } from '../naming.js';
import { bind, type BoundField } from './bind.js';
import { readEntities } from './entities.js';
import { readOf } from './field-read.js';
import { planField, planObjects, type PlannerOptions } from './planner.js';
import { selectionsOf, structuralVariables } from './plans.js';
import { readFieldText } from './read-field.js';

// The way of a read through the executor, for operations that no text answers as a whole: those with an error, with a field
// that only a resolver knows, or with introspection. The plans are the same; their texts are parsed and handed to the
// executor field by field, under the names that they have in the answer.

/** A field of the root that has been read already: its text, or why there is none. */
export type Outcome = { readonly text: string } | { readonly error: unknown };

/** The context of an operation some of whose fields have been read. */
export interface ContextWithOutcomes extends Context {
  readonly outcomes?: ReadonlyMap<string, Outcome>;
}

/** Plans of one field of a mutation or an event, which differ by what its variables select, and by types. */
const plansOfFieldMax = 32;

/** Objects that plans have made: their values stand under names of the answer. */
const planned = new WeakSet<object>();

/** Of such objects the types, where a field of the root may answer several. */
const typeNames = new WeakMap<object, string>();

/** What an object of a plan has in the place of a value that was refused. */
class Refused {
  constructor(readonly error: Error) {}
}

/** Lets the fields of a schema be read by plans, in place. */
export function withPlans(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = (value) => typeNames.get(value as object);
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields()) as GraphQLField<unknown, ContextWithOutcomes>[]) {
      if (type === schema.getSubscriptionType()) continue;
      if (type === schema.getQueryType()) field.resolve = rootResolver(field);
      else if (readOf(field)?.kind === 'told') field.resolve = resolveTold;
      else field.resolve = type === schema.getMutationType() ? withReads(field) : ofPlan(field);
    }
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, ContextWithOutcomes>;

function rootResolver(field: GraphQLField<unknown, ContextWithOutcomes>): Resolver | undefined {
  const read = readOf(field);
  if (read?.kind === 'entities') return resolveEntities;
  return read ? readRoot : field.resolve;
}

/** The field of the root that answers resources by their keys. */
const resolveEntities: Resolver = async (_source, args, context, info) => {
  const { representations } = args as { representations: readonly unknown[] };
  const entities = await readEntities(representations, selectedBy(info, context), context);
  return entities.map(({ typeName, text, requests }) => {
    if (text === undefined) return null;
    const value = parsed(text, requests, context) as object;
    typeNames.set(value, typeName);
    return value;
  });
};

/** A field of the root. */
const readRoot: Resolver = async (_source, _args, context, info) => {
  const { field, node, selected, options } = selectedBy(info, context);
  const plan = planField(selected, options);
  if (!plan) throw new Error(`${field.name} is not read by a plan`);
  const bound = await bind(plan, field, node, info.variableValues, context);
  const outcome = context.outcomes?.get(selected.responseName);
  if (outcome && 'error' in outcome) throw outcome.error;
  const text = outcome ? outcome.text : await readFieldText(plan, bound, context, field);
  const value = parsed(text, bound.requests, context);
  if (plan.plan.kind === 'row' && typeof value === 'object' && value) typeNames.set(value, plan.plan.mapping.name);
  return value;
};

/** A mutation: what its selection wants to know beyond the row that it answers is read for all its rows at once. */
function withReads({ resolve = defaultFieldResolver }: GraphQLField<unknown, ContextWithOutcomes>): Resolver {
  return async (source, args, context, info) => shown(await resolve(source, args, context, info), context, info);
}

/** The resource that an event is about: what its selection wants to know beyond the row is read now. */
const resolveTold: Resolver = async (source, _args, context, info) => {
  const { resourceType, row } = source as ToldEvent;
  const type = info.schema.getType(upperFirst(resourceType));
  const value = await shown(row, context, info, isObjectType(type) ? type : undefined);
  typeNames.set(value as object, upperFirst(resourceType));
  return value;
};

/** Rows with what lies beside them. `type`: theirs, where the field may have several. */
async function shown(
  result: unknown,
  context: ContextWithOutcomes,
  info: GraphQLResolveInfo,
  type?: GraphQLObjectType,
): Promise<unknown> {
  if (typeof result !== 'object' || result === null) return result;
  const plan = plannedObjects(info, context, type);
  if (!plan) return result;
  const { field, node } = selectedBy(info, context);
  const rows = Array.isArray(result) ? (result as object[]) : [result];
  if (rows.length === 0) return result;
  const { requests } = await bind(plan, field, node, info.variableValues, context, rows.length);
  const read = { plan: plan.plan, style: 'graphql', requests, scope: scopeOf(context) } as const;
  const objects = (await context.reads.objects(read, rows)).map((text) => parsed(text, requests, context));
  return Array.isArray(result) ? objects : objects[0];
}

type PlannedObjects = ReturnType<typeof planObjects>;

/** What is known of a field of a mutation. */
interface KnownObjects {
  /** The variables that decide what it selects. */
  readonly structural: readonly string[];
  /** What its selection wants to know beyond the row, by what the caller may see and the values of these. */
  readonly plans: LRUCache<string, { readonly plan: PlannedObjects }>;
}

const knownObjects = new WeakMap<FieldNode, KnownObjects>();

function plannedObjects(info: GraphQLResolveInfo, context: Context, type?: GraphQLObjectType): PlannedObjects {
  const { fieldNodes, fragments, variableValues } = info;
  const make = (): PlannedObjects => {
    const { selected, options } = selectedBy(info, context);
    return planObjects(selected, options, type);
  };
  const [node, another] = fieldNodes;
  if (node === undefined || another !== undefined) return make();
  let known = knownObjects.get(node);
  if (known === undefined) {
    const structural = structuralVariables([node, ...Object.values(fragments)]);
    known = { structural, plans: new LRUCache({ max: plansOfFieldMax }) };
    knownObjects.set(node, known);
  }
  const values = known.structural.map((name) => JSON.stringify(variableValues[name]));
  const key = [type?.name, context.access.form, ...values].join(' ');
  let found = known.plans.get(key);
  if (found === undefined) known.plans.set(key, (found = { plan: make() }));
  return found.plan;
}

/** A field of any other object: that of a plan has the value, under the name of the answer. */
function ofPlan(field: GraphQLField<unknown, ContextWithOutcomes>): Resolver {
  const { resolve = defaultFieldResolver } = field;
  const read = readOf(field);
  const attribute = attributeOfField(field);
  return (source, args, context, info) => {
    if (typeof source !== 'object' || source === null || !planned.has(source)) {
      if (context.access.rights.hides && isHidden(info, attribute, context)) throw hiddenAttribute();
      return resolve(source, args, context, info);
    }
    const values = source as Readonly<Record<string, unknown>>;
    if (read?.kind === 'resolver') {
      const needed = Object.fromEntries(read.needs.map((name) => [name, values[`@${name}`]]));
      const result: unknown = resolve(needed, args, context, info);
      return read.rowsOf ? Promise.resolve(result).then((rows) => shown(rows, context, info)) : result;
    }
    const value = values[info.path.key];
    if (value instanceof Refused) throw value.error;
    return value;
  };
}

function isHidden({ parentType }: GraphQLResolveInfo, attribute: string, { access }: Context): boolean {
  return access.rights.hidden(lowerFirst(parentType.name)).has(attribute);
}

function hiddenAttribute(): DomainError {
  return new DomainError('FORBIDDEN', 'this attribute is hidden from you');
}

function selectedBy(
  info: GraphQLResolveInfo,
  { collectionOf, access }: Context,
): { field: GraphQLField<unknown, unknown>; node: FieldNode; selected: Selected; options: PlannerOptions } {
  const { schema, fieldName, fieldNodes: nodes, parentType, fragments, variableValues: variables, path } = info;
  const field = parentType.getFields()[fieldName];
  const [node] = nodes;
  if (!field || !node) throw new Error(`${fieldName} is a field of the schema`);
  const selections = selectionsOf(new Map(Object.entries(fragments)), variables);
  const selected = { responseName: String(path.key), field, nodes };
  const options = { schema, selections, collectionOf, presentation: undefined, variables, access };
  return { field, node, selected, options };
}

/** Stands in a text for a value that was refused: a name that no client knows. */
const refusal = `@refused-${randomUUID()}`;
const marks = new RegExp(`${refused}(\\d+)${refused}|${forbiddenNull}|${tooLarge}|${hiddenValue}`, 'g');
/** Numbers of refusals that are not those of a page. */
const numbers: Readonly<Record<string, number>> = { [tooLarge]: -1, [hiddenValue]: -2 };

/** Whether a text cannot go out as it is. */
export function hasMarks(text: string): boolean {
  return [forbiddenNull, tooLarge, refused, hiddenValue].some((mark) => text.includes(mark));
}

/** The value of a text, in which marks stand for errors. */
function parsed(text: string, requests: BoundField['requests'], { reads }: Context): unknown {
  const json = text.replace(marks, (mark: string, number: string | undefined) =>
    mark === forbiddenNull
      ? 'null'
      : JSON.stringify({ [refusal]: number === undefined ? numbers[mark] : Number(number) }),
  );
  return JSON.parse(json, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    if (Object.hasOwn(value, refusal)) {
      const number = (value as Readonly<Record<string, number>>)[refusal];
      if (number === numbers[hiddenValue]) return new Refused(hiddenAttribute());
      const request = requests[number ?? -1];
      return new Refused(request instanceof DomainError ? request : reads.tooLarge());
    }
    planned.add(value);
    return value;
  });
}
