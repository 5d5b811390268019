import { Args, ArgsType, Int, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql';
import { DomainError } from '../src/platform/errors.js';
import type { OrderKey } from '../src/platform/filter/tree/filter.js';
import { limitExceeded, SORT_KEYS_MAX } from '../src/platform/limits.js';
import type { PageRequest } from '../src/platform/plan/page-request.js';
import { AVERAGE_PLACES, type Groups } from '../src/platform/read/groups.js';
import type { ResourceMapping, StoredAttribute } from '../src/platform/read/resource-mapping.js';
import { Attribute, type TypeClass, type TypeThunk } from './attribute.js';
import type { Context } from './context.js';
import { weights } from './cost/weights.js';
import { field, filterInputOf, inputClass } from './filter.js';
import { keysOf, measuresOf, type DeclaredKey, type DeclaredMeasure } from './group-keys.js';
import { GROUP_KEYS_MAX } from './limits.js';
import { operationsOf } from './naming.js';
import { OrderDirection } from './order.js';
import { filterOf, pageOf, placeArguments, toPlace, type PageArguments } from './page.js';
import { byPlan, Read } from './plan/field-read.js';
import { attributeTypesOf, mappingOf } from './resource-mapping.js';
import { Decimal } from './scalars.js';

// Groups of the rows of a resource, with their figures, are read like rows of a resource of their own. Its class is made here, of the
// attributes of the resource; what may be asked of its list follows from that class as it does for every other.

/** What a list of groups is asked with. */
export interface GroupArguments extends Omit<PageArguments, 'orderBy'> {
  readonly orderBy?: readonly GroupOrderInput[] | null;
  readonly groupBy?: readonly string[] | null;
  readonly of?: string | null;
}

/** The groups of a resource, as the planner knows them. */
export interface GroupedResource {
  readonly groups: Groups;
  /** Of the groups themselves. */
  readonly mapping: ResourceMapping;
  /** The request of a page of them. Throws DomainError when none may be asked for so. */
  requestOf(given: GroupArguments, context: Pick<Context, 'limits' | 'zoneOf' | 'principal'>): PageRequest;
}

interface Declared {
  readonly keys: readonly DeclaredKey[];
  readonly measures: readonly DeclaredMeasure[];
}

const figures: Readonly<Record<string, string>> = {
  sum: 'Exact sum of the amounts.',
  min: 'The least amount.',
  max: 'The greatest amount.',
  avg: `The average of the amounts, rounded to ${AVERAGE_PLACES} decimal places.`,
};

const figureEnum = enumOf('GroupFigure', 'A figure of a group.', [
  { name: 'count', description: 'How many there are.' },
  { name: 'units', description: 'The units of the amounts.' },
  ...Object.entries(figures).map(([name, description]) => ({ name, description })),
]);
const direction = OrderDirection as unknown as TypeClass;

/** The query of the groups of a resource, e.g. usagesAggregate. */
export function aggregateResolver(target: TypeClass): new () => object {
  const declared = { keys: keysOf(target), measures: measuresOf(target) };
  const isMeasured = declared.measures.length > 0;
  const group = groupClass(target, declared.keys, isMeasured);
  const page = pageOf(group);
  const groupArguments = argumentsOf(target, declared);
  const { many, aggregate } = operationsOf(target.name);
  const sums = isMeasured ? ', and in each of its units what an amount of theirs comes to' : '';

  @Resolver(() => group)
  class AggregateResolver {
    @Read({ kind: 'page', target, grouped: groupedResource(target, group, declared) })
    @Query(() => page, {
      name: aggregate,
      complexity: weights.report,
      description: `Groups of what ${many} lists: how many are in each${sums}. They come in the order of their keys, as groupBy names them; without groupBy all are one group.`,
    })
    aggregate(@Args(() => groupArguments) _request: GroupArguments): object {
      return byPlan();
    }
  }
  return AggregateResolver;
}

/** UsageGroup for Usage. */
function groupClass({ name }: TypeClass, keys: readonly DeclaredKey[], isMeasured: boolean): TypeClass {
  const keysClass = objectClass(
    `${name}GroupKeys`,
    `What the rows of a group of ${name} have in common. Null: they are not grouped by that, or have none.`,
  );
  for (const { name: key, shown, description } of keys) add(keysClass, key, shown, description);
  const group = objectClass(`${name}Group`, `A group of ${name} with its figures.`);
  add(group, 'keys', () => keysClass, 'What its rows have in common.', true);
  add(
    group,
    'count',
    () => Int,
    `How many there are${isMeasured ? '; with `of`, how many have that amount' : ''}.`,
    true,
  );
  if (!isMeasured) return group;
  add(group, 'units', () => String, 'The units of the amounts; null without `of`, and where they have none.');
  for (const [figure, description] of Object.entries(figures))
    add(group, figure, () => Decimal, `${description} Null without \`of\`.`);
  return group;
}

function objectClass(name: string, description: string): TypeClass {
  const { [name]: target } = { [name]: class {} };
  if (target === undefined) throw new Error('unreachable: the class was just made');
  ObjectType(name, { description, simpleResolvers: true })(target);
  return target;
}

function add(target: TypeClass, name: string, type: TypeThunk, description: string, required = false): void {
  Attribute(type, { required, description })(target.prototype as object, name);
}

function argumentsOf(target: TypeClass, { keys, measures }: Declared): TypeClass {
  const filter = filterInputOf(target);
  const key = enumOf(`${target.name}GroupKey`, `What rows of ${target.name} can be grouped by.`, keys);
  const order = inputClass(
    `${target.name}GroupOrderBy`,
    `What groups of ${target.name} are ordered by: a key or a figure. Absent ones come last in both directions.`,
  );
  field(order, 'key', () => key, 'A key that groupBy names, too.');
  field(order, 'figure', () => figureEnum, 'A figure of the groups.');
  field(order, 'direction', () => direction, 'Ascending where it does not say.');
  class Arguments {}
  ArgsType()(Arguments);
  field(Arguments, 'filter', () => filter, 'Which rows.');
  field(Arguments, 'groupBy', () => [key], `What to group by, at most ${GROUP_KEYS_MAX}, each once.`);
  if (measures.length > 0) {
    const measure = enumOf(`${target.name}Amount`, `What can be summed up of rows of ${target.name}.`, measures);
    field(
      Arguments,
      'of',
      () => measure,
      'The amount that is summed up, of the rows that have it. Amounts of several units are never added up: its units are one more key.',
    );
  }
  field(
    Arguments,
    'orderBy',
    () => [order],
    'In which order; the keys come last by themselves, absent ones behind others.',
  );
  placeArguments(Arguments, 'Groups');
  return Arguments;
}

function enumOf(
  name: string,
  description: string,
  values: readonly { name: string; description: string }[],
): TypeClass {
  const names = Object.fromEntries(values.map((value) => [value.name, value.name]));
  const valuesConfig = Object.fromEntries(values.map((value) => [value.name, { description: value.description }]));
  registerEnumType(names, { name, description, valuesConfig });
  // To type-graphql the object is the type.
  return names as unknown as TypeClass;
}

function groupedResource(target: TypeClass, group: TypeClass, { keys, measures }: Declared): GroupedResource {
  const mapping = groupMapping(target, group, keys);
  return {
    groups: { mapping: mappingOf(target), keys },
    mapping,
    requestOf: (given, { limits, zoneOf, principal }) => {
      const names = given.groupBy ?? [];
      requireFew(names);
      const grouped = names.map((name) => found(keys, name));
      const of = given.of ? found(measures, given.of) : undefined;
      const order = toGroupOrder(given.orderBy ?? [], names, of !== undefined);
      const last = [...names.map((name) => ['keys', name]), ...(of ? [['units']] : [])];
      const isNamed = (path: readonly string[]): boolean => order.some((key) => key.path.join('.') === path.join('.'));
      return {
        ...toPlace(limits, given),
        filter: filterOf(target, given.filter),
        order: [...order, ...last.filter((path) => !isNamed(path)).map((path) => ({ path, descending: false }))],
        groups: { keys: grouped, ...(of && { of }), timeZone: zoneOf(principal.tenantId) },
      };
    },
  };
}

/** How groups lie in what `groupsOf` (src/platform/read/groups.ts) makes of the rows. It has the name of the resource: who may read that may read these. */
function groupMapping(target: TypeClass, group: TypeClass, keys: readonly DeclaredKey[]): ResourceMapping {
  const types = attributeTypesOf(group);
  const attributes = Object.entries(types).map(([name, type]): [string, StoredAttribute] => {
    const columns = Object.fromEntries(keys.map((key) => [key.name, key.column]));
    if (type.kind === 'object') return [name, { type, storage: { kind: 'parts', columns }, isNeverNull: true }];
    return [name, { type, storage: { kind: 'column', column: name }, isNeverNull: name === 'count' }];
  });
  const id: StoredAttribute = { type: { kind: 'scalar', type: 'string' }, storage: { kind: 'column', column: 'id' } };
  return {
    name: target.name,
    table: '',
    discriminator: {},
    key: 'id',
    attributes: { ...Object.fromEntries(attributes), id },
    computed: [],
  };
}

function found<One extends { readonly name: string }>(declared: readonly One[], name: string): One {
  const one = declared.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`there is no ${name}`);
  return one;
}

