import { Arg, Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { weights } from '../cost/weights.js';
import type { Context } from '../context.js';
import type { ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';

/** Makes links; src/app does. */
export interface SignedLinks {
  make(context: Context, url: string, expiresIn: number | null | undefined): Promise<SignedLink>;
}

@ObjectType({
  description: 'Our own: an address of a file that needs no header until it expires, for browsers.',
  simpleResolvers: true,
})
export class SignedLink {
  @Field(() => String, { description: 'The address with its signature. Whoever has it gets the file.' })
  url: string;

  @Field(() => DateTime, { description: 'Until when it holds.' })
  expiresAt: Date;
}

@Resolver()
class SignedLinkQuery {
  @Query(() => SignedLink, {
    nullable: true,
    complexity: weights.statement,
    description:
      'A link to a file that the caller may fetch: the document of a bill, the log of an import, the bytes of an export, the data of a party. It counts as a request of the caller, whose rights, and whose tenant, are asked again when it is used. Errors: INVALID_ATTRIBUTE (no file of this server, or a time beyond SIGNED_LINK_SECONDS), FORBIDDEN, NOT_FOUND.',
  })
  signedLink(
    @Arg('url', () => String, {
      description: 'Address of the file, as the server gives it, e.g. CustomerBill.billDocument.url.',
    })
    url: string,
    @Arg('expiresIn', () => Int, {
      nullable: true,
      description: 'How long it holds, in seconds; SIGNED_LINK_SECONDS when not given, which is also the most.',
    })
    expiresIn: number | null,
    @Ctx() context: Context,
  ): Promise<SignedLink> {
    return context.links.make(context, url, expiresIn);
  }
}

export const signedLink: ResourceModule = { resolvers: [SignedLinkQuery] };
