import type { GraphQLResolveInfo } from 'graphql';
import { Edges } from '../src/platform/read/edges.js';
import type { Page } from '../src/platform/read/page.js';
import type { Edge } from '../src/platform/read/source.js';
import type { TypeClass } from './attribute.js';
import type { Context } from './context.js';
import { EDGE_ROWS_MAX } from './limits.js';
import { scopeOf, toPageRequest, type PageArguments } from './page.js';
import { mappingOf } from './resource-mapping.js';

const edgesOfOperation = new WeakMap<Context, Edges>();

/**
 * Reads the page of a resource below one parent, together with those below its siblings; with `asOfFunction` from the rows
 * that this SQL function gives instead of those of the resource.
 */
export function readEdge(
  target: TypeClass,
  context: Context,
  info: GraphQLResolveInfo,
  request: PageArguments,
  edge: Edge,
  parentId: string,
  asOfFunction?: string,
): Promise<Page> {
  let edges = edgesOfOperation.get(context);
  if (edges === undefined) {
    edges = new Edges(context.reader, EDGE_ROWS_MAX);
    edgesOfOperation.set(context, edges);
  }
  return edges.page(
    asOfFunction ? { ...mappingOf(target), asOfFunction } : mappingOf(target),
    scopeOf(context),
    edge,
    parentId,
    toPageRequest(target, context, info, request),
  );
}
