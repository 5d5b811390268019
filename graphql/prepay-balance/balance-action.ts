import { Int, ObjectType } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { Quantity } from '../shared/quantity.js';
import {
  ChannelRef,
  LogicalResourceRef,
  PartyAccountRef,
  PaymentMethodRef,
  ProductRef,
  RelatedParty,
} from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';
import { BucketRef, ImpactedBucket, RelatedTopupBalance, ReserveBalanceRef } from './references.js';
import { ActionStatusType, BalanceActionKind, CostOwnerType, RecurringPeriodType } from './enums.js';

/** An action that is deleted is kept for those who audit: ledger entries name it. */
export const hiddenAction = { at: 'deletedAt', by: 'deletedBy' };

const references = ['logicalResource', 'partyAccount', 'product', 'relatedParty'];
/** "BucketAction" has the buckets that an action names or moved; whoever writes actions writes it. */
const links = {
  table: 'BucketAction',
  row: 'actionId',
  named: 'bucketId',
  bytesMax: 64,
  paths: [
    ['bucket', 'id'],
    ['impactedBucket', 'bucket', 'id'],
  ],
};
/** Of the actions of one kind. */
export const actionIndexes = { orders: ['status', 'requestedDate'], references, links };

/** What the balance actions of TMF654 have in common. */
@ObjectType()
export abstract class BalanceActionParts extends ExtensibleResource {
  @Attribute(() => ActionStatusType, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'created (it is scheduled, awaits its payment, or is a reservation that holds), completed, failed or cancelled. A new top-up, adjustment or transfer that is given created, and has neither a date nor a period, awaits its payment: nothing moves until an update sets it to completed (it is applied then), failed or cancelled; unpaid, it is cancelled at paymentDueDate. Any other action may only be set to cancelled: what is scheduled will not happen, a reservation returns what it holds, a completed action is reversed by compensating entries if the balances allow it.',
  })
  status: string;

  @Attribute(() => Quantity, {
    required: true,
    create: 'required',
    update: true,
    description:
      'How much, always positive: at most 15 significant digits and nine decimals; the resource gives the direction.',
  })
  amount: Quantity;

  @Attribute(() => BucketRef, {
    create: 'optional',
    update: true,
    description:
      'The bucket meant. Without it, product, logicalResource, partyAccount or relatedParty must lead to one.',
  })
  bucket?: BucketRef;

  @Attribute(() => [ProductRef], {
    create: 'optional',
    update: true,
    description: 'Finds the bucket of one of these products.',
  })
  product?: ProductRef[];

  @Attribute(() => [LogicalResourceRef], {
    create: 'optional',
    update: true,
    description: 'Finds the bucket of one of these logical resources, e.g. an MSISDN in value.',
  })
  logicalResource?: LogicalResourceRef[];

  @Attribute(() => PartyAccountRef, {
    create: 'optional',
    update: true,
    description: 'Finds the bucket of this account.',
  })
  partyAccount?: PartyAccountRef;

  @Attribute(() => [RelatedParty], {
    create: 'optional',
    update: true,
    description: 'Parties that have to do with the action; finds the bucket when nothing nearer is given.',
  })
  relatedParty?: RelatedParty[];

  @Attribute(() => [ImpactedBucket], {
    description: 'What the action did: each bucket with its remaining value before and after.',
  })
  impactedBucket?: ImpactedBucket[];

  @Attribute(() => ChannelRef, {
    create: 'optional',
    update: true,
    description: 'The channel the action was asked through.',
  })
  channel?: ChannelRef;

  @Attribute(() => RelatedParty, { create: 'optional', update: true, description: 'Who asked for the action.' })
  requestor?: RelatedParty;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Why the action was asked for.' })
  reason?: string;

  @Attribute(() => DateTime, {
    description: 'When the server applied the action; absent while it is scheduled and when it failed.',
  })
  confirmationDate?: Date;

  @Attribute(() => TimePeriod, {
    create: 'optional',
    update: true,
    description:
      'Of a top-up, its end is the validity the top-up brings to its bucket; of a reservation, it is the default of expirationDate. Otherwise only kept.',
  })
  validFor?: TimePeriod;

  @Attribute(() => DateTime, {
    description:
      'Our extension: when the server acts on it next by itself: a reservation lapses, a scheduled top-up is due, an unpaid action is cancelled; absent when it never will.',
  })
  nextDueDate?: Date;

  @Attribute(() => DateTime, {
    description: 'Our extension: of an action that is or was to be paid first, until when its payment was awaited.',
  })
  paymentDueDate?: Date;

  @Attribute(() => String, {
    description:
      'Our extension, in GraphQL only: who asked for it, the id of a principal, or system for what the server did by itself. Null in actions of earlier versions.',
  })
  principalId?: string;

  @Attribute(() => String, {
    description: 'Our extension: the error code of the refusal when status is failed, e.g. INSUFFICIENT_REMAINING.',
  })
  failureCode?: string;

  @Attribute(() => String, { description: 'Our extension: the refusal in words when status is failed.' })
  failureMessage?: string;
}

