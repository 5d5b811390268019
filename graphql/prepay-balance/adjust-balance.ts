import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { UsageRef } from '../usage/references.js';
import { actionIndexes, BalanceActionParts, hiddenAction } from './balance-action.js';
import { AdjustBalanceRef, ReserveBalanceRef } from './references.js';

@Resource({
  table: 'BalanceAction',
  indexes: { ...actionIndexes, references: [...actionIndexes.references, 'usage'] },
  hidden: hiddenAction,
  discriminator: { kind: 'adjustBalance' },
  description: 'TMF654 AdjustBalance: a correction of a balance, up or down, or the consumption of a reservation.',
})
export class AdjustBalance extends BalanceActionParts {
  @Attribute(() => String, {
    required: true,
    sharesColumn: true,
    create: 'optional',
    update: true,
    description: 'What the amount is for; taken from the bucket when absent, and needed when there is none.',
  })
  usageType: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description:
      'Direction: ends in Credit or Debit, e.g. goodWillCredit, oneTimeChargeDebit; absent is a credit. reservationDebit consumes reserveBalance.',
  })
  adjustType?: string;

  @Attribute(() => ReserveBalanceRef, {
    create: 'optional',
    update: true,
    description: 'The reservation that a reservationDebit consumes.',
  })
  reserveBalance?: ReserveBalanceRef;

  @Attribute(() => UsageRef, {
    description:
      'Our extension: the usage whose chargeTo made it, and which alone can undo it. The usage of a refused one may not exist.',
  })
  usage?: UsageRef;

  @Attribute(() => DateTime, { required: true, description: 'When the server received it.' })
  requestedDate: Date;
}

export const adjustBalance: ResourceModule = {
  resolvers: resourceResolvers(AdjustBalance, {
    create: {
      description:
        'Credits or debits, at once; a debit may draw on several matching buckets in burn order. Errors: BUCKET_UNKNOWN, BUCKET_AMBIGUOUS, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, INSUFFICIENT_REMAINING, BALANCE_LIMIT; for a reservationDebit also RESERVATION_UNKNOWN, RESERVATION_NOT_LIVE, COMMIT_ABOVE_RESERVED.',
      call: ({ prepayBalance }, write, input) => prepayBalance.actions.adjust(write, input),
    },
    createMany: {
      description: 'Makes several adjustments in one transaction.',
      call: ({ prepayBalance }, write, inputs) => prepayBalance.actions.adjustMany(write, inputs),
    },
    update: {
      description:
        'Changes what describes the adjustment and, until it is applied, all that it was asked with; status completed or failed tells of its payment, cancelled reverses it. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, INSUFFICIENT_REMAINING, REVISION_MISMATCH; when it is paid, those of its creation.',
      call: ({ prepayBalance }, write, change) => prepayBalance.actions.update(write, 'adjustBalance', change),
    },
    delete: {
      description: 'Takes an ended adjustment out of the lists; its ledger entries stay. Errors: NOT_FOUND, CONFLICT.',
      call: ({ prepayBalance }, write, id, ifRevision) =>
        prepayBalance.actions.delete(write, 'adjustBalance', id, ifRevision),
    },
  }),
  joins: [{ reference: AdjustBalanceRef, target: AdjustBalance }],
};
