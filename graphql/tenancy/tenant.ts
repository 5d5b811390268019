import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { ownResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { TenantState } from './enums.js';

@ValueObject('What a tenant has otherwise than the server is configured.')
export class TenantSettings {
  @Attribute(() => String, {
    description: 'IANA zone in which days, months and periods begin, e.g. Europe/Berlin; else OPERATOR_TIME_ZONE.',
  })
  timeZone?: string;

  @Attribute(() => String, { description: 'Name at the head of every bill, up to 100 characters; else BILL_ISSUER.' })
  billIssuer?: string;

  @Attribute(() => String, {
    description:
      'What numbers of bills begin with: ACME makes ACME-INV-2026-000042. Letters, digits, -, / and _, up to 20.',
  })
  billNumberPrefix?: string;
}

@Resource({
  table: 'Tenant',
  description:
    "Our own: a tenant of the installation. All data belong to one, and are seen by its principals only. Tenants themselves are the operator's, whose own tenant is `default`: to principals of other tenants there are none.",
  indexes: { values: ['handle'] },
})
export class Tenant {
  @Attribute(() => ID, {
    required: true,
    create: 'optional',
    description:
      'Id, by which its rows are stored, of 8 letters and digits: made by the server, unless it is given because rows of the tenant bear it already. It stays as it is.',
  })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change.' })
  revision: number;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    description:
      'What tokens, commands and brokers call the tenant: up to 64 letters, digits, dots, dashes and underscores, by default its id. renameTenant changes it. No other tenant has it as its handle, former handle or id.',
  })
  handle: string;

  @Attribute(() => String, {
    description: 'Its handle before the last renaming: tokens that name the tenant so are taken as well.',
  })
  formerHandle?: string;

  @Attribute(() => String, { required: true, create: 'required', update: true, description: 'Name for people.' })
  name: string;

  @Attribute(() => TenantState, {
    required: true,
    description: 'active, or suspended: then tokens and keys of the tenant are refused with 401.',
  })
  state: string;

  @Attribute(() => TenantSettings, {
    create: 'optional',
    update: true,
    description: 'What the tenant has otherwise than the operator. A change holds for what is made after it.',
  })
  settings?: TenantSettings;

  @Attribute(() => DateTime, { required: true, description: 'When it was made.' })
  createdAt: Date;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

@Resolver()
class TenantWrites {
  @Mutation(() => Tenant, {
    nullable: true,
    description:
      'Suspends a tenant: from now on its requests are refused with 401, on other servers within five seconds. What runs in the background goes on. Errors: NOT_FOUND, CONFLICT (the operator itself), REVISION_MISMATCH.',
  })
  suspendTenant(
    @Arg('id', () => ID, { description: texts.id('Tenant') }) id: string,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.tenancy.tenants.suspend(writeContext(context, key), { id, ifRevision }));
  }

  @Mutation(() => Tenant, {
    nullable: true,
    description: 'Answers the requests of a suspended tenant again. Errors: NOT_FOUND, REVISION_MISMATCH.',
  })
  resumeTenant(
    @Arg('id', () => ID, { description: texts.id('Tenant') }) id: string,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    return relayAnswer(context, context.tenancy.tenants.resume(writeContext(context, key), { id, ifRevision }));
  }

  @Mutation(() => Tenant, {
    nullable: true,
    description:
      'Gives a tenant another handle, on other servers within five seconds. Its data, keys and links stay as they are. Tokens that name it by the handle before are taken as well until the next renaming, unless that is released. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT (the operator itself; another tenant has it as its handle, former handle or id), REVISION_MISMATCH.',
  })
  renameTenant(
    @Arg('id', () => ID, { description: texts.id('Tenant') }) id: string,
    @Arg('handle', () => String, { description: 'The new handle; or the one it has, to release the one before.' })
    handle: string,
    @Arg('release', () => Boolean, {
      defaultValue: false,
      description: 'Whether the handle before is refused from now on, and free for other tenants.',
    })
    releases: boolean,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    const renaming = { handle, releases };
    return relayAnswer(
      context,
      context.tenancy.tenants.rename(writeContext(context, key), { id, ifRevision }, renaming),
    );
  }
}

export const tenant: ResourceModule = {
  resolvers: [
    ...ownResolvers(Tenant, {
      create: {
        description:
          'Makes a tenant, whose requests are answered from now on. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT (another one has this id or handle), NOT_FOUND (the principal is not of the tenant `default`).',
        call: ({ tenancy }, write, input) => tenancy.tenants.create(write, input),
      },
      update: {
        description:
          'Changes the name for people or the settings of a tenant; the settings are replaced whole. Errors: NOT_FOUND, INVALID_ATTRIBUTE, REVISION_MISMATCH.',
        call: ({ tenancy }, write, change) => tenancy.tenants.update(write, change),
      },
    }),
    TenantWrites,
  ],
};
