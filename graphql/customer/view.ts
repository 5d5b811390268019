import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Page } from '../../src/platform/read/page.js';
import type { Edge } from '../../src/platform/read/source.js';
import type { TypeClass } from '../attribute.js';
import type { Context } from '../context.js';
import { operationsOf } from '../naming.js';
import { pageArgumentsOf, pageOf, readPage, type PageArguments } from '../page.js';
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
      @FieldResolver(() => page, { description })
      [many](
        @Root() { id }: { id: string },
        @Args(() => pageArguments) request: PageArguments,
        @Ctx() context: Context,
        @Info() info: GraphQLResolveInfo,
      ): Promise<Page> {
        if ('edge' in customers)
          return readPage(target, context, info, request, { edge: customers.edge, parentId: id });
        // Behind the client's own conditions, which keep the places that refusals name.
        const given = request.filter as { and?: readonly object[] | null } | undefined;
        const filter = { ...given, and: [...(given?.and ?? []), customers.naming(id)] };
        return readPage(target, context, info, { ...request, filter });
      }
    }
    return ListResolver;
  });
}

export function named(id: string): object {
  return { id: { eq: id } };
}