function requireFew(names: readonly string[]): void {
  if (names.length > GROUP_KEYS_MAX)
    throw limitExceeded('GROUP_KEYS_MAX', GROUP_KEYS_MAX, `groupBy has ${names.length} keys`, 'groupBy');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new DomainError('INVALID_QUERY', `groupBy names ${twice} twice`, { path: 'groupBy' });
}

/** One key of an order of groups. */
interface GroupOrderInput {
  readonly key?: string | null;
  readonly figure?: string | null;
  readonly direction?: OrderDirection | null;
}

/** Throws DomainError where what all groups lack would give the order. */
function toGroupOrder(inputs: readonly GroupOrderInput[], names: readonly string[], isMeasured: boolean): OrderKey[] {
  if (inputs.length > SORT_KEYS_MAX)
    throw limitExceeded('SORT_KEYS_MAX', SORT_KEYS_MAX, `orderBy has ${inputs.length} keys`, 'orderBy');
  return inputs.map(({ key, figure, direction }) => {
    const refuse = (why: string): DomainError => new DomainError('INVALID_QUERY', why, { path: 'orderBy' });
    const [one] = [key, figure].filter((name) => typeof name === 'string');
    if (one === undefined || (key && figure)) throw refuse('each orderBy element names either a key or a figure');
    if (key && !names.includes(key)) throw refuse(`orderBy names ${key}, but groupBy does not`);
    if (figure && figure !== 'count' && !isMeasured)
      throw refuse(`orderBy names ${figure}, but there is no amount: say of which`);
    return { path: key ? ['keys', key] : [one], descending: direction === OrderDirection.DESC };
  });
}
