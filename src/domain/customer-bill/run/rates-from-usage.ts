import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import type { JsonObject } from '../../../platform/json-object.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { withRetry } from '../../../platform/write/retry.js';
import { insertRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import type { WriteContext } from '../../changes.js';
import { changeEvent } from '../../events.js';
import { invalid, isGiven, requireName } from '../../input.js';
import { lockBillable, usageAccount } from '../../usage/billing.js';
import type { CustomerBillDependencies } from '../dependencies.js';
import type { Reference } from '../bill-input.js';
import { insertUsageRates, ratesOf } from './usage-rates.js';

/** Usages of one transaction, and of one call. */
const usagesPerStep = 1_000;
const usagesMax = 100_000;

/** Which usages become rates. */
export interface RateUsagesInput {
  /** With relatedParty: the account of those usages of the party that name none. Alone: usages of this account. */
  billingAccount?: Reference | null;
  relatedParty?: Reference | null;
  /** Only usages from before this instant; default: all. */
  before?: Date | null;
}

/** How much became of how much. */
export interface RatedUsages extends JsonObject {
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
    const { found, billable } = await lockBillable(tx, mappings.usage, tenantId, conditionOf(input), usagesPerStep);
    const now = clock.now();
    const { billingAccount } = input;
    const account: JsonObject | undefined = billingAccount ? { id: billingAccount.id } : undefined;
    const made = billable.flatMap((item) =>
      ratesOf(item, account, now, nextId).map(({ result, rate }) => ({
        usageId: String(item.usage['id']),
        result,
        rate,
      })),
    );
    const rates = made.map(({ rate }) => rate);
    await writeAll(tx, [
      insertRows(mappings.appliedCustomerBillingRate, tenantId, rates),
      insertUsageRates(
        tenantId,
        made.map(({ usageId, result, rate }) => ({ usageId, result, rateId: String(rate['id']) })),
      ),
      insertEvents(
        tenantId,
        rates.map((rate) => changeEvent('appliedCustomerBillingRate', 'Create', rate, now, nextId)),
      ),
    ]);
    return { found, usages: billable.length, rates: rates.length };
  });
}

function conditionOf({ billingAccount, relatedParty, before }: RateUsagesInput): Prisma.Sql {
  const until = before ? Prisma.sql`b."usageDate" < ${before}` : Prisma.sql`true`;
  if (!relatedParty) {
    const whose = billingAccount
      ? Prisma.sql`${usageAccount} = ${billingAccount.id}`
      : Prisma.sql`b."billingAccountId" IS NOT NULL`;
    return Prisma.sql`${whose} AND ${until}`;
  }
  const party = JSON.stringify([{ id: relatedParty.id }]);
  const whose = billingAccount ? Prisma.sql`true` : Prisma.sql`b."billingAccountId" IS NOT NULL`;
  return Prisma.sql`b."relatedParty" @> ${party}::jsonb AND ${whose} AND ${until}`;
}
