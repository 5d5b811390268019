import type { Period } from '../../../platform/calendar.js';
import { toJsonForm, withoutNulls } from '../../../platform/json-object.js';
import { requireAmount } from '../../amount.js';
import type {
  ActionAttributes,
  AdjustCommand,
  CommitCommand,
  CostOwner,
  ReserveCommand,
  ScheduledTopupCommand,
  TopupCommand,
  TransferCommand,
} from './commands.js';
import { invalid, isGiven, missing, requireName, requireOneOf, requireValidity, type Validity } from '../../input.js';
import type { Amount, BalanceActionRow, TopupBalanceRow, TopupReference, TransferBalanceRow } from '../model.js';
import { appliedStatus, liveStatus } from '../transitions.js';
import { completeLogicalResources, locatorOf, requireQuantity, usageTypeOf, type LocatorInput } from './input-parts.js';

/** Attributes of a row that a request may give, in the form that the row has them. */
type Given<Row, Names extends keyof Row> = { [Name in Names]?: Row[Name] | null };

/** Attributes that are only kept, whatever the kind of action. */
type Described = Given<
  BalanceActionRow,
  'description' | 'reason' | 'channel' | 'requestor' | 'atType' | 'atBaseType' | 'atSchemaLocation' | 'extension'
>;

/** What a request for any balance action can say. */
export interface ActionInput extends LocatorInput, Described {
  status?: string | null;
  usageType?: string | null;
  validFor?: Validity | null;
}

export interface TopupInput
  extends
    ActionInput,
    Given<
      TopupBalanceRow,
      | 'isAutoTopup'
      | 'recurringPeriod'
      | 'numberOfPeriods'
      | 'relatedTopupBalance'
      | 'voucher'
      | 'payment'
      | 'paymentMethod'
    > {
  requestedDate?: Date | null;
  autoTopupThreshold?: Amount | null;
}

export interface AdjustInput extends ActionInput, Given<BalanceActionRow, 'adjustType' | 'reserveBalance'> {}

export interface ReserveInput extends ActionInput {
  expirationDate?: Date | null;
}

export interface TransferInput
  extends
    ActionInput,
    Given<
      TransferBalanceRow,
      | 'receiverBucket'
      | 'receiverProduct'
      | 'receiverLogicalResource'
      | 'receiverPartyAccount'
      | 'receiver'
      | 'receiverBucketUsageType'
      | 'costOwner'
    > {
  transferCost?: Amount | null;
}

/** What an update can say of an action, whatever its kind; null removes. */
export type ActionUpdateInput = Partial<
  Omit<TopupInput, 'amount'> &
    Omit<AdjustInput, 'amount'> &
    Omit<ReserveInput, 'amount'> &
    Omit<TransferInput, 'amount'>
> & { amount?: Amount | null };

/** The command of a top-up: applied at once, or scheduled. Throws DomainError for invalid input. */
export function fromTopupInput(input: TopupInput): TopupCommand | ScheduledTopupCommand {
  const { requestedDate, recurringPeriod, numberOfPeriods, autoTopupThreshold } = input;
  requireRelated(input.relatedTopupBalance);
  const isScheduled = isGiven(requestedDate) || isGiven(recurringPeriod) || isGiven(autoTopupThreshold);
  if (!isScheduled && isGiven(numberOfPeriods))
    throw invalid('numberOfPeriods', 'goes only with recurringPeriod or autoTopupThreshold');
  return isScheduled ? fromScheduledInput(input) : topupOf(input);
}

function topupOf(input: TopupInput): TopupCommand {
  const { locator, ...rest } = common(input);
  const validUntil = endOf(input);
  return {
    type: 'topup',
    ...rest,
    ...payFirstOf(input),
    validUntil,
    locator: validUntil && locator.kind === 'match' ? { ...locator, withExpired: true } : locator,
  };
}

/** Periods of one top-up at most: a weekly one runs for two hundred years. */
const NUMBER_OF_PERIODS_MAX = 10_000;

