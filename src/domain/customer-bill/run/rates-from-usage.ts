import type { Database } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import type { IdSource } from '../../../platform/ids.js';
import { withRetry } from '../../../platform/write/retry.js';
import { decimalProblem } from '../../amount.js';
import type { WriteContext } from '../../changes.js';
import { invalid, isGiven, requireName, type ReferenceInput } from '../../input.js';
import { ResourceChanges } from '../../resource-changes.js';
import type { Reference } from '../../row.js';
import { billingAccountOf, insertLinks, lockSelectedBillable, type UsageResults } from '../../usage/billing.js';
import type { RatedProductUsage } from '../../usage/model.js';
import type { CustomerBillDependencies, RateRow } from '../model.js';

/** Usages of one transaction, and of one call. */
const usagesPerStep = 1_000;
const usagesMax = 100_000;

/** Which usages become rates. */
export interface RateUsagesInput {
  /** With relatedParty: the account of those usages of the party that name none. Alone: usages of this account. */
  billingAccount?: ReferenceInput | null;
  relatedParty?: ReferenceInput | null;
  /** Only usages from before this instant; default: all. */
  before?: Date | null;
}

/** How many usages became how many rates. */
export interface RatedUsages {
  usages: number;
  rates: number;
  /** Whether there may be more, because one call does no more. */
  hasMore: boolean;
}

/** Makes billing rates of usages that were rated and are on no bill: each usage once, in the transaction of its link. */
export async function createRatesFromUsage(
  database: Database,
  dependencies: CustomerBillDependencies,
  { tenantId }: WriteContext,
  input: RateUsagesInput,
): Promise<RatedUsages> {
  const { billingAccount, relatedParty } = input;
  for (const [path, reference] of Object.entries({ billingAccount, relatedParty }))
    if (isGiven(reference)) requireName(`${path}.id`, reference.id);
  if (isGiven(input.before) && Number.isNaN(input.before.getTime())) throw invalid('before', 'must be a time');
  const total = { usages: 0, rates: 0 };
  for (;;) {
    const step = await withRetry(() => rateSome(database, dependencies, tenantId, input));
    total.usages += step.usages;
    total.rates += step.rates;
    const hasMore = step.found === usagesPerStep;
    if (!hasMore || total.usages >= usagesMax) return { ...total, hasMore };
  }
}

function rateSome(
  database: Database,
  { mappings, clock, nextId }: CustomerBillDependencies,
  tenantId: string,
  input: RateUsagesInput,
): Promise<{ found: number; usages: number; rates: number }> {
  return database.transaction(async (tx) => {
    const selection = {
      account: input.billingAccount?.id,
      party: input.relatedParty?.id,
      before: input.before ?? undefined,
    };
    const { found, billable } = await lockSelectedBillable(tx, mappings, tenantId, selection, usagesPerStep);
    const now = clock.now();
    const account = input.billingAccount ? { id: input.billingAccount.id } : undefined;
    const made = billable.flatMap((item) =>
      ratesOf(item, account, now, nextId).map(({ result, rate }) => ({ usageId: item.usage.id, result, rate })),
    );
    const changes = new ResourceChanges({ tx, tenantId, now }, nextId);
    changes.create(
      mappings.appliedCustomerBillingRate,
      made.map(({ rate }) => rate),
    );
    const links = made.map(({ usageId, result, rate }) => ({ usageId, result, rateId: rate.id }));
    changes.also(insertLinks(tenantId, links));
    await changes.flush();
    return { found, usages: billable.length, rates: made.length };
  });
}

/** TMF635 names no kind of tax; this is the kind of those that are a percentage of the price. */
const taxCategory = 'VAT';

/** A result of rating that became a rate. */
export interface RatedResult {
  result: number;
  rate: RateRow;
}

/**
 * The billing rates of results of the rating of a usage. `account` is for usages that name none. The date of the usage
 * says in whose period they are billed.
 */
export function ratesOf(
  { usage, results }: UsageResults,
  account: Reference | undefined,
  now: Date,
  nextId: IdSource,
): RatedResult[] {
  const billingAccount = billingAccountOf(usage) ?? account;
  if (billingAccount === undefined) return [];
  const { usageDate: date, description } = usage;
  return results.map((index) => {
    const result = usage.ratedProductUsage?.[index] ?? {};
    const product = result.productRef;
    const rate: RateRow = {
      id: nextId(now),
      revision: 1,
      updatedAt: now.toISOString(),
      appliedBillingRateType: 'appliedBillingCharge',
      date,
      isBilled: false,
      name: usage.usageType ?? 'usage',
      ...(typeof description === 'string' && { description }),
      billingAccount,
      ...(product && { product }),
      periodCoverage: { startDateTime: date },
      characteristic: [{ name: 'usageId', value: usage.id, valueType: 'string' }],
      ...amountsOf(result),
    };
    return { result: index, rate };
  });
}

function amountsOf({
  taxExcludedRatingAmount: excluded,
  taxIncludedRatingAmount: included,
  isTaxExempt,
  taxRate,
}: RatedProductUsage): Pick<RateRow, 'taxExcludedAmount' | 'taxIncludedAmount' | 'appliedTax'> {
  // Of what is exempt no tax is levied, whatever its rate would be.
  const percent = isTaxExempt === true ? undefined : taxRate;
  const tax = excluded && included ? new Decimal(included.value).minus(excluded.value) : undefined;
  // A difference that no JSON number holds exactly is left to be taken from the amounts again.
  const isExact = tax !== undefined && decimalProblem(tax) === undefined;
  const isTaxed = typeof percent === 'number' || (isExact && !tax.isZero());
  return {
    ...(excluded && { taxExcludedAmount: excluded }),
    ...(included && { taxIncludedAmount: included }),
    ...(isTaxed && {
      appliedTax: [
        {
          taxCategory,
          ...(typeof percent === 'number' && { taxRate: percent }),
          ...(isExact && { taxAmount: { value: tax.toNumber(), unit: included?.unit ?? '' } }),
        },
      ],
    }),
  };
}