// What belongs to some kinds of action only is told by their own classes; here it is only read.
@Resource({
  table: 'BalanceAction',
  indexes: { orders: ['kind', 'requestedDate'], references, links },
  hidden: hiddenAction,
  description:
    'TMF654 BalanceAction: the history of balance actions of every kind, one row each, whether applied, scheduled or refused. Made and changed through the resource of its kind.',
})
export class BalanceAction extends BalanceActionParts {
  @Attribute(() => BalanceActionKind, {
    required: true,
    description:
      'Our extension: the resource it was made through: topupBalance, adjustBalance, reserveBalance or transferBalance. Its id is the same there.',
  })
  kind: string;

  @Attribute(() => String, { description: 'What the amount is for, e.g. monetary, voice, data, sms.' })
  usageType?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it was asked for.' })
  requestedDate: Date;

  @Attribute(() => String, { description: 'Of a top-up: code of the voucher that pays.' })
  voucher?: string;

  @Attribute(() => PaymentMethodRef, { description: 'Of a top-up: the method of payment.' })
  paymentMethod?: PaymentMethodRef;

  @Attribute(() => Boolean, { description: 'Of a top-up: whether it was made automatically.' })
  isAutoTopup?: boolean;

  @Attribute(() => RecurringPeriodType, { description: 'Of a recurring top-up: its period.' })
  recurringPeriod?: string;

  @Attribute(() => Int, { description: 'Of a recurring top-up: its number of periods.' })
  numberOfPeriods?: number;

  @Attribute(() => RelatedTopupBalance, { description: 'Of a top-up: the one it belongs to.' })
  relatedTopupBalance?: RelatedTopupBalance;

  @Attribute(() => String, {
    description: 'Of an adjustment: its direction; ends in Credit or Debit, e.g. goodWillCredit.',
  })
  adjustType?: string;

  @Attribute(() => ReserveBalanceRef, { description: 'Of an adjustment: the reservation it consumes.' })
  reserveBalance?: ReserveBalanceRef;

  @Attribute(() => DateTime, { description: 'Of a reservation: when it was to lapse by itself.' })
  expirationDate?: Date;

  @Attribute(() => RelatedParty, { description: 'Of a transfer: the party that receives.' })
  receiver?: RelatedParty;

  @Attribute(() => BucketRef, { description: 'Of a transfer: the bucket that receives.' })
  receiverBucket?: BucketRef;

  @Attribute(() => String, { description: 'Of a transfer: what the receiving bucket is for.' })
  receiverBucketUsageType?: string;

  @Attribute(() => LogicalResourceRef, { description: 'Of a transfer: the logical resource whose bucket receives.' })
  receiverLogicalResource?: LogicalResourceRef;

  @Attribute(() => ProductRef, { description: 'Of a transfer: the product whose bucket receives.' })
  receiverProduct?: ProductRef;

  @Attribute(() => Quantity, { description: 'Of a transfer: what it costs.' })
  transferCost?: Quantity;

  @Attribute(() => CostOwnerType, { description: 'Of a transfer: who bears its cost, originator or receiver.' })
  costOwner?: string;
}

export const balanceAction: ResourceModule = { resolvers: resourceResolvers(BalanceAction, {}) };