/** The command of a top-up that acts later. Throws DomainError for invalid input. */
export function fromScheduledInput(input: TopupInput): ScheduledTopupCommand {
  const { requestedDate, recurringPeriod, numberOfPeriods, autoTopupThreshold, isAutoTopup, status, ...each } = input;
  requireStatus(status, [liveStatus]);
  const makesSeveral = isGiven(recurringPeriod) || isGiven(autoTopupThreshold);
  if (isGiven(autoTopupThreshold)) {
    requireName('autoTopupThreshold.units', autoTopupThreshold.units);
    requireAmount(autoTopupThreshold.amount, 'autoTopupThreshold.amount');
    for (const name of ['recurringPeriod', 'requestedDate'] as const) {
      if (isGiven(input[name]))
        throw invalid(name, 'does not go with autoTopupThreshold: the balance says when, not the calendar');
    }
  }
  if (makesSeveral && isAutoTopup === false)
    throw invalid(
      'isAutoTopup',
      'must not be false: a recurringPeriod or autoTopupThreshold makes top-ups automatically',
    );
  if (isGiven(numberOfPeriods)) {
    if (!makesSeveral) throw invalid('numberOfPeriods', 'goes only with recurringPeriod or autoTopupThreshold');
    if (numberOfPeriods < 1 || numberOfPeriods > NUMBER_OF_PERIODS_MAX)
      throw invalid(
        'numberOfPeriods',
        `must be from 1 to the limit NUMBER_OF_PERIODS_MAX of ${NUMBER_OF_PERIODS_MAX}: ${numberOfPeriods}`,
      );
  }
  const topup = topupOf(each);
  return {
    type: 'scheduled',
    ...common({ ...input, ...(makesSeveral && { isAutoTopup: true }) }),
    locator: topup.locator,
    topup,
    requestedDate: requestedDate ?? undefined,
    // There are no other words: those of an enum were compared before.
    recurringPeriod: (recurringPeriod ?? undefined) as Period | undefined,
    threshold: autoTopupThreshold ?? undefined,
  };
}

/** The adjustType that consumes a reservation. */
export const commitType = 'reservationDebit';

/** The command of an adjustment: a credit, a debit, or the commit of a reservation. Throws DomainError for invalid input. */
export function fromAdjustInput(input: AdjustInput): AdjustCommand | CommitCommand {
  const adjustType = input.adjustType ?? undefined;
  const reservationId = input.reserveBalance?.id ?? undefined;
  if (adjustType === commitType) {
    if (reservationId === undefined)
      throw missing('reserveBalance', `adjustType '${commitType}' names the reservation it consumes`);
    return fromCommitInput(reservationId, input);
  }
  if (reservationId !== undefined) throw invalid('reserveBalance', `goes only with adjustType '${commitType}'`);
  return { type: directionOf(adjustType), ...common(input), ...payFirstOf(input) };
}

/** The command that consumes a reservation; it acts on the reservation's buckets. Throws DomainError for invalid input. */
export function fromCommitInput(
  reservationId: string,
  input: Omit<ActionInput, 'amount'> & { amount?: Amount | null },
): CommitCommand {
  if (input.amount) requireQuantity('amount', input.amount);
  const attributes = descriptive({ ...input, adjustType: commitType, reserveBalance: { id: reservationId } });
  return {
    type: 'commit',
    actionId: reservationId,
    amount: input.amount ?? undefined,
    usageType: usageTypeOf(input),
    attributes,
    ...payFirstOf(input),
  };
}

/** Absent means a credit; otherwise the suffix decides, and no other value is known. */
function directionOf(adjustType: string | undefined): 'credit' | 'debit' {
  if (adjustType === undefined || adjustType.endsWith('Credit')) return 'credit';
  if (adjustType.endsWith('Debit')) return 'debit';
  throw invalid('adjustType', `must end in Credit or Debit, '${adjustType}' does not`);
}

