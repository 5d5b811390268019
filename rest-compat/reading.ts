import { explanation, notFound, readMany, readOne, refuseParameters, versionHeaders, type Call } from './call.js';
import { filterVariable, orderVariable } from './query/filter-input.js';
import type { Filter } from '../src/platform/filter/tree/filter.js';
import { isNotModified, jsonType } from './headers.js';
import { listFile } from './list-file.js';
import type { WireAnswer } from '../graphql/plan/answer.js';
import type { RestResponse } from './http.js';
import type { OperationKind } from './operation.js';
import type { Fixed } from './route.js';
import { listHead, pagingOf } from './query/paging.js';

/** GET of a collection. */
export async function list(call: Call): Promise<RestResponse> {
  const { request, route, query, mediaType } = call;
  const which = {
    filter: query.filter && filterVariable(query.filter, route.model, call.extensionAttributes),
    orderBy: orderVariable(query.order, route.model.orderInput),
  };
  if (mediaType !== jsonType && query.explain === undefined)
    return listFile(call, call.plans.plan('manyUncounted', route, query), which);
  const paging = pagingOf(query, request.headers['range'], call.pageSizes);
  const plan = call.plans.plan(kindOf(request.headers['prefer'], paging.after), route, query);
  const variables = { ...which, offset: paging.offset, limit: paging.limit, after: paging.after };
  if (query.explain !== undefined) return explanation(call, plan.document, variables);
  const found = await readMany(call, plan, variables);
  const { rows, totalCount, exactCount } = found;
  const page = { rows, totalCount: exactCount ?? totalCount ?? null, pageInfo: found };
  const { status, headers } = listHead(paging, page, request.origin + route.collection, request.rawQuery);
  return { status, headers, text: bytesOf(found) };
}

type Page = Extract<WireAnswer, { kind: 'page' }>['page'];

/** Of pages that several share: the bytes of a long text take as long to make as to send. */
const bodies = new WeakMap<Page, Buffer>();

function bytesOf(page: Page): Buffer {
  let bytes = bodies.get(page);
  if (bytes === undefined) bodies.set(page, (bytes = Buffer.from(`[${page.items[0] ?? ''}]`)));
  return bytes;
}

/** How much is counted: to the end, not at all, or within bounds. Who goes on from page to page knows the total already. */
function kindOf(prefer = '', after: string | undefined): OperationKind {
  if (/\bcount=exact\b/.test(prefer)) return 'manyCounted';
  return after !== undefined || /\bcount=none\b/.test(prefer) ? 'manyUncounted' : 'many';
}

/** GET of one resource; the conformance profile allows filters on it, and one that does not match is not found. */
export async function read(call: Call): Promise<RestResponse> {
  const { request, route, query } = call;
  const { offset, limit, after, order } = query;
  refuseParameters({ offset, limit, after, sort: order[0] }, 'goes with a list, not with one resource');
  const plan = call.plans.plan('one', route, query);
  if (query.filter && !(await matchesFilter(call, query.filter))) throw notFound(call);
  if (query.explain !== undefined) return explanation(call, plan.document, { id: route.id });
  const found = await readOne(call, plan, route.id ?? '');
  if (found === null) throw notFound(call);
  const { text, version } = found;
  const headers = versionHeaders(call, version, () => JSON.parse(text));
  return isNotModified(request.headers, headers.ETag) ? { status: 304, headers } : { status: 200, headers, text };
}

/** The condition that these attributes have these values. */
export function filterOf(fixed: Fixed): Filter {
  const filters = Object.entries(fixed).map(([name, value]): Filter => ({
    kind: 'compare',
    path: [name],
    operator: 'eq',
    value,
  }));
  return { kind: 'and', filters };
}

export async function matchesFilter(call: Call, filter: Filter): Promise<boolean> {
  const { route, plans, extensionAttributes } = call;
  const plan = plans.plan('manyUncounted', route, { fields: { none: true, attributes: new Map() } });
  const parsed = filterVariable(filter, route.model, extensionAttributes);
  const isThisOne: Filter = { kind: 'compare', path: ['id'], operator: 'eq', value: route.id ?? '' };
  const { rows } = await readMany(call, plan, { filter: parsed.and(isThisOne), limit: 1 });
  return rows > 0;
}
