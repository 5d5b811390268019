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

  @Field(() => String, { nullable: true, description: 'Cursor of the first item.' })
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
  Field(() => [target], { description: 'The rows of this page.' })(page.prototype as object, 'items');
  pageResolvers.push(pageResolver(page));
  pages.set(target, page);
  return page;
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
}

/** The arguments of a list of this type, as a class for @Args. Made when its resolver is, before the schema. */
export function pageArgumentsOf(target: TypeClass): TypeClass {
  const filter = filterInputOf(target);
  const order = orderInputOf(target);
  class Arguments {}
  ArgsType()(Arguments);
  field(Arguments, 'filter', () => filter, 'Which rows.');
  field(Arguments, 'orderBy', () => [order], `In which order; ${mappingOf(target).key} comes last by itself.`);
  field(Arguments, 'offset', () => Int, `Rows to skip, at most ${OFFSET_MAX}; further on, use after.`);
  field(Arguments, 'limit', () => Int, 'Rows at most; absent: the default page size.');
  field(Arguments, 'after', () => String, 'Only rows behind this cursor of the same order.');
  return Arguments;
}

/** The arguments of a list as the request of a page. Throws DomainError when no page may be asked for so. */
export function toPageRequest(
  target: TypeClass,
  limits: Context['limits'],
  { filter, orderBy, offset, limit, after }: PageArguments,
): PageRequest {
  return {
    filter: filterOf(target, filter),
    order: toOrder(orderBy),
    offset: requireRange('offset', offset ?? 0, { OFFSET_MAX }),
    limit: requireRange('limit', limit ?? limits.pageSizeDefault, { PAGE_SIZE_MAX: limits.pageSizeMax }),
    after: after ?? undefined,
  };
}

/** The filter argument of a list of this type as a tree. */
export function filterOf(target: TypeClass, filter: FilterInput | ParsedFilter | undefined): Filter | undefined {
  return toFilter(filter, { kind: 'object', attributes: () => attributeTypesOf(target) });
}

/** Whose rows the caller may see, as they are at present, and for how long anybody waits for them. */
export function scopeOf({ principal, access, now, signal, origin }: Context): StatementScope {
  return { tenantId: principal.tenantId, at: now, signal, origin, visibility: access.visibility };
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