/** The command of a reservation. Throws DomainError for invalid input. */
export function fromReserveInput(input: ReserveInput): ReserveCommand {
  requireStatus(input.status, [liveStatus]);
  const command = common(input);
  // The conformance kit wants relatedParty on every reservation, be it empty.
  const attributes = { relatedParty: [], ...command.attributes };
  // The draft edition of TMF654 says validFor where the final one says expirationDate.
  return { type: 'reserve', ...command, attributes, expirationDate: input.expirationDate ?? endOf(input) };
}

/** The command of a transfer. Throws DomainError for invalid input. */
export function fromTransferInput(input: TransferInput): TransferCommand {
  const { receiverBucket, receiverBucketUsageType, receiverLogicalResource, receiver, transferCost, costOwner } = input;
  if (transferCost) requireQuantity('transferCost', transferCost);
  if (receiverBucket?.id && receiverBucket.id === input.bucket?.id)
    throw invalid('receiverBucket', 'must be another bucket than bucket');
  if (isGiven(receiverBucketUsageType)) requireName('receiverBucketUsageType', receiverBucketUsageType);
  const [resource] = receiverLogicalResource
    ? completeLogicalResources([receiverLogicalResource], 'receiverLogicalResource')
    : [];
  const target = {
    amount: input.amount,
    bucket: receiverBucket,
    product: input.receiverProduct && [input.receiverProduct],
    logicalResource: resource && [resource],
    partyAccount: input.receiverPartyAccount,
    relatedParty: receiver && [receiver],
  };
  const complete = resource ? { ...input, receiverLogicalResource: resource } : input;
  return {
    type: 'transfer',
    ...common(complete),
    ...payFirstOf(input),
    receiver: locatorOf(target, receiverBucketUsageType ?? undefined, receiverNames),
    cost: transferCost ?? undefined,
    costOwner: (costOwner ?? 'originator') as CostOwner,
  };
}

const receiverNames = {
  missing: 'receiverBucket',
  all: 'receiverBucket, receiverProduct, receiverLogicalResource, receiverPartyAccount or receiver',
};

/** Refuses a status in which the action cannot begin: none is ignored. */
function requireStatus(status: string | null | undefined, allowed: readonly string[]): void {
  if (isGiven(status)) requireOneOf('status', allowed, status);
}

/** A client that creates a payable action as `created` will report its payment. */
function payFirstOf({ status }: { status?: string | null }): { payFirst?: true } {
  requireStatus(status, [liveStatus, appliedStatus]);
  return status === liveStatus ? { payFirst: true } : {};
}

/** The end of validity that an action brings. */
function endOf({ validFor }: { validFor?: Validity | null }): Date | undefined {
  return validFor?.endDateTime ?? undefined;
}

function common(input: ActionInput): Omit<AdjustCommand, 'type'> {
  requireQuantity('amount', input.amount);
  requireValidity(input.validFor);
  const usageType = usageTypeOf(input);
  const locator = locatorOf(input, usageType);
  return { amount: input.amount, locator, usageType, attributes: descriptive(input) };
}

/** Refuses a channel that names nothing. */
export function requireChannel(channel: ActionInput['channel']): void {
  if (channel && !channel.id && !channel.href && !channel.name)
    throw missing('channel.id', 'a channel has an id, an href or a name');
}

/** Refuses a reference to a top-up that has no id (TMF654 RelatedTopupBalance). */
export function requireRelated(related: TopupReference | null | undefined): void {
  if (!isGiven(related)) return;
  if (!isGiven(related.id)) throw missing('relatedTopupBalance.id', 'it says which top-up is meant');
  requireName('relatedTopupBalance.id', related.id);
}

/** Attributes that are kept as given, without those that the engine sets itself. */
function descriptive({
  amount: _amount,
  usageType: _usageType,
  status: _status,
  ...input
}: ActionUpdateInput): ActionAttributes {
  const { channel, logicalResource, requestedDate } = input;
  requireChannel(channel);
  return withoutNulls(
    toJsonForm({
      ...input,
      requestedDate: requestedDate ?? undefined,
      logicalResource: logicalResource && completeLogicalResources(logicalResource),
    }),
  );
}
