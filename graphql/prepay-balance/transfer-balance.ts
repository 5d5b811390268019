import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { LogicalResourceRef, PartyAccountRef, ProductRef, RelatedParty } from '../shared/references.js';
import { actionIndexes, BalanceActionParts, hiddenAction } from './balance-action.js';
import { BucketRef } from './references.js';
import { CostOwnerType } from './enums.js';

@Resource({
  table: 'BalanceAction',
  indexes: actionIndexes,
  hidden: hiddenAction,
  discriminator: { kind: 'transferBalance' },
  description:
    "TMF654 TransferBalance: moves an amount to a bucket of somebody else, or of one's own, at once and wholly.",
})
export class TransferBalance extends BalanceActionParts {
  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'What the amount is for; taken from the bucket when absent.',
  })
  usageType?: string;

  @Attribute(() => BucketRef, {
    create: 'optional',
    update: true,
    description:
      'The bucket that receives. Without it, receiverProduct, receiverLogicalResource, receiverPartyAccount or receiver must lead to exactly one.',
  })
  receiverBucket?: BucketRef;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: "What the receiving bucket is for; narrows down which of the receiver's buckets is meant.",
  })
  receiverBucketUsageType?: string;

  @Attribute(() => LogicalResourceRef, {
    create: 'optional',
    update: true,
    description: 'Finds the receiving bucket by its logical resource, e.g. an MSISDN in value.',
  })
  receiverLogicalResource?: LogicalResourceRef;

  @Attribute(() => ProductRef, {
    create: 'optional',
    update: true,
    description: 'Finds the receiving bucket by its product.',
  })
  receiverProduct?: ProductRef;

  @Attribute(() => PartyAccountRef, {
    create: 'optional',
    update: true,
    description: 'Finds the receiving bucket by its account.',
  })
  receiverPartyAccount?: PartyAccountRef;

  @Attribute(() => RelatedParty, {
    create: 'optional',
    update: true,
    description: 'The party that receives; finds the bucket when nothing nearer is given.',
  })
  receiver?: RelatedParty;

  @Attribute(() => Quantity, {
    create: 'optional',
    update: true,
    description: "A fee for the transfer, in units of the payer's bucket; it leaves the bucket and goes to none.",
  })
  transferCost?: Quantity;

  @Attribute(() => CostOwnerType, {
    create: 'optional',
    update: true,
    description:
      'Who pays transferCost: originator (beside the amount; the default) or receiver (out of the receiving bucket).',
  })
  costOwner?: string;

  @Attribute(() => DateTime, { required: true, description: 'When the server received it.' })
  requestedDate: Date;
}

export const transferBalance: ResourceModule = {
  resolvers: resourceResolvers(TransferBalance, {
    create: {
      description:
        'Moves an amount between buckets, at once; may draw on several matching buckets in burn order. Errors: BUCKET_UNKNOWN, BUCKET_AMBIGUOUS, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, INSUFFICIENT_REMAINING, BALANCE_LIMIT.',
      call: ({ prepayBalance }, write, input) => prepayBalance.actions.transfer(write, input),
    },
    createMany: {
      description: 'Makes several transfers in one transaction.',
      call: ({ prepayBalance }, write, inputs) => prepayBalance.actions.transferMany(write, inputs),
    },
    update: {
      description:
        'Changes what describes the transfer and, until it is applied, all that it was asked with; status completed or failed tells of its payment, cancelled reverses it. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, INSUFFICIENT_REMAINING, REVISION_MISMATCH; when it is paid, those of its creation.',
      call: ({ prepayBalance }, write, change) => prepayBalance.actions.update(write, 'transferBalance', change),
    },
    delete: {
      description: 'Takes an ended transfer out of the lists; its ledger entries stay. Errors: NOT_FOUND, CONFLICT.',
      call: ({ prepayBalance }, write, id, ifRevision) =>
        prepayBalance.actions.delete(write, 'transferBalance', id, ifRevision),
    },
  }),
};
