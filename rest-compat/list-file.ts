import { getNamedType, getNullableType, isListType, isObjectType, type GraphQLObjectType } from 'graphql';
import type { Context } from '../graphql/context.js';
import { attributeOfField, toWire, wireOf } from '../graphql/naming.js';
import { DomainError } from '../src/platform/errors.js';
import { extensionAttribute } from '../src/platform/json.js';
import { lowerFirst } from '../src/platform/letter-case.js';
import { OFFSET_MAX } from '../src/platform/limits.js';
import { itemsOf } from '../src/platform/plan/page-text.js';
import { readMany, refuseParameters, type Call } from './call.js';
import type { Json } from './body/input.js';
import type { RestResponse } from './http.js';
import type { Plan } from './operation.js';
import type { FieldSelection } from './query/query-string.js';
import { attributeFields } from './resource-model.js';

/** Besides JSON: what the collection is answered as, whole. */
export const ndjsonType = 'application/x-ndjson';
export const csvType = 'text/csv';
export const listFileTypes: readonly string[] = [csvType, ndjsonType];

/** Items read in one go. */
const pageRows = 1_000;

/** A column of CSV: where its value lies in an item, as TMF names it. */
export interface ListColumn {
  readonly path: readonly string[];
  /** It has all members of the object that these do not name: those of an extension. */
  readonly besides?: ReadonlySet<string>;
}

/** All items of a collection, page by page; src/streaming writes them. */
export interface ListFile {
  readonly name: string;
  readonly mediaType: string;
  /** Of CSV. */
  readonly columns: readonly ListColumn[];
  /** JSON texts of the items, as the list has them, read with this context. */
  pages(context: Context): AsyncGenerator<readonly string[]>;
}

/**
 * A collection as a file: what its list answers, without the bounds of a page. Its first item is read at once, as a list: so
 * whatever refuses the list is said before the file begins, and what is due is done.
 */
export async function listFile(call: Call, plan: Plan, variables: Json): Promise<RestResponse> {
  const { query, route, request, mediaType } = call;
  const { offset = 0, limit = Infinity, after } = query;
  if (after !== undefined) refuseParameters({ offset: query.offset }, 'and after exclude each other');
  if (mediaType === csvType)
    refuseParameters(
      { expand: query.expand, depth: query.depth },
      `goes with JSON and ${ndjsonType}, not with ${csvType}`,
    );
  if (offset > OFFSET_MAX)
    throw new DomainError('INVALID_QUERY', `offset must be from 0 to ${OFFSET_MAX}: ${offset}`, { path: 'offset' });
  const name = lowerFirst(route.model.name);
  const headers = {
    'Content-Type': `${mediaType};charset=utf-8`,
    'Content-Disposition': `attachment; filename="${name}.${mediaType === csvType ? 'csv' : 'ndjson'}"`,
  };
  await readMany(call, plan, { ...variables, offset, after, limit: Math.min(1, limit) });
  if (request.method === 'HEAD') return { status: 200, headers };
  const hidden = (type: string): ReadonlySet<string> => request.context.access.rights.hidden(lowerFirst(type));
  const file: ListFile = {
    name,
    mediaType,
    columns: columnsOf(route.model.type, plan.fields, hidden),
    pages: (context) =>
      pagesOf({ ...call, request: { ...request, context } }, plan, variables, { offset, limit, after }),
  };
  return { status: 200, headers, file };
}

/** What of the list a file has. */
interface Part {
  readonly offset: number;
  readonly limit: number;
  readonly after: string | undefined;
}

async function* pagesOf(call: Call, plan: Plan, variables: Json, part: Part): AsyncGenerator<readonly string[]> {
  let { offset, limit: left, after } = part;
  let rows = Math.min(pageRows, call.pageSizes.pageSizeMax);
  while (left > 0) {
    const limit = Math.min(rows, left);
    try {
      const page = await readMany(call, plan, { ...variables, offset: after === undefined ? offset : 0, after, limit });
      yield itemsOf(page.items[0] ?? '');
      if (!page.hasNextPage || page.endCursor === null) return;
      left -= page.rows;
      after = page.endCursor;
      offset = 0;
    } catch (error) {
      // It goes on in smaller steps; one item alone is refused only where a list would refuse it, too.
      const isTooMuch =
        error instanceof DomainError && ['ANSWER_TOO_LARGE', 'OPERATION_TOO_COSTLY'].includes(error.code);
      if (!isTooMuch || limit <= 1) throw error;
      rows = Math.floor(limit / 2);
    }
  }
}

/**
 * The columns of a resource, in the order of its attributes: an object has a column for each of its attributes, and a list
 * one for all of it.
 */
export function columnsOf(
  type: GraphQLObjectType,
  fields: FieldSelection | undefined,
  hiddenOf: (type: string) => ReadonlySet<string>,
  path: readonly string[] = [],
  outer: readonly GraphQLObjectType[] = [],
): ListColumn[] {
  const known = attributeFields(type);
  const within = [...outer, type];
  return known.flatMap((field): ListColumn[] => {
    const attribute = attributeOfField(field);
    const chosen = fields ? fields.attributes.get(attribute) : true;
    if (chosen === undefined || hiddenOf(type.name).has(attribute)) return [];
    if (attribute === extensionAttribute) return [{ path, besides: new Set(known.map(wireOf)) }];
    const at = [...path, toWire(attribute)];
    const named = getNamedType(field.type);
    // What contains itself has no end of columns.
    if (isListType(getNullableType(field.type)) || !isObjectType(named) || within.includes(named))
      return [{ path: at }];
    return columnsOf(named, chosen === true ? undefined : chosen, hiddenOf, at, within);
  });
}
