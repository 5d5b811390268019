import type { GraphQLField } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import type { Filter } from '../../src/platform/filter/tree/filter.js';
import { pageText } from '../../src/platform/plan/page-text.js';
import type { PageRequest } from '../../src/platform/plan/page-request.js';
import type { Plan } from '../../src/platform/plan/plan.js';
import type { Read } from '../../src/platform/plan/reads.js';
import type { Context } from '../context.js';
import type { Variables } from '../cost/values.js';
import { parseNodeId } from '../node/node-id.js';
import { scopeOf } from '../page.js';
import { pastInstant, type BoundField } from './bind.js';
import { readOf } from './field-read.js';
import type { PlannedField } from './planner.js';

/** Reads a field of the root by its plan. Returns the JSON text of its value. */
export async function readFieldText(
  { plan, past }: PlannedField,
  bound: BoundField,
  context: Context,
  field: GraphQLField<unknown, unknown>,
): Promise<string> {
  const { requests, args } = bound;
  const read = <P extends Plan>(of: P): Read<P> => ({ plan: of, style: 'graphql', requests, scope: scopeOf(context) });
  switch (plan.kind) {
    case 'page':
      return pageText(plan, await context.reads.page(read(plan), rootRequest(bound)));
    case 'row': {
      const id = idOf(field, args);
      const instant = instantOf(field, bound, context);
      if (!instant || !past) return (await context.reads.row(read(plan), id))?.item ?? 'null';
      const { at, since } = instant;
      const earlier = read(past);
      const row = await context.reads.row({ ...earlier, scope: { ...earlier.scope, at } }, id, since);
      return row?.item ?? 'null';
    }
    case 'objects':
      throw new Error('the root has no objects of its own');
  }
}

/** The id of the row that is meant. */
function idOf(field: GraphQLField<unknown, unknown>, args: Variables): string {
  const read = readOf(field);
  if (read?.kind === 'node') return parseNodeId(String(args['id'])).id;
  return String(args[(read?.kind === 'row' ? read.argument : undefined) ?? 'id']);
}

/** The request of the page at the root. Throws when it may not be asked for. */
export function rootRequest({ requests }: BoundField): PageRequest {
  const [request] = requests;
  if (request === undefined) throw new Error('a page has a request');
  if (request instanceof DomainError) throw request;
  return request;
}

/** The earlier instant that is asked about, and what must hold for the row to have been there. */
function instantOf(
  field: GraphQLField<unknown, unknown>,
  { args }: BoundField,
  { now }: Context,
): { at: Date; since: Filter } | undefined {
  const read = readOf(field);
  if (read?.kind !== 'row' || !read.past) return undefined;
  const { argument, since } = read.past;
  if (!args[argument]) return undefined;
  const at = pastInstant(args, argument, now);
  return { at, since: { kind: 'compare', path: [since], operator: 'lte', value: at } };
}
