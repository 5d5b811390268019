import { DomainError } from '../../src/platform/errors.js';
import { limitExceeded, OFFSET_MAX } from '../../src/platform/limits.js';
import type { ParsedQuery } from './query-string.js';

export interface Paging {
  readonly offset: number;
  readonly limit: number;
  readonly after: string | undefined;
  /** The request asked for a part: only then may the answer be 206 (docs/decisions/0020-paging-and-status.md). */
  readonly isAsked: boolean;
  /** The part was asked for by a Range header, and is answered with Content-Range. */
  readonly isRange: boolean;
}

/** Items of a list when the request names no number, and at most. */
export interface PageSizes {
  readonly pageSizeDefault: number;
  readonly pageSizeMax: number;
}

export interface PageSummary {
  readonly totalCount: number | null;
  /** Items on the page. */
  readonly rows: number;
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
}

/** `offset`, `limit` and `after`, or the `Range: items=11-20` of TMF630 §4.5, which counts from 1. */
export function pagingOf(
  query: ParsedQuery,
  range: string | undefined,
  { pageSizeDefault, pageSizeMax }: PageSizes,
): Paging {
  const { offset, limit, after } = query;
  const isAsked = offset !== undefined || limit !== undefined || after !== undefined;
  if (limit !== undefined && limit > pageSizeMax) {
    throw limitExceeded('PAGE_SIZE_MAX', pageSizeMax, `limit=${limit}`, 'limit');
  }
  // RFC 9110 §14.2: a unit that is not known here is ignored.
  if (range === undefined || isAsked || !/^\s*items\s*=/i.test(range)) {
    return { offset: offset ?? 0, limit: limit ?? pageSizeDefault, after, isAsked, isRange: false };
  }
  const match = /^items=(\d{1,9})-(\d{1,9})$/i.exec(range.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || first < 1 || last < first || last - first + 1 > pageSizeMax) {
    throw new DomainError(
      'INVALID_HEADER',
      `Range must be items=<first>-<last>, counted from 1, with at most ${pageSizeMax} items: '${range.slice(0, 40)}'`,
      {
        path: 'Range',
      },
    );
  }
  return { offset: first - 1, limit: last - first + 1, after: undefined, isAsked: true, isRange: true };
}

/** Status and headers of a list (TMF630 §4.5; docs/decisions/0020-paging-and-status.md). */
export function listHead(
  paging: Paging,
  page: PageSummary,
  url: string,
  rawQuery: string,
): { status: number; headers: Record<string, string> } {
  const { rows, totalCount, pageInfo } = page;
  const isPart = totalCount === null ? pageInfo.hasNextPage || pageInfo.hasPreviousPage : rows !== totalCount;
  const headers: Record<string, string> = { 'X-Result-Count': String(rows) };
  if (totalCount !== null) headers['X-Total-Count'] = String(totalCount);
  if (paging.isRange && rows > 0) {
    headers['Content-Range'] = `items ${paging.offset + 1}-${paging.offset + rows}/${totalCount ?? '*'}`;
  }
  const links = linksOf(paging, page, url, rawQuery);
  if (links.length > 0) headers['Link'] = links.map(([rel, href]) => `<${href}>; rel="${rel}"`).join(', ');
  return { status: paging.isAsked && isPart ? 206 : 200, headers };
}

function linksOf(
  paging: Paging,
  { totalCount, pageInfo }: PageSummary,
  url: string,
  rawQuery: string,
): [rel: string, href: string][] {
  const { offset, limit, after } = paging;
  const others = rawQuery.split('&').filter((part) => part !== '' && !/^(offset|limit|after)=/.test(part));
  const link = (...parameters: string[]): string => `${url}?${[...others, ...parameters].join('&')}`;
  const at = (start: number): string => link(`offset=${start}`, `limit=${limit}`);
  const behind = (cursor: string): string => link(`after=${cursor}`, `limit=${limit}`);
  const links: [string, string][] = [];
  if (limit === 0) return links;
  if (paging.isAsked) links.push(['first', after === undefined ? at(0) : link(`limit=${limit}`)]);
  if (after === undefined && offset > 0) links.push(['prev', at(Math.max(0, offset - limit))]);
  if (pageInfo.hasNextPage) {
    // No link leads where the server would refuse to go: far offsets are passed by the cursor.
    const isByOffset = after === undefined && offset + limit <= OFFSET_MAX;
    links.push(['next', isByOffset ? at(offset + limit) : behind(pageInfo.endCursor ?? '')]);
  }
  if (paging.isAsked && after === undefined && totalCount !== null && totalCount > 0) {
    const last = Math.floor((totalCount - 1) / limit) * limit;
    if (last <= OFFSET_MAX) links.push(['last', at(last)]);
  }
  return links;
}
