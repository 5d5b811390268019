import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Change, WriteContext } from '../src/domain/changes.js';
import { BULK_MAX, limitExceeded } from '../src/platform/limits.js';
import type { Answer } from '../src/platform/write/command.js';
import { aggregateResolver } from './aggregates.js';
import type { TypeClass } from './attribute.js';
import { relayAnswer, writeContext, type Context } from './context.js';
import { createInputOf, updateInputOf } from './inputs.js';
import type { Join } from './joins.js';
import { lowerFirst } from '../src/platform/letter-case.js';
import { operationsOf } from './naming.js';
import { pageArgumentsOf, pageOf, type PageArguments } from './page.js';
import { byPlan, Read } from './plan/field-read.js';
import { byWrite, WrittenBy, type Write } from './write.js';

export type ResolverClass = new () => object;

/** What a resource's file gives to the schema. */
export interface ResourceModule {
  resolvers: readonly ResolverClass[];
  /** The reference types that refer to this resource. */
  joins?: readonly Join[];
}

/** How a resource is written: the domain's functions, and what users read about each mutation. */
export interface Writing {
  create?: { description: string; call: (context: Context, write: WriteContext, input: never) => Promise<Answer> };
  /** Several at once, all or none; the answer is `{ items: [...] }`. */
  createMany?: {
    description: string;
    call: (context: Context, write: WriteContext, inputs: never[]) => Promise<Answer>;
  };
  update?: { description: string; call: (context: Context, write: WriteContext, change: Change) => Promise<Answer> };
  delete?: {
    description: string;
    call: (context: Context, write: WriteContext, id: string, ifRevision: number | undefined) => Promise<Answer>;
  };
}

/** Descriptions of arguments that many operations have. */
export const texts = {
  id: (typeName: string): string => `The id of the ${typeName}.`,
  idempotencyKey:
    'Repeating a mutation with the same key and input has no second effect and gives the first answer again. Default: the Idempotency-Key header.',
  ifRevision: 'Refuse with REVISION_MISMATCH unless the stored revision is this one.',
};

/**
 * The resolvers every TMF resource has: one, many, groups, href, and the writes it offers. A resource may answer the query of
 * one by a resolver of its own.
 */
export function resourceResolvers(target: TypeClass, writing: Writing, one = oneResolver(target)): ResolverClass[] {
  return [one, ...listResolvers(target), hrefResolver(target), ...writeResolvers(target, writing)];
}

/** The same for a resource of ours that TMF REST does not have: it has no address there. */
export function ownResolvers(target: TypeClass, writing: Writing): ResolverClass[] {
  return [oneResolver(target), ...listResolvers(target), ...writeResolvers(target, writing)];
}

function writeResolvers(target: TypeClass, writing: Writing): ResolverClass[] {
  const resolvers: ResolverClass[] = [];
  if (writing.create) {
    const input = createInputOf(target);
    resolvers.push(createResolver(target, input, writing.create));
    if (writing.createMany) resolvers.push(createManyResolver(target, input, writing.createMany));
  }
  if (writing.update) resolvers.push(updateResolver(target, writing.update));
  if (writing.delete) resolvers.push(deleteResolver(target, writing.delete));
  return resolvers;
}

/** The resolvers of what is only read, and has no address in TMF REST: one, many, groups. */
export function readResolvers(target: TypeClass): ResolverClass[] {
  return [oneResolver(target), ...listResolvers(target)];
}

function oneResolver(target: TypeClass): ResolverClass {
  const { one } = operationsOf(target.name);

  @Resolver(() => target)
  class OneResolver {
    @Read({ kind: 'row', target })
    @Query(() => target, { name: one, nullable: true, description: `One ${target.name} by id, or null.` })
    one(@Arg('id', () => ID, { description: texts.id(target.name) }) _id: string): object | null {
      return byPlan();
    }
  }
  return OneResolver;
}

/** The queries of many, and of groups of them. */
export function listResolvers(target: TypeClass): ResolverClass[] {
  return [manyResolver(target), aggregateResolver(target)];
}

