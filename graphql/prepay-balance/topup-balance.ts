import { Int } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { PaymentMethodRef, PaymentRef } from '../shared/references.js';
import { BalanceActionParts } from './balance-action.js';
import { RelatedTopupBalance } from './references.js';

@Resource({
  table: 'BalanceAction',
  fixed: { kind: 'topupBalance' },
  description: 'TMF654 TopupBalance: adds an amount to one bucket.',
})
export class TopupBalance extends BalanceActionParts {
  @Attribute(() => String, { create: 'optional', description: 'What the amount is for; taken from the bucket when absent.' })
  usageType?: string;

  @Attribute(() => DateTime, { required: true, create: 'optional', description: 'When the top-up was asked for; set by the server. Scheduled top-ups are not offered yet.' })
  requestedDate: Date;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Code of the voucher that pays.' })
  voucher?: string;

  @Attribute(() => PaymentRef, { create: 'optional', update: true, description: 'The payment that pays.' })
  payment?: PaymentRef;

  @Attribute(() => PaymentMethodRef, { create: 'optional', update: true, description: 'The method of payment.' })
  paymentMethod?: PaymentMethodRef;

  @Attribute(() => Boolean, { create: 'optional', update: true, description: 'Whether the top-up was made by an automatism.' })
  isAutoTopup?: boolean;

  @Attribute(() => String, { create: 'optional', description: 'Period of a recurring top-up. Recurring top-ups are not offered yet.' })
  recurringPeriod?: string;

  @Attribute(() => Int, { create: 'optional', description: 'Number of periods of a recurring top-up. Not offered yet.' })
  numberOfPeriods?: number;

  @Attribute(() => RelatedTopupBalance, { create: 'optional', update: true, description: 'The top-up this one belongs to.' })
  relatedTopupBalance?: RelatedTopupBalance;
}

export const topupBalance: ResourceModule = {
  resolvers: [
    ...resourceResolvers(TopupBalance, {
      create: {
        description:
          'Adds an amount to one bucket, at once. Errors: BUCKET_UNKNOWN, BUCKET_AMBIGUOUS, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, BALANCE_LIMIT.',
        call: ({ prepayBalance }, write, input) => prepayBalance.actions.topUp(write, input),
      },
      createMany: {
        description: 'Makes several top-ups in one transaction.',
        call: ({ prepayBalance }, write, inputs) => prepayBalance.actions.topUpMany(write, inputs),
      },
      update: {
        description: 'Changes what describes the top-up; amount and bucket stay. Errors: NOT_FOUND, CONFLICT, REVISION_MISMATCH.',
        call: ({ prepayBalance }, write, change) => prepayBalance.actions.update(write, 'topupBalance', change),
      },
      delete: {
        description: 'Takes an ended top-up out of the lists; its ledger entries stay. Errors: NOT_FOUND, CONFLICT.',
        call: ({ prepayBalance }, write, id) => prepayBalance.actions.delete(write, 'topupBalance', id),
      },
    }),
  ],
  joins: [{ reference: RelatedTopupBalance, target: TopupBalance }],
};
