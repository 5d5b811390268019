import type { Decimal } from '../../platform/decimal.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, isGiven, missing, requireName } from '../input.js';
import { usageTransitions } from './transitions.js';

export interface Money {
  value: Decimal;
  unit: string;
}

export interface RatingInput {
  taxRate?: Decimal | null;
  bucketValueConvertedInAmount?: Money | null;
  taxExcludedRatingAmount?: Money | null;
  taxIncludedRatingAmount?: Money | null;
}

/** What the domain looks at; everything else is kept as it comes. */
export interface UsageInput {
  usageSpecification?: { id: string } | null;
  usageDate?: Date | null;
  usageType?: string | null;
  status?: string | null;
  usageCharacteristic?: { name: string }[] | null;
  ratedProductUsage?: RatingInput[] | null;
  externalId?: string | null;
  source?: string | null;
}

/** The status that a usage has when it was collected. */
const firstStatus = 'received';

/** What was handed over, without what is null, and with the status it means. */
export function fromUsageInput(input: UsageInput): Plain {
  checkUsage(input);
  if (!isGiven(input.usageSpecification)) throw missing('usageSpecification', 'it says what the usage consists of');
  if (input.status === 'billed') throw invalid('status', "cannot be billed at the start: that is billing's to say");
  const given = withoutNulls({ ...toPlainObject(input), status: input.status ?? firstStatus });
  requireRated(given);
  return given;
}

/** The changes of a PATCH: null removes. */
export function fromUsageChange(input: UsageInput): Plain {
  for (const name of ['usageSpecification', 'usageDate', 'status'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkUsage(input);
  return toPlainObject(input);
}

/** DESIGN §12: rated needs a ratedProductUsage, on create too. */
export function requireRated({ status, ratedProductUsage }: Plain): void {
  if (status === 'rated' && !(Array.isArray(ratedProductUsage) && ratedProductUsage.length > 0)) {
    throw missing('ratedProductUsage', 'a usage that is rated has at least one');
  }
}

function checkUsage({ usageSpecification, usageType, status, usageCharacteristic, ratedProductUsage, externalId, source }: UsageInput): void {
  for (const [path, name] of Object.entries({ usageType, externalId, source, 'usageSpecification.id': usageSpecification?.id })) {
    if (isGiven(name)) requireName(path, name);
  }
  if (isGiven(status) && !Object.hasOwn(usageTransitions, status)) {
    throw invalid('status', `must be one of ${Object.keys(usageTransitions).join(', ')}: '${status}'`);
  }
  for (const [index, { name }] of (usageCharacteristic ?? []).entries()) requireName(`usageCharacteristic.${index}.name`, name);
  for (const [index, rating] of (ratedProductUsage ?? []).entries()) checkRating(`ratedProductUsage.${index}`, rating);
}

function checkRating(path: string, { taxRate, bucketValueConvertedInAmount, taxExcludedRatingAmount, taxIncludedRatingAmount }: RatingInput): void {
  if (isGiven(taxRate)) requireOpeningAmount(taxRate, `${path}.taxRate`);
  for (const [name, money] of Object.entries({ bucketValueConvertedInAmount, taxExcludedRatingAmount, taxIncludedRatingAmount })) {
    if (!isGiven(money)) continue;
    requireName(`${path}.${name}.unit`, money.unit);
    requireOpeningAmount(money.value, `${path}.${name}.value`);
  }
}