function manyResolver(target: TypeClass): ResolverClass {
  const { many } = operationsOf(target.name);
  const page = pageOf(target);
  const pageArguments = pageArgumentsOf(target);

  @Resolver(() => target)
  class ManyResolver {
    @Read({ kind: 'page', target })
    @Query(() => page, { name: many, description: `A page of ${target.name}.` })
    many(@Args(() => pageArguments) _request: PageArguments): object {
      return byPlan();
    }
  }
  return ManyResolver;
}

function hrefResolver(target: TypeClass): ResolverClass {
  @Resolver(() => target)
  class HrefResolver {
    @Read({ kind: 'address', target, suffix: '' })
    @FieldResolver(() => String, {
      description: 'Address of this resource in TMF REST; equals the Location of its creation.',
    })
    href(@Root() { id }: { id: string }, @Ctx() context: Context): string {
      return context.href(target.name, id);
    }
  }
  return HrefResolver;
}

function createResolver(
  target: TypeClass,
  input: TypeClass,
  { description, call }: NonNullable<Writing['create']>,
): ResolverClass {
  const { create } = operationsOf(target.name);
  const write: Write<{ input: never }> = (context, { input: values, idempotencyKey }) =>
    relayAnswer(context, call(context, writeContext(context, idempotencyKey), values));

  @Resolver(() => target)
  class CreateResolver {
    @WrittenBy(write)
    @Mutation(() => target, { nullable: true, name: create, description })
    create(
      @Arg('input', () => input, { description: `What the new ${target.name} is made from.` }) _values: never,
      @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
    ): object {
      return byWrite();
    }
  }
  return CreateResolver;
}

function createManyResolver(
  target: TypeClass,
  input: TypeClass,
  { description, call }: NonNullable<Writing['createMany']>,
): ResolverClass {
  const { createMany } = operationsOf(target.name);
  const write: Write<{ inputs: never[] }> = async (context, { inputs, idempotencyKey }) => {
    if (inputs.length > BULK_MAX) {
      throw limitExceeded('BULK_MAX', BULK_MAX, `inputs has ${inputs.length} elements`, 'inputs', 'INVALID_ATTRIBUTE');
    }
    const { items } = (await relayAnswer(context, call(context, writeContext(context, idempotencyKey), inputs))) as {
      items: object[];
    };
    return items;
  };

  @Resolver(() => target)
  class CreateManyResolver {
    @WrittenBy(write)
    @Mutation(() => [target], {
      nullable: true,
      name: createMany,
      description: `${description} All or none, at most ${BULK_MAX}.`,
    })
    createMany(
      @Arg('inputs', () => [input], {
        description: `What each new ${target.name} is made from; they are answered in this order.`,
      })
      _values: never[],
      @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
    ): object[] {
      return byWrite();
    }
  }
  return CreateManyResolver;
}

function updateResolver(target: TypeClass, { description, call }: NonNullable<Writing['update']>): ResolverClass {
  const { update } = operationsOf(target.name);
  const input = updateInputOf(target);
  const write: Write<Change> = (context, { id, input: values, ifRevision, idempotencyKey }) => {
    const named = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    // Whether a change changes anything would tell what is hidden.
    context.access.rights.requireVisible(lowerFirst(target.name), named);
    return relayAnswer(
      context,
      call(context, writeContext(context, idempotencyKey), { id, input: values, ifRevision }),
    );
  };

  @Resolver(() => target)
  class UpdateResolver {
    @WrittenBy(write)
    @Mutation(() => target, { nullable: true, name: update, description })
    update(
      @Arg('id', () => ID, { description: texts.id(target.name) }) _id: string,
      @Arg('input', () => input, { description: 'What changes; attributes that are left out stay as they are.' })
      _values: object,
      @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) _ifRevision: number,
      @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
    ): object {
      return byWrite();
    }
  }
  return UpdateResolver;
}

function deleteResolver(target: TypeClass, { description, call }: NonNullable<Writing['delete']>): ResolverClass {
  const { delete: name } = operationsOf(target.name);

  @Resolver(() => target)
  class DeleteResolver {
    @Mutation(() => ID, { nullable: true, name, description: `${description} Answers the id.` })
    async delete(
      @Arg('id', () => ID, { description: texts.id(target.name) }) id: string,
      @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
      @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
      @Ctx() context: Context,
    ): Promise<string> {
      await relayAnswer(context, call(context, writeContext(context, key), id, ifRevision));
      return id;
    }
  }
  return DeleteResolver;
}
