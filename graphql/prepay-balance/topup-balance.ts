import { Int } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { PaymentMethodRef, PaymentRef } from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';
import { actionIndexes, BalanceActionParts, hiddenAction } from './balance-action.js';
import { RelatedTopupBalance } from './references.js';
import { RecurringPeriodType } from './enums.js';

@Resource({
  table: 'BalanceAction',
  indexes: actionIndexes,
  hidden: hiddenAction,
  discriminator: { kind: 'topupBalance' },
  description:
    'TMF654 TopupBalance: adds an amount to one bucket: at once, at a later date, in every period, or whenever little is left.',
})
export class TopupBalance extends BalanceActionParts {
  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'What the amount is for; taken from the bucket when absent.',
  })
  usageType?: string;

  @Attribute(() => Quantity, {
    required: true,
    create: 'required',
    update: true,
    description:
      'How much is added, in the units of the bucket or ones that convert to them exactly (MB and GB, s and min). May be changed while a scheduled top-up is created.',
  })
  override amount: Quantity;

  @Attribute(() => TimePeriod, {
    create: 'optional',
    update: true,
    description:
      'Its end extends the validity of the bucket when that ends earlier, and revives an expired bucket with its remainder. Must end in the future, but for a scheduled top-up: its end counts when it is due.',
  })
  override validFor?: TimePeriod;

  @Attribute(() => DateTime, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'When the top-up is to happen; in the future, it is scheduled for then. Of a recurring top-up: when its first period begins. Default: now.',
  })
  requestedDate: Date;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Code of the voucher that pays.' })
  voucher?: string;

  @Attribute(() => PaymentRef, { create: 'optional', update: true, description: 'The payment that pays.' })
  payment?: PaymentRef;

  @Attribute(() => PaymentMethodRef, { create: 'optional', update: true, description: 'The method of payment.' })
  paymentMethod?: PaymentMethodRef;

  @Attribute(() => Boolean, {
    create: 'optional',
    update: true,
    description:
      'Whether it happens, or was made, automatically. Always true for a recurring or auto top-up and for what it makes.',
  })
  isAutoTopup?: boolean;

  @Attribute(() => RecurringPeriodType, {
    create: 'optional',
    update: true,
    description:
      'weekly, fortnightly or monthly: at the beginning of each period, counted from requestedDate in the time zone of the operator, a topupBalance is made that names this one in relatedTopupBalance. A month without the day uses its last one.',
  })
  recurringPeriod?: string;

  @Attribute(() => Int, {
    create: 'optional',
    update: true,
    description:
      'How many top-ups a recurring or auto top-up makes, refused ones included; without it, it goes on until it is cancelled.',
  })
  numberOfPeriods?: number;

  @Attribute(() => Int, { description: 'Our extension: how many top-ups a recurring or auto top-up has made so far.' })
  periodsDone?: number;

  @Attribute(() => Quantity, {
    create: 'optional',
    description:
      'Our extension: makes it an auto top-up, which fills its bucket whenever a debit, reservation or transfer leaves less than this; each filling is a topupBalance that names this one in relatedTopupBalance. One per bucket.',
  })
  autoTopupThreshold?: Quantity;

  @Attribute(() => RelatedTopupBalance, {
    create: 'optional',
    update: true,
    description: 'The top-up this one belongs to.',
  })
  relatedTopupBalance?: RelatedTopupBalance;
}

export const topupBalance: ResourceModule = {
  resolvers: [
    ...resourceResolvers(TopupBalance, {
      create: {
        description:
          'Adds an amount to one bucket: at once, or as requestedDate, recurringPeriod or autoTopupThreshold say. Errors: BUCKET_UNKNOWN, BUCKET_AMBIGUOUS, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, BALANCE_LIMIT; of a second autoTopupThreshold of a bucket CONFLICT.',
        call: ({ prepayBalance }, write, input) => prepayBalance.actions.topUp(write, input),
      },
      createMany: {
        description: 'Makes several top-ups in one transaction.',
        call: ({ prepayBalance }, write, inputs) => prepayBalance.actions.topUpMany(write, inputs),
      },
      update: {
        description:
          'Changes what describes the top-up and, until it is applied, all that it was asked with; status completed or failed tells of its payment, cancelled ends what is scheduled and reverses what is completed. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, INSUFFICIENT_REMAINING, REVISION_MISMATCH; when it is paid, those of its creation.',
        call: ({ prepayBalance }, write, change) => prepayBalance.actions.update(write, 'topupBalance', change),
      },
      delete: {
        description: 'Takes an ended top-up out of the lists; its ledger entries stay. Errors: NOT_FOUND, CONFLICT.',
        call: ({ prepayBalance }, write, id, ifRevision) =>
          prepayBalance.actions.delete(write, 'topupBalance', id, ifRevision),
      },
    }),
  ],
  joins: [{ reference: RelatedTopupBalance, target: TopupBalance }],
};
