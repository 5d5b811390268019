import { getArgumentValues, type FieldNode, type GraphQLField } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import { limitExceeded } from '../../src/platform/limits.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { Plan } from '../../src/platform/plan/plan.js';
import type { GroupArguments } from '../aggregates.js';
import type { Context } from '../context.js';
import type { Variables } from '../cost/values.js';
import { EDGE_ROWS_MAX } from '../limits.js';
import { scopeOf, toPageRequest, type PageArguments } from '../page.js';
import { requireVisible, requireVisibleEdge } from '../rights/foreign.js';
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
      return requestOf(page, variables, context);
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

function requestOf({ read, field, node }: PlannedPage, variables: Variables, context: Context): PageRequest {
  const { limits, access, now } = context;
  if (read.kind === 'standing')
    return { order: [], offset: 0, limit: 1, at: pastInstant(getArgumentValues(field, node, variables), 'at', now) };
  const given = getArgumentValues(field, node, variables);
  const request = read.grouped
    ? read.grouped.requestOf(given as GroupArguments, context)
    : toPageRequest(read.target, limits, given as PageArguments);
  requireVisible(read.target.name, request, access);
  if (read.edge) requireVisibleEdge(read.target.name, read.edge, access);
  const { where } = read;
  if (!where) return request;
  return { ...request, filter: request.filter ? { kind: 'and', filters: [where, request.filter] } : where };
}

/** The instant that an argument names. Throws when it lies in the future, which nobody knows. */
export function pastInstant(args: Variables, name: string, now: Date): Date {
  const at = args[name] as Date;
  if (at > now)
    throw new DomainError('INVALID_QUERY', `${name} must not be in the future: ${at.toISOString()}`, { path: name });
  return at;
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
    // Those of one row are found one by one. A page of which only the count is requested costs something, too.
    if (!isRoot && (kind !== 'row' || outer !== undefined)) asked += parents * Math.max(1, request.limit);
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
