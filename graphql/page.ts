import { Arg, ArgsType, Field, FieldResolver, Int, ObjectType, Resolver } from 'type-graphql';
import { DomainError } from '../src/platform/errors.js';
import { limitExceeded, OFFSET_MAX } from '../src/platform/limits.js';
import type { Filter } from '../src/platform/filter/tree/filter.js';
import type { PageRequest } from '../src/platform/plan/page-request.js';
import type { StatementScope } from '../src/platform/plan/statement.js';
import type { TypeClass } from './attribute.js';
import type { Context } from './context.js';
import { field, filterInputOf, toFilter, type FilterInput } from './filter.js';
import { orderInputOf, toOrder, type OrderInput } from './order.js';
import type { ParsedFilter, ParsedOrder } from './parsed-arguments.js';
import { byPlan } from './plan/field-read.js';
import { attributeTypesOf, mappingOf } from './resource-mapping.js';

@ObjectType({ description: 'Where a page is in its list.', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'Rows follow this page.' })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: 'Rows precede this page.' })
  hasPreviousPage: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first item: pass it as `before` for the page before.',
  })
  startCursor: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last item: pass it as `after` for the next page.',
  })
  endCursor: string | null;
}

const pages = new Map<TypeClass, TypeClass>();
const pageResolvers: (new () => object)[] = [];

/** BucketPage for Bucket. */
export function pageOf(target: TypeClass): TypeClass {
  const known = pages.get(target);
  if (known) return known;
  const name = `${target.name}Page`;
  const { [name]: page } = { [name]: class {} };
  if (page === undefined) throw new Error('unreachable: the class was just made');
  ObjectType(name, { description: `A page of ${target.name}.`, simpleResolvers: true })(page);
  const { prototype } = page as { prototype: object };
  const edge = edgeOf(target);
  Field(() => [target], { description: 'The rows of this page.' })(prototype, 'items');
  Field(() => [target], { description: 'The rows of this page: the same as items.' })(prototype, 'nodes');
  Field(() => [edge], { description: 'The rows of this page, each with its cursor.' })(prototype, 'edges');
  pageResolvers.push(pageResolver(page));
  pages.set(target, page);
  return page;
}

/** BucketEdge for Bucket. */
function edgeOf(target: TypeClass): TypeClass {
  const name = `${target.name}Edge`;
  const { [name]: edge } = { [name]: class {} };
  if (edge === undefined) throw new Error('unreachable: the class was just made');
  ObjectType(name, { description: `A ${target.name} in its place in a list.`, simpleResolvers: true })(edge);
  const { prototype } = edge as { prototype: object };
  Field(() => target, { description: 'The row.' })(prototype, 'node');
  Field(() => String, { description: 'Where it is in the order of the list: for `after` and `before`.' })(
    prototype,
    'cursor',
  );
  return edge;
}

/** The resolvers of all pages made so far, for the schema. */
export function resolversOfPages(): readonly (new () => object)[] {
  return pageResolvers;
}

function pageResolver(page: TypeClass): new () => object {
  @Resolver(() => page)
  class PageResolver {
    @FieldResolver(() => Int, {
      nullable: true,
      description:
        'Number of rows that match, whatever the page. Counted only when asked for; null beyond the counting bound unless exact is true.',
    })
    totalCount(
      @Arg('exact', () => Boolean, { defaultValue: false, description: 'Count to the end, however many there are.' })
      _exact: boolean,
    ): number | null {
      return byPlan();
    }

    @FieldResolver(() => PageInfo, { description: 'Where this page lies.' })
    pageInfo(): PageInfo {
      return byPlan();
    }
  }
  return PageResolver;
}

/** The arguments every list takes. */
export interface PageArguments {
  filter?: FilterInput | ParsedFilter;
  orderBy?: readonly OrderInput[] | ParsedOrder;
  offset?: number;
  limit?: number;
  after?: string;
  first?: number;
  last?: number;
  before?: string;
}

/** The arguments of a list of this type, as a class for @Args. Made when its resolver is, before the schema. */
export function pageArgumentsOf(target: TypeClass): TypeClass {
  const filter = filterInputOf(target);
  const order = orderInputOf(target);
  class Arguments {}
  ArgsType()(Arguments);
  field(Arguments, 'filter', () => filter, 'Which rows.');
  field(Arguments, 'orderBy', () => [order], `In which order; ${mappingOf(target).key} comes last by itself.`);
  placeArguments(Arguments, 'Rows');
  return Arguments;
}

