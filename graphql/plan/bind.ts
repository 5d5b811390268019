import { getArgumentValues, type FieldNode, type GraphQLField } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import { limitExceeded } from '../../src/platform/limits.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { Plan } from '../../src/platform/plan/plan.js';
import type { Context } from '../context.js';
import type { Variables } from '../cost/values.js';
import { EDGE_ROWS_MAX } from '../limits.js';
import { scopeOf, toPageRequest, type PageArguments } from '../page.js';
import { requireVisible } from '../rights/foreign.js';
import type { PlannedField, PlannedPage } from './planner.js';

/** What a planned field asks for in one request. */
export interface BoundField {
  /** The arguments of the field itself. */
  readonly args: Variables;
  /** Of its pages by their numbers. */
  readonly requests: readonly (PageRequest | DomainError)[];
}

/** Reads the arguments of a field and of its pages. What one of these may not ask for is an error in its place. Takes time only where rows are counted for it. */
export function bind(
  planned: Pick<PlannedField, 'plan' | 'pages' | 'rights'>,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Variables,
  context: Context,
  objects = 1,
): BoundField | Promise<BoundField> {
  for (const right of planned.rights) context.access.rights.require(right);
  const args = getArgumentValues(field, node, variables);
  const requests = planned.pages.map((page): PageRequest | DomainError => {
    try {
      return requestOf(page, variables, args, context);
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  });
  const bounded = boundNested(planned, requests, objects, context);
  return bounded instanceof Promise
    ? bounded.then((found) => ({ args, requests: found }))
    : { args, requests: bounded };
}

function requestOf(
  { read, field, node }: PlannedPage,
  variables: Variables,
  root: Variables,
  { limits, access }: Context,
): PageRequest {
  const given = getArgumentValues(field, node, variables) as PageArguments;
  const request = toPageRequest(read.target, limits, given);
  requireVisible(read.target.name, request, access);
  if (!read.naming) return request;
  // Behind the client's own conditions, which keep the places that refusals name.
  const own = given.filter as { and?: readonly object[] | null } | undefined;
  const filter = { ...own, and: [...(own?.and ?? []), read.naming(root['id'] as string)] };
  return toPageRequest(read.target, limits, { ...given, filter });
}

/**
 * Refuses nested pages that ask for too many rows, parents × limit, from the outermost on.
 * @param objects whose fields they are, where they lie in no page
 */
function boundNested(
  { plan, pages }: Pick<PlannedField, 'plan' | 'pages'>,
  requests: BoundField['requests'],
  objects: number,
  context: Context,
): BoundField['requests'] | Promise<BoundField['requests']> {
  const [root] = requests;
  if (plan.kind !== 'page' || pages.length === 1 || root === undefined || root instanceof DomainError)
    return refuseTooMany(plan.kind, pages, requests, objects);
  const asked = refuseTooMany('page', pages, requests, root.limit);
  // That many rows may be asked for, but how many there are decides.
  if (asked.every((request, number) => request === requests[number])) return asked;
  return context.reads
    .rowsOf(plan.mapping, scopeOf(context), root)
    .then((found) => refuseTooMany('page', pages, requests, found));
}

/** @param outermost the rows of the page of the root, or the objects */
function refuseTooMany(
  kind: Plan['kind'],
  pages: readonly PlannedPage[],
  requests: BoundField['requests'],
  outermost: number,
): BoundField['requests'] {
  const rowsOf: number[] = [];
  let asked = 0;
  return requests.map((request, number) => {
    if (request instanceof DomainError) return request;
    const outer = pages[number]?.outer;
    const isRoot = kind === 'page' && number === 0;
    const parents = outer === undefined ? outermost : (rowsOf[outer] ?? 0);
    rowsOf[number] = isRoot ? outermost : parents * request.limit;
    // The pages of a view are found one by one. A page of which only the count is requested costs something, too.
    if (!isRoot && (kind !== 'view' || outer !== undefined)) asked += parents * Math.max(1, request.limit);
    return asked > EDGE_ROWS_MAX ? tooManyRows() : request;
  });
}

function tooManyRows(): DomainError {
  return limitExceeded(
    'EDGE_ROWS_MAX',
    EDGE_ROWS_MAX,
    'the nested lists ask for too many rows, parents × limit: ask for fewer parents or a lower limit',
    'limit',
  );
}
