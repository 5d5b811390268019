import { Args, FieldResolver, Resolver } from 'type-graphql';
import { openStates } from '../../src/domain/resource-order/index.js';
import type { Filter } from '../../src/platform/filter/tree/filter.js';
import type { Edge, NamedIn } from '../../src/platform/read/source.js';
import type { TypeClass } from '../attribute.js';
import { operationsOf } from '../naming.js';
import { pageArgumentsOf, pageOf, type PageArguments } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import { ResourceOrder } from '../resource-order/resource-order.js';
import type { ResolverClass } from '../resource.js';

/** A list below somebody or something: the rows of a resource that have to do with it. */
export interface ListBelow {
  readonly target: TypeClass;
  /** Its name, where that is not the one of the list of the resource. */
  readonly name?: string;
  /** Which rows it has only. */
  readonly where?: Filter;
  readonly edge: Edge;
  readonly description: string;
}

/** Gives a resource a field for each list, called as the query of the list's resource is, with its arguments. */
export function listsBelow(parent: TypeClass, lists: readonly ListBelow[]): ResolverClass[] {
  return lists.map(({ target, name, where, edge, description }) => {
    const page = pageOf(target);
    const pageArguments = pageArgumentsOf(target);
    const many = name ?? operationsOf(target.name).many;

    @Resolver(() => parent)
    class ListResolver {
      // type-graphql tells the fields of one type apart by their methods.
      @Read({ kind: 'page', target, edge, ...(where && { where }) })
      @FieldResolver(() => page, { description })
      [many](@Args(() => pageArguments) _request: PageArguments): object {
        return byPlan();
      }
    }
    return ListResolver;
  });
}

/** Rows that name it in these places. */
export function naming(...named: readonly NamedIn[]): Edge {
  return { named };
}

/** As a relatedParty, in whatever role. */
export const asParty: NamedIn = { column: 'relatedParty', isList: true };
/** As a relatedParty that is an account. */
export const asAccount: NamedIn = { ...asParty, having: { atReferredType: 'BillingAccount' } };

/** The lists of orders, all and those that are not at their end. */
export function ordersBelow(edge: Edge, whose: string): ListBelow[] {
  return [
    { target: ResourceOrder, edge, description: `The orders that ${whose}.` },
    {
      target: ResourceOrder,
      name: 'openOrders',
      where: { kind: 'compareList', path: ['state'], operator: 'in', values: openStates },
      edge,
      description:
        'Those of its resourceOrders that are not at their end: neither completed, failed, partial, cancelled nor rejected.',
    },
  ];
}
