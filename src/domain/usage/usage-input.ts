import type { Decimal } from '../../platform/decimal.js';
import { abbreviated } from '../../platform/errors.js';
import { requireOpeningAmount } from '../amount.js';
import type { RowChanges } from '../changes.js';
import { invalid, isGiven, missing, requireName, toChanges, toGiven } from '../input.js';
import { requireMoney, type MoneyInput } from '../money.js';
import { accountType } from './billing.js';
import { chargeOf } from './charging.js';
import type { DeliveredUsage, UsageRow } from './model.js';
import { firstUsageStatus } from './transitions.js';

/** What the domain looks at of a result of rating. Amounts are exact; the tax rate is in percent. */
export interface RatingInput {
  taxRate?: Decimal | null;
  bucketValueConvertedInAmount?: MoneyInput | null;
  taxExcludedRatingAmount?: MoneyInput | null;
  taxIncludedRatingAmount?: MoneyInput | null;
}

/** The bucket that a usage is to consume, and how much of it; absent: what rating says. */
export interface ChargeToInput {
  bucket: { id: string };
  amount?: { amount: Decimal; units: string } | null;
}

/** The attributes that the rules read; all others are stored as they arrive. */
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

/** A usage as it was delivered, without what is null, and with the status it means. Throws what is wrong with it. */
export function fromUsageInput(input: UsageInput): DeliveredUsage {
  checkUsage(input);
  if (!isGiven(input.usageSpecification)) throw missing('usageSpecification', 'it says what the usage consists of');
  if (input.status === 'billed') throw invalid('status', "cannot be billed at the start: that is billing's to say");
  const given = { ...toGiven<UsageRow, 'usageSpecification'>(input), status: input.status ?? firstUsageStatus };
  requireRated(given);
  chargeOf(given);
  return given;
}

/** The changes of a PATCH: null removes. */
export function fromUsageChange(input: UsageInput): RowChanges<UsageRow> {
  for (const name of ['usageSpecification', 'usageDate', 'status'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkUsage(input);
  return toChanges(input);
}

/** The results of rating, as a change. Throws what is wrong with them. */
export function fromRating({
  ratedProductUsage,
  chargeTo,
}: Pick<UsageInput, 'ratedProductUsage' | 'chargeTo'>): RowChanges<UsageRow> {
  const given = fromUsageChange({ ratedProductUsage, chargeTo });
  requireRated({ ...given, status: 'rated' });
  return given;
}

/** A usage that is rated has a ratedProductUsage, a new one too. Throws MISSING_ATTRIBUTE. */
export function requireRated({
  status,
  ratedProductUsage,
}: RowChanges<Pick<UsageRow, 'status' | 'ratedProductUsage'>>): void {
  if (status === 'rated' && !ratedProductUsage?.length) {
    throw missing('ratedProductUsage', 'a usage that is rated has at least one');
  }
}

function checkUsage(input: UsageInput): void {
  const {
    usageSpecification,
    usageType,
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
