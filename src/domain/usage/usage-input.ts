import type { Decimal } from '../../platform/decimal.js';
import { abbreviated } from '../../platform/errors.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, isGiven, missing, requireName } from '../input.js';
import { requireMoney, type Money } from '../money.js';
import { accountType } from './billing.js';
import { chargeOf } from './charging.js';
import { usageTransitions } from './transitions.js';

export interface RatingInput {
  taxRate?: Decimal | null;
  bucketValueConvertedInAmount?: Money | null;
  taxExcludedRatingAmount?: Money | null;
  taxIncludedRatingAmount?: Money | null;
}

/** The bucket that a usage is to consume, and how much of it; absent: what rating says. */
export interface ChargeToInput {
  bucket: { id: string };
  amount?: { amount: Decimal; units: string } | null;
}

/** What the domain looks at; everything else is kept as it comes. */
export interface UsageInput {
  usageSpecification?: { id: string } | null;
  usageDate?: Date | null;
  usageType?: string | null;
  status?: string | null;
  usageCharacteristic?: { name: string }[] | null;
  ratedProductUsage?: RatingInput[] | null;
  relatedParty?: { id: string; atReferredType?: string | null }[] | null;
  chargeTo?: ChargeToInput | null;
  externalId?: string | null;
  source?: string | null;
}

/** The status that a usage has when it was collected. */
const firstStatus = 'received';

/** What was handed over, without what is null, and with the status it means. */
export function fromUsageInput(input: UsageInput): JsonObject {
  checkUsage(input);
  if (!isGiven(input.usageSpecification)) throw missing('usageSpecification', 'it says what the usage consists of');
  if (input.status === 'billed') throw invalid('status', "cannot be billed at the start: that is billing's to say");
  const given = withoutNulls({ ...toJsonObject(input), status: input.status ?? firstStatus });
  requireRated(given);
  chargeOf(given);
  return given;
}

/** The changes of a PATCH: null removes. */
export function fromUsageChange(input: UsageInput): JsonObject {
  for (const name of ['usageSpecification', 'usageDate', 'status'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkUsage(input);
  return toJsonObject(input);
}

/** The results of rating, as a change; whether it is the first one tells the usage. */
export function fromRating({
  ratedProductUsage,
  chargeTo,
}: Pick<UsageInput, 'ratedProductUsage' | 'chargeTo'>): JsonObject {
  const given = fromUsageChange({ ratedProductUsage, chargeTo });
  requireRated({ ...given, status: 'rated' });
  return given;
}

/** DESIGN §12: rated needs a ratedProductUsage, on create too. */
export function requireRated({ status, ratedProductUsage }: JsonObject): void {
  if (status === 'rated' && !(Array.isArray(ratedProductUsage) && ratedProductUsage.length > 0)) {
    throw missing('ratedProductUsage', 'a usage that is rated has at least one');
  }
}

function checkUsage(input: UsageInput): void {
  const {
    usageSpecification,
    usageType,
    status,
    usageCharacteristic,
    ratedProductUsage,
    relatedParty,
    chargeTo,
    externalId,
    source,
  } = input;
  for (const [path, name] of Object.entries({
    usageType,
    externalId,
    source,
    'usageSpecification.id': usageSpecification?.id,
  })) {
    if (isGiven(name)) requireName(path, name);
  }
  if (isGiven(status) && !Object.hasOwn(usageTransitions, status)) {
    throw invalid('status', `must be one of ${Object.keys(usageTransitions).join(', ')}: '${status}'`);
  }
  for (const [index, { name }] of (usageCharacteristic ?? []).entries())
    requireName(`usageCharacteristic.${index}.name`, name);
  for (const [index, rating] of (ratedProductUsage ?? []).entries()) checkRating(`ratedProductUsage.${index}`, rating);
  // An index has the accounts.
  for (const [index, { id, atReferredType }] of (relatedParty ?? []).entries())
    if (atReferredType === accountType) requireName(`relatedParty.${index}.id`, id);
  if (isGiven(chargeTo)) checkChargeTo(chargeTo);
}

function checkChargeTo({ bucket, amount }: ChargeToInput): void {
  requireName('chargeTo.bucket.id', bucket.id);
  if (!isGiven(amount)) return;
  requireName('chargeTo.amount.units', amount.units);
  requireOpeningAmount(amount.amount, 'chargeTo.amount.amount');
}

function checkRating(
  path: string,
  { taxRate, bucketValueConvertedInAmount, taxExcludedRatingAmount, taxIncludedRatingAmount }: RatingInput,
): void {
  if (isGiven(taxRate)) requireOpeningAmount(taxRate, `${path}.taxRate`);
  for (const [name, money] of Object.entries({
    bucketValueConvertedInAmount,
    taxExcludedRatingAmount,
    taxIncludedRatingAmount,
  })) {
    if (isGiven(money)) requireMoney(`${path}.${name}`, money);
  }
  const [excluded, included] = [taxExcludedRatingAmount?.unit, taxIncludedRatingAmount?.unit];
  if (excluded !== undefined && included !== undefined && excluded !== included) {
    throw invalid(
      `${path}.taxIncludedRatingAmount.unit`,
      `must be '${abbreviated(excluded)}', as in taxExcludedRatingAmount: '${abbreviated(included)}'`,
    );
  }
}
