import { getNamedType, isNonNullType, type GraphQLObjectType } from 'graphql';
import { toWire } from '../../graphql/naming.js';
import type { Indexes } from '../../src/platform/read/resource-mapping.js';

/** As `@Resource` declares it. */
interface ServedResource {
  readonly indexes?: Indexes;
  /** Its rows are computed, and but for ids and references found only among all of them. */
  readonly isComputed?: boolean;
  /** Path of what its rows are computed for. */
  readonly asOfArgument?: readonly string[];
}

/** In words, which orders and conditions of a resource indexes serve; what they do not runs as a report (docs/indexes.md). */
export function servedBy(type: GraphQLObjectType): { readonly sort: string; readonly conditions: string } {
  const { indexes = {}, isComputed, asOfArgument } = (type.extensions['served'] ?? {}) as ServedResource;
  const { orders = [], values = [], searches = [], references = [], links } = indexes;
  const ids = [
    ['id'],
    ...references.map((name) => [name, 'id']),
    ...(links?.paths ?? []),
    ...(asOfArgument ? [asOfArgument] : []),
  ];
  const attributes = isComputed ? [] : [...orders.map(bare), ...values].map((name) => [name]);
  const found = [...ids, ...attributes].map((path) => `\`${path.map(toWire).join('.')}\``).join(', ');
  const parts =
    searches.length === 0
      ? ''
      : `, parts of ${searches.map((name) => `\`${toWire(name)}\``).join(', ')} by \`icontains\` (three characters or more) and \`istartswith\``;
  const sorts = ['id', '-id', ...orders.flatMap((name) => directionsOf(type, name))].map((sort) => `\`${sort}\``);
  return {
    sort: asOfArgument
      ? 'A list is a report, of which few run at once, unless conditions name ids.'
      : `An index gives the orders ${sorts.join(', ')}; any other is a report, of which few run at once, unless conditions name ids.`,
    conditions: `An index finds values of ${found}${parts}${isComputed ? '' : ', and ranges of what is sorted by'}; a list with another condition is a report, of which few run at once, unless it names ids as well.`,
  };
}

/** An index gives both directions of an instant that is never null. */
function directionsOf(type: GraphQLObjectType, written: string): string[] {
  const wire = toWire(bare(written));
  if (written.startsWith('-')) return [`-${wire}`];
  const field = type.getFields()[written];
  const isInstant = field && isNonNullType(field.type) && getNamedType(field.type).name === 'DateTime';
  return isInstant ? [wire, `-${wire}`] : [wire];
}

const bare = (written: string): string => written.replace(/^-/, '');
