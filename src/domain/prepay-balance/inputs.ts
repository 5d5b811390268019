import { DomainError } from '../../platform/errors.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import { requireAmount } from '../amount.js';
import type { Amount, AdjustCommand, CommitCommand, Containment, Locator, ReserveCommand, TopupCommand } from './commands.js';

/** Length of names that are indexed: units, usage types, ids. */
export const nameLengthMax = 255;

interface Reference {
  id?: string | null;
}

export interface LogicalResourceReference extends Reference {
  value?: string | null;
}

/** What every balance action is asked with; the rest of the attributes is only kept. */
export interface ActionInput {
  amount: Amount;
  usageType?: string | null;
  bucket?: Reference | null;
  product?: Reference[] | null;
  logicalResource?: LogicalResourceReference[] | null;
  partyAccount?: Reference | null;
  relatedParty?: Reference[] | null;
  channel?: { id?: string | null; href?: string | null; name?: string | null } | null;
}

export interface TopupInput extends ActionInput {
  requestedDate?: Date | null;
  recurringPeriod?: string | null;
  numberOfPeriods?: number | null;
}

export interface AdjustInput extends ActionInput {
  adjustType?: string | null;
  reserveBalance?: Reference | null;
}

export interface ReserveInput extends ActionInput {
  expirationDate?: Date | null;
}

export function fromTopupInput(input: TopupInput): TopupCommand {
  for (const attribute of ['requestedDate', 'recurringPeriod', 'numberOfPeriods'] as const) {
    if (input[attribute] !== null && input[attribute] !== undefined) {
      throw invalid(attribute, 'is not accepted: scheduled and recurring top-ups are not offered yet');
    }
  }
  return { type: 'topup', ...common(input) };
}

/** The adjustType that consumes a reservation. */
export const commitType = 'reservationDebit';

export function fromAdjustInput(input: AdjustInput): AdjustCommand | CommitCommand {
  const adjustType = input.adjustType ?? undefined;
  const reservationId = input.reserveBalance?.id ?? undefined;
  if (adjustType === commitType) {
    if (reservationId === undefined) throw missing('reserveBalance', `adjustType '${commitType}' names the reservation it consumes`);
    return fromCommitInput(reservationId, input);
  }
  if (reservationId !== undefined) throw invalid('reserveBalance', `goes only with adjustType '${commitType}'`);
  return { type: directionOf(adjustType), ...common(input) };
}

/** The adjustBalance that consumes a reservation; its bucket is the reservation's. */
export function fromCommitInput(reservationId: string, input: Omit<ActionInput, 'amount'> & { amount?: Amount | null }): CommitCommand {
  if (input.amount) requireQuantity(input.amount);
  const attributes = descriptive({ ...input, adjustType: commitType, reserveBalance: { id: reservationId } });
  return { type: 'commit', reservationId, amount: input.amount ?? undefined, usageType: usageTypeOf(input), attributes };
}

/** DESIGN §8: absent is a credit; else the suffix tells, and no other value is known. */
function directionOf(adjustType: string | undefined): 'credit' | 'debit' {
  if (adjustType === undefined || adjustType.endsWith('Credit')) return 'credit';
  if (adjustType.endsWith('Debit')) return 'debit';
  throw invalid('adjustType', `must end in Credit or Debit, '${adjustType}' does not`);
}

export function fromReserveInput(input: ReserveInput): ReserveCommand {
  const command = common(input);
  // The conformance kit wants relatedParty on every reservation, be it empty.
  const attributes = { relatedParty: [], ...command.attributes };
  return { type: 'reserve', ...command, attributes, expirationDate: input.expirationDate ?? undefined };
}

function common(input: ActionInput): Omit<TopupCommand, 'type'> {
  requireQuantity(input.amount);
  const usageType = usageTypeOf(input);
  return { amount: input.amount, locator: locatorOf(input, usageType), usageType, attributes: descriptive(input) };
}

function requireQuantity({ amount, units }: Amount): void {
  requireName('amount.units', units);
  requireAmount(amount, 'amount.amount');
}

function usageTypeOf({ usageType }: { usageType?: string | null }): string | undefined {
  if (usageType === null || usageType === undefined) return undefined;
  requireName('usageType', usageType);
  return usageType;
}

/** Attributes that are kept as given; what the engine sets itself is left out. */
function descriptive(input: Omit<Partial<AdjustInput>, 'amount'> & { amount?: Amount | null }): Plain {
  const { channel, logicalResource } = input;
  if (channel && !channel.id && !channel.href && !channel.name) throw missing('channel.id', 'a channel has an id, an href or a name');
  const plain = withoutNulls(toPlainObject({ ...input, logicalResource: logicalResource && completeLogicalResources(logicalResource) }));
  delete plain['amount'];
  delete plain['usageType'];
  return plain;
}

/** A logical resource may be named by its value alone (an MSISDN): then its id is that value (DESIGN §12). */
export function completeLogicalResources(references: readonly LogicalResourceReference[]): LogicalResourceReference[] {
  return references.map((reference) => {
    const id = reference.id ?? reference.value;
    if (!id) throw missing('logicalResource.id', 'a logicalResource has an id or a value');
    return { ...reference, id };
  });
}

/**
 * bucket names the bucket outright. Else a bucket must carry one of the references of each kind given;
 * relatedParty counts only when nothing nearer to the balance is given, because it also names
 * bystanders such as agents.
 */
function locatorOf(input: ActionInput, usageType: string | undefined): Locator {
  if (input.bucket?.id) return { kind: 'bucket', bucketId: input.bucket.id };
  const nearer = [
    alternatives('product', input.product?.map(({ id }) => [{ id }])),
    alternatives('logicalResource', input.logicalResource?.flatMap(logicalResourceMatches)),
    alternatives('partyAccount', input.partyAccount ? [{ id: input.partyAccount.id }] : undefined),
  ].filter((condition) => condition.length > 0);
  const parties = alternatives('relatedParty', input.relatedParty?.map(({ id }) => [{ id }]));
  const conditions = nearer.length > 0 || parties.length === 0 ? nearer : [parties];
  if (conditions.length === 0) {
    throw missing('bucket', 'one of bucket, product, logicalResource, partyAccount or relatedParty must say which balance is meant');
  }
  return { kind: 'match', conditions, usageType, units: input.amount.units };
}

function logicalResourceMatches({ id, value }: LogicalResourceReference): object[] {
  const name = id ?? value;
  return value ? [[{ id: name }], [{ value }]] : [[{ id: name }]];
}

function alternatives(attribute: Containment['attribute'], contained: object[] | undefined): Containment[] {
  return (contained ?? []).map((json) => ({ attribute, json: JSON.stringify(json) }));
}

export function requireName(path: string, value: string): void {
  if (value.length === 0 || value.length > nameLengthMax) {
    throw invalid(path, `must have 1 to ${nameLengthMax} characters`);
  }
}

export function invalid(path: string, problem: string): DomainError {
  return new DomainError('INVALID_ATTRIBUTE', `${path} ${problem}`, { path });
}

export function missing(path: string, problem: string): DomainError {
  return new DomainError('MISSING_ATTRIBUTE', `${path} is missing: ${problem}`, { path });
}

/** Goes through the elements of a bulk request; a refusal says which one it is about. */
export function eachOf<Input, Output>(inputs: readonly Input[], handle: (input: Input) => Output): Output[] {
  return inputs.map((input, index) => {
    try {
      return handle(input);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const path = [String(index), error.details.path].filter(Boolean).join('.');
      throw new DomainError(error.code, `element ${index}: ${error.message}`, { ...error.details, path });
    }
  });
}