/** The arguments that say where a page lies. `things`: what it is a page of, as a sentence begins with them. */
export function placeArguments(target: TypeClass, things: string): void {
  field(target, 'offset', () => Int, `${things} to skip, at most ${OFFSET_MAX}; further on, use after.`);
  field(target, 'limit', () => Int, `${things} at most; absent: the default page size.`);
  const those = things.toLowerCase();
  field(target, 'after', () => String, `Only ${those} behind this cursor of the same order.`);
  field(target, 'first', () => Int, `The same as limit, under the name that connections have for it.`);
  field(
    target,
    'last',
    () => Int,
    `The last ${those} in the order, or before a cursor; at most as many. It goes with before only.`,
  );
  field(
    target,
    'before',
    () => String,
    `Only the last ${those} before this cursor of the same order. It goes with last only.`,
  );
}

/** The arguments of a list as the request of a page. Throws DomainError when no page may be asked for so. */
export function toPageRequest(target: TypeClass, limits: Context['limits'], given: PageArguments): PageRequest {
  return {
    filter: filterOf(target, given.filter),
    order: toOrder(given.orderBy, attributeTypesOf(target)),
    ...toPlace(limits, given),
  };
}

/** Where a page lies. Throws DomainError when no page may lie there. */
export function toPlace(
  limits: Context['limits'],
  given: Omit<PageArguments, 'orderBy'>,
): Pick<PageRequest, 'offset' | 'limit' | 'cursor' | 'isBackward'> {
  const { offset, after, before } = given;
  const size = sizeOf(given);
  const isBackward = isGiven(before) || size === 'last';
  refuseTogether(given, isBackward);
  return {
    offset: requireRange('offset', offset ?? 0, { OFFSET_MAX }),
    limit: requireRange(size, given[size] ?? limits.pageSizeDefault, { PAGE_SIZE_MAX: limits.pageSizeMax }),
    cursor: (isBackward ? before : after) ?? undefined,
    ...(isBackward && { isBackward }),
  };
}

/** The argument that says how many rows. */
function sizeOf({ first, last }: PageArguments): 'limit' | 'first' | 'last' {
  return isGiven(last) ? 'last' : isGiven(first) ? 'first' : 'limit';
}

/** Throws DomainError where two arguments contradict each other, or mean the same. */
function refuseTogether(given: PageArguments, isBackward: boolean): void {
  const forward = ['first', 'limit', 'after', ...(given.offset === 0 ? [] : ['offset'])] as const;
  const [one, other] = isBackward
    ? [isGiven(given.last) ? 'last' : 'before', forward.find((name) => isGiven(given[name as keyof PageArguments]))]
    : [isGiven(given.first) ? 'first' : undefined, isGiven(given.limit) ? 'limit' : undefined];
  if (one !== undefined && other !== undefined)
    throw new DomainError('INVALID_QUERY', `${one} and ${other} do not go together: give one of them`, { path: one });
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

/** The filter argument of a list of this type as a tree. */
export function filterOf(target: TypeClass, filter: FilterInput | ParsedFilter | undefined): Filter | undefined {
  return toFilter(filter, { kind: 'object', attributes: () => attributeTypesOf(target) });
}

/** Whose rows the caller may see, as they are at present, and for how long anybody waits for them. */
export function scopeOf({ principal, access, now, signal, origin, replicaAt }: Context): StatementScope {
  return { tenantId: principal.tenantId, at: now, signal, origin, visibility: access.visibility, replicaAt };
}

/**
 * The value of an argument, if it is from 0 to the maximum; `bound` is that maximum under its name: `{ OFFSET_MAX }`.
 * @throws DomainError INVALID_QUERY, which names the limit
 */
export function requireRange(name: string, value: number, bound: Readonly<Record<string, number>>): number {
  for (const [limit, max] of Object.entries(bound)) {
    if (value < 0) throw new DomainError('INVALID_QUERY', `${name} must be from 0 to ${max}: ${value}`, { path: name });
    if (value > max) throw limitExceeded(limit, max, `${name}: ${value}`, name);
  }
  return value;
}
