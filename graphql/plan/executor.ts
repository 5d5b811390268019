import { randomUUID } from 'node:crypto';
import {
  defaultFieldResolver,
  isIntrospectionType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../src/platform/errors.js';
import { lowerFirst } from '../../src/platform/letter-case.js';
import { forbiddenNull, hiddenValue, refused, tooLarge } from '../../src/platform/plan/plan.js';
import type { Context } from '../context.js';
import { scopeOf } from '../page.js';
import type { Selected } from '../cost/selections.js';
import { bind, type BoundField } from './bind.js';
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

/** Plans of one field of a mutation, which differ by what its variables select. */
const plansOfFieldMax = 8;

/** Objects that plans have made: their values stand under names of the answer. */
const planned = new WeakSet<object>();

/** What an object of a plan has in the place of a value that was refused. */
class Refused {
  constructor(readonly error: Error) {}
}

/** Lets the fields of a schema be read by plans, in place. */
export function withPlans(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields()) as GraphQLField<unknown, ContextWithOutcomes>[]) {
      if (type === schema.getQueryType()) field.resolve = readOf(field) ? readRoot : field.resolve;
      else field.resolve = type === schema.getMutationType() ? withReads(field) : ofPlan(field);
    }
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, ContextWithOutcomes>;

/** A field of the root. */
const readRoot: Resolver = async (_source, _args, context, info) => {
  const { field, node, selected, options } = selectedBy(info, context);
  const plan = planField(selected, options);
  if (!plan) throw new Error(`${field.name} is not read by a plan`);
  const bound = await bind(plan, field, node, info.variableValues, context);
  const outcome = context.outcomes?.get(selected.responseName);
  if (outcome && 'error' in outcome) throw outcome.error;
  const text = outcome ? outcome.text : await readFieldText(plan, bound, context, field);
  return parsed(text, bound.requests, context);
};

/** A mutation: what its selection wants to know beyond the row that it answers is read for all its rows at once. */
function withReads({ resolve = defaultFieldResolver }: GraphQLField<unknown, ContextWithOutcomes>): Resolver {
  return async (source, args, context, info) => {
    const result: unknown = await resolve(source, args, context, info);
    if (typeof result !== 'object' || result === null) return result;
    const plan = plannedObjects(info, context);
    if (!plan) return result;
    const { field, node } = selectedBy(info, context);
    const rows = Array.isArray(result) ? (result as object[]) : [result];
    const { requests } = await bind(plan, field, node, info.variableValues, context, rows.length);
    const read = { plan: plan.plan, style: 'graphql', requests, scope: scopeOf(context) } as const;
    const objects = (await context.reads.objects(read, rows)).map((text) => parsed(text, requests, context));
    return Array.isArray(result) ? objects : objects[0];
  };
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

function plannedObjects(info: GraphQLResolveInfo, context: Context): PlannedObjects {
  const { fieldNodes, fragments, variableValues } = info;
  const make = (): PlannedObjects => {
    const { selected, options } = selectedBy(info, context);
    return planObjects(selected, options);
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
  const key = [context.access.form, ...values].join(' ');
  let found = known.plans.get(key);
  if (found === undefined) known.plans.set(key, (found = { plan: make() }));
  return found.plan;
}

/** A field of any other object: that of a plan has the value, under the name of the answer. */
function ofPlan(field: GraphQLField<unknown, ContextWithOutcomes>): Resolver {
  const { resolve = defaultFieldResolver } = field;
  const read = readOf(field);
  return (source, args, context, info) => {
    if (typeof source !== 'object' || source === null || !planned.has(source)) {
      if (context.access.rights.hides && isHidden(info, context)) throw hiddenAttribute();
      return resolve(source, args, context, info);
    }
    const values = source as Readonly<Record<string, unknown>>;
    if (read?.kind === 'resolver')
      return resolve(Object.fromEntries(read.needs.map((name) => [name, values[`@${name}`]])), args, context, info);
    const value = values[info.path.key];
    if (value instanceof Refused) throw value.error;
    return value;
  };
}

function isHidden({ parentType, fieldName }: GraphQLResolveInfo, { access }: Context): boolean {
  return access.rights.hidden(lowerFirst(parentType.name)).has(fieldName);
}

function hiddenAttribute(): DomainError {
  return new DomainError('FORBIDDEN', 'this attribute is hidden from you');
}

function selectedBy(
  info: GraphQLResolveInfo,
  { collectionOf, access }: Context,
): { field: GraphQLField<unknown, unknown>; node: FieldNode; selected: Selected; options: PlannerOptions } {
  const { fieldName, fieldNodes: nodes, parentType, fragments, variableValues: variables, path } = info;
  const field = parentType.getFields()[fieldName];
  const [node] = nodes;
  if (!field || !node) throw new Error(`${fieldName} is a field of the schema`);
  const selections = selectionsOf(new Map(Object.entries(fragments)), variables);
  const selected = { responseName: String(path.key), field, nodes };
  return { field, node, selected, options: { selections, collectionOf, presentation: undefined, variables, access } };
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
