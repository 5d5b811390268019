import type { Json } from './body/input.js';
import { notFound, perform, refuseParameters, run, versionHeaders, type Call } from './call.js';
import { filterVariable, orderVariable } from './query/filter-input.js';
import type { Filter } from '../src/platform/filter/tree/filter.js';
import { isNotModified } from './headers.js';
import type { RestResponse } from './http.js';
import type { OperationKind } from './operation.js';
import { listHead, pagingOf, type PageSummary } from './query/paging.js';

/** GET of a collection. */
export function list(call: Call): Promise<RestResponse> {
  const { request, route, query } = call;
  const { document, projection } = call.plans.plan(kindOf(request.headers['prefer']), route, query);
  const paging = pagingOf(query, request.headers['range'], call.pageSizes);
  const variables = {
    filter: query.filter && filterVariable(query.filter, route.model, call.extensionAttributes),
    orderBy: orderVariable(query.order, route.model.orderInput),
    offset: paging.offset,
    limit: paging.limit,
    after: paging.after,
  };
  return perform<PageSummary>(call, document, variables, (result) => {
    if (result === null) throw new Error('a list without an error answers a page');
    const page = { ...result, totalCount: result.totalCount ?? null };
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
  if (query.filter && !(await matchesFilter(call, query.filter))) throw notFound(call);
  return perform(call, document, { id: route.id }, (result) => {
    if (result === null) throw notFound(call);
    const body = projection.project(result);
    const headers = versionHeaders(call, result, body);
    return isNotModified(request.headers, headers.ETag) ? { status: 304, headers } : { status: 200, headers, body };
  });
}

async function matchesFilter(call: Call, filter: Filter): Promise<boolean> {
  const { route, plans, extensionAttributes } = call;
  const { document } = plans.plan('many', route, { fields: { none: true, attributes: new Map() } });
  const parsed = filterVariable(filter, route.model, extensionAttributes);
  const isThisOne: Filter = { kind: 'compare', path: ['id'], operator: 'eq', value: route.id ?? '' };
  const page = await run<PageSummary>(call, document, { filter: parsed.and(isThisOne), limit: 1 });
  return (page?.items.length ?? 0) > 0;
}
