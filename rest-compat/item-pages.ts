import { parse, type GraphQLSchema } from 'graphql';
import type { Context } from '../graphql/context.js';
import { toAttribute } from '../graphql/naming.js';
import type { ParsedFilter } from '../graphql/parsed-arguments.js';
import { DomainError } from '../src/platform/errors.js';
import { itemsOf } from '../src/platform/plan/page-text.js';
import { parseQuery } from './query/query-string.js';
import { refuseParameters, type ReadOperation } from './call.js';
import { filterVariable } from './query/filter-input.js';
import type { Filter } from '../src/platform/filter/tree/filter.js';
import { presentationOf, projectionOf } from './projection.js';
import { resourceModel } from './resource-model.js';
import { withExtensions } from './rest.js';

export interface ItemPagesOptions {
  schema: GraphQLSchema;
  typeName: string;
  extensionAttributes: ReadonlySet<string>;
  read: ReadOperation;
}

/** Where a page begins and how far the whole goes. */
export interface PageRange {
  readonly limit: number;
  /** Only rows behind this cursor. */
  readonly after: string | undefined;
  /** The last id that belongs to it. */
  readonly upTo: string;
}

export interface ItemPage {
  /** JSON texts, as GET of the collection gives them. */
  readonly items: readonly string[];
  /** Cursor of the next page; undefined: this was the last one. */
  readonly next: string | undefined;
}

/** A collection page by page in the order of ids, for streams: what GET of it answers, without its bounds. */
export interface ItemPages {
  /** The filter that a query string means. Refuses what GET would refuse, and whatever is no filter. */
  filterOf(query: string): ParsedFilter | undefined;
  read(filter: ParsedFilter | undefined, range: PageRange, context: Context): Promise<ItemPage>;
}

export function itemPages({ schema, typeName, extensionAttributes, read }: ItemPagesOptions): ItemPages {
  const model = resourceModel(schema, typeName);
  const { operations } = model;
  const attributes = withExtensions(model.attributes, extensionAttributes);
  const { selection } = projectionOf(model.type);
  const presentation = presentationOf(undefined);
  const document = parse(
    `query ($filter: ${typeName}Filter, $limit: Int, $after: String) {
      result: ${operations.many}(filter: $filter, limit: $limit, after: $after) { pageInfo { hasNextPage endCursor } items ${selection} }
    }`,
    { noLocation: true },
  );
  return {
    filterOf: (query) => {
      const { filter, order, ...others } = parseQuery(query, { attributes, toAttribute });
      refuseParameters({ ...others, sort: order[0] }, 'is no filter: here the query says which, and nothing else');
      return filter && filterVariable(filter, model, extensionAttributes);
    },
    read: (filter, range, context) => readPage(filter, range, context),
  };

  async function readPage(filter: ParsedFilter | undefined, range: PageRange, context: Context): Promise<ItemPage> {
    const { limit, after, upTo } = range;
    const within: Filter = { kind: 'compare', path: ['id'], operator: 'lte', value: upTo };
    const whole = filter?.and(within) ?? filterVariable(within, model, extensionAttributes);
    try {
      const variables = { filter: whole, limit, ...(after !== undefined && { after }) };
      const answer = await read({ document, variables, presentation, context });
      if (answer.kind !== 'page') throw new Error('a collection is read by pages');
      const { items, hasNextPage, endCursor } = answer.page;
      return { items: itemsOf(items[0] ?? ''), next: hasNextPage ? (endCursor ?? undefined) : undefined };
    } catch (error) {
      // A stream goes on in smaller steps; one item alone is never too large.
      const isTooLarge = error instanceof DomainError && error.code === 'ANSWER_TOO_LARGE';
      if (!isTooLarge || limit <= 1) throw error;
      return readPage(filter, { ...range, limit: Math.floor(limit / 2) }, context);
    }
  }
}
