import { DomainError } from '../src/platform/errors.js';
import type { Json } from './body/input.js';
import { notFound, perform, refuseParameters, run, versionHeaders, type Call } from './call.js';
import { toFilterInput, toOrderInput, withFacts } from './query/filter-input.js';
import { isNotModified } from './headers.js';
import type { RestResponse } from './http.js';
import type { OperationKind } from './operation.js';
import { listHead, pagingOf, type PageFacts } from './query/paging.js';

/** GET of a collection. */
export function list(call: Call): Promise<RestResponse> {
  const { request, route, query } = call;
  const { document, projection } = call.plans.plan(kindOf(request.headers['prefer']), route, query);
  const paging = pagingOf(query, request.headers['range'], call.pageSizes);
  const variables = {
    filter: filterVariable(call),
    orderBy: toOrderInput(query.order, route.model.orderInput),
    offset: paging.offset,
    limit: paging.limit,
    after: paging.after,
  };
  return perform(call, document, variables, (result) => {
    const page = { totalCount: null, ...result } as unknown as PageFacts;
    const { status, headers } = listHead(paging, page, request.origin + route.collection, request.rawQuery);
    return { status, headers, body: page.items.map((item) => projection.project(item as Json)) };
  });
}

/** How much is counted: to the end, not at all, or within bounds. */
function kindOf(prefer = ''): OperationKind {
  if (/\bcount=exact\b/.test(prefer)) return 'manyCounted';
  return /\bcount=none\b/.test(prefer) ? 'manyUncounted' : 'many';
}

/** GET of one resource; the conformance profile allows filters on it, and one that does not match is not found. */
export async function read(call: Call): Promise<RestResponse> {
  const { request, route, query } = call;
  const { offset, limit, after, order } = query;
  refuseParameters({ offset, limit, after, sort: order[0] }, 'goes with a list, not with one resource');
  const { document, projection } = call.plans.plan('one', route, query);
  if (query.filter && !(await matchesFilter(call))) throw notFound(call);
  return perform(call, document, { id: route.id }, (result) => {
    if (result === null) throw notFound(call);
    const body = projection.project(result);
    const headers = versionHeaders(call, result, body);
    return isNotModified(request, headers.ETag) ? { status: 304, headers } : { status: 200, headers, body };
  });
}

async function matchesFilter(call: Call): Promise<boolean> {
  const { document } = call.plans.plan('many', call.route, { fields: { none: true, attributes: new Map() } });
  const filter = { and: [{ id: { eq: call.route.id } }, filterVariable(call)] };
  const page = (await run(call, document, { filter, limit: 1 })) as unknown as PageFacts;
  return page.items.length > 0;
}

function filterVariable({ query, route, extensionAttributes }: Call): Json | undefined {
  if (query.filter === undefined) return undefined;
  if (route.model.filterInput === undefined)
    throw new DomainError('INVALID_QUERY', `${route.model.name} cannot be filtered`);
  return toFilterInput(
    withFacts(query.filter, { typeName: route.model.name, extensionAttributes }),
    route.model.filterInput,
  );
}
