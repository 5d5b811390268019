import { Arg, Ctx, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { createInputOf } from '../inputs.js';
import { ownResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';

const ids = (what: string): string => `Ids of the ${what} that are its own, at most 1,000.`;

@Resource({
  table: 'ApiKey',
  description:
    'Our own: a key by which a machine or a low-code tool says who it is, in `Authorization: Bearer` or `X-API-Key`. Its text is told once, when it is made. It is of the tenant of who made it.',
})
export class ApiKey {
  @Attribute(() => ID, {
    required: true,
    description: 'Id, a ULID given by the server; that of the principal of requests with this key.',
  })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change.' })
  revision: number;

  @Attribute(() => String, {
    required: true,
    create: 'required',
    description: 'Name for people: where it is used, up to 255 characters.',
  })
  name: string;

  @Attribute(() => [String], {
    required: true,
    create: 'optional',
    description: 'Names of the roles it has, at most 1,000; one that nobody knows counts for nothing.',
  })
  roles: string[];

  @Attribute(() => [String], { required: true, create: 'optional', description: ids('parties') })
  parties: string[];

  @Attribute(() => [String], { required: true, create: 'optional', description: ids('billing accounts') })
  accounts: string[];

  @Attribute(() => [String], {
    required: true,
    create: 'optional',
    description: ids('logical resources, such as numbers,'),
  })
  logicalResources: string[];

  @Attribute(() => DateTime, {
    create: 'optional',
    description: 'From when on it is refused; none: never. It must be in the future.',
  })
  expiresAt?: Date;

  @Attribute(() => DateTime, { description: 'When it was used last, to about a minute.' })
  lastUsedAt?: Date;

  @Attribute(() => String, { description: 'Id of the principal that made it.' })
  createdBy?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it was made.' })
  createdAt: Date;

  @Attribute(() => DateTime, { description: 'When it was revoked: since then it is refused.' })
  revokedAt?: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

const ApiKeyCreate = createInputOf(ApiKey);

@ObjectType({ description: 'A key that was made, and its text.', simpleResolvers: true })
export class NewApiKey {
  @Field(() => String, {
    nullable: true,
    description:
      'The text of the key, which begins with tmf_. Keep it as a secret: it is not told again, and null where the answer repeats an earlier one.',
  })
  key?: string;

  @Field(() => ApiKey, { description: 'What is kept of it.' })
  apiKey: ApiKey;
}

@Resolver()
class ApiKeyWrites {
  @Mutation(() => NewApiKey, {
    nullable: true,
    description:
      'Makes a key of the tenant of the principal and tells its text, this once. Errors: INVALID_ATTRIBUTE, FORBIDDEN (its roles may do more than those of the principal), CONFLICT (there are too many).',
  })
  async createApiKey(
    @Arg('input', () => ApiKeyCreate, { description: 'What the new key is made from.' }) input: never,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<object> {
    const making = context.tenancy.apiKeys.createKey(writeContext(context, idempotencyKey), input, context.principal);
    return { apiKey: await relayAnswer(context, making), key: (await making).key };
  }

  @Mutation(() => ApiKey, {
    nullable: true,
    description:
      'Revokes a key: from now on it is refused with 401, on other servers within five seconds. Errors: NOT_FOUND, REVISION_MISMATCH.',
  })
  revokeApiKey(
    @Arg('id', () => ID, { description: texts.id('ApiKey') }) id: string,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.tenancy.apiKeys.revoke(writeContext(context, key), { id, ifRevision }));
  }
}

export const apiKey: ResourceModule = { resolvers: [...ownResolvers(ApiKey, {}), ApiKeyWrites] };
