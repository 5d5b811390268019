import { ID, Int } from 'type-graphql';
import type { SpendLimitInput } from '../../src/domain/spend-limit/limits.js';
import { Attribute, Resource } from '../attribute.js';
import { BillingAccountRef } from '../customer-bill/references.js';
import { ownResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { RelatedParty } from '../shared/references.js';
import { SpendPeriod } from './enums.js';

@Resource({
  table: 'SpendLimit',
  indexes: { references: ['billingAccount', 'relatedParty'] },
  description:
    'Our own: how much a party or an account may spend in a period before SpendLimitReachedEvent tells of it, once in each period. Nothing is refused by it. Spent is what its buckets were charged (debits, commits, costs of transfers, less what was given back) and what its usages were rated at that consumed no bucket, in these units or units that convert.',
})
export class SpendLimit {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change.' })
  revision: number;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the limit.' })
  name?: string;

  @Attribute(() => RelatedParty, {
    create: 'optional',
    update: true,
    description: 'Who spends: this or billingAccount. Its own buckets and usages count, in roles that own.',
  })
  relatedParty?: RelatedParty;

  @Attribute(() => BillingAccountRef, {
    create: 'optional',
    update: true,
    description: 'The account whose spending counts: this or relatedParty.',
  })
  billingAccount?: BillingAccountRef;

  @Attribute(() => SpendPeriod, {
    required: true,
    create: 'required',
    update: true,
    description: 'How long it counts: day, week or month.',
  })
  period: string;

  @Attribute(() => Quantity, {
    required: true,
    create: 'required',
    update: true,
    description: 'How much may be spent: reached when as much was spent, or more.',
  })
  amount: Quantity;

  @Attribute(() => DateTime, {
    description:
      'When the period began in which it was reached last; absent after a change of what it measures. Set by the server.',
  })
  reachedPeriod?: Date;

  @Attribute(() => DateTime, { description: 'When it was found to be reached last; set by the server.' })
  reachedAt?: Date;

  @Attribute(() => Quantity, { description: 'What had been spent in the period then; set by the server.' })
  spent?: Quantity;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed.' })
  updatedAt: Date;
}

export const spendLimit: ResourceModule = {
  resolvers: ownResolvers(SpendLimit, {
    create: {
      description:
        'Sets a limit; one that is passed already is told at once. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE.',
      call: ({ spendLimit: domain }, write, input: SpendLimitInput) => domain.limits.create(write, input),
    },
    update: {
      description:
        'Changes a limit; with another party, account, period or amount it may be reached once more in the same period. Errors: NOT_FOUND, INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, REVISION_MISMATCH.',
      call: ({ spendLimit: domain }, write, change) => domain.limits.update(write, change),
    },
    delete: {
      description: 'Deletes a limit. Errors: NOT_FOUND, REVISION_MISMATCH.',
      call: ({ spendLimit: domain }, write, id, ifRevision) => domain.limits.delete(write, id, ifRevision),
    },
  }),
};
