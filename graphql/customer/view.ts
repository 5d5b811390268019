import { Args, FieldResolver, Resolver } from 'type-graphql';
import type { Edge } from '../../src/platform/read/source.js';
import type { TypeClass } from '../attribute.js';
import { operationsOf } from '../naming.js';
import { pageArgumentsOf, pageOf, type PageArguments } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import type { ResolverClass } from '../resource.js';

/** One list of a view: the rows of a resource that have to do with the customer. */
export type ViewList = { target: TypeClass; description: string } & Customers;

/** How they are found: by a filter that an index answers for those that name this id, or as an edge. */
type Customers = { naming: (id: string) => object } | { edge: Edge };

/** Gives a view of a customer a field for each list, called as the query of the resource is, with its arguments. */
export function viewResolvers(view: TypeClass, lists: readonly ViewList[]): ResolverClass[] {
  return lists.map(({ target, description, ...customers }) => {
    const page = pageOf(target);
    const pageArguments = pageArgumentsOf(target);
    const { many } = operationsOf(target.name);

    @Resolver(() => view)
    class ListResolver {
      // type-graphql tells the fields of one type apart by their methods.
      @Read({ kind: 'page', target, ...customers })
      @FieldResolver(() => page, { description })
      [many](@Args(() => pageArguments) _request: PageArguments): object {
        return byPlan();
      }
    }
    return ListResolver;
  });
}

export function named(id: string): object {
  return { id: { eq: id } };
}
