import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import type { IdSource } from '../../../platform/ids.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { Write } from '../../../platform/write/write-all.js';
import { decimalProblem } from '../../amount.js';
import { billingAccountOf, type Results } from '../../usage/billing.js';

/** TMF635 names no kind of tax; this is the kind of those that are a percentage of the price. */
const taxCategory = 'VAT';

/** Which rate came of which usage. */
export interface UsageRate {
  usageId: string;
  /** Which of the results of its rating. */
  result: number;
  rateId: string;
}

/** A result of rating that became a rate. */
export interface RatedResult {
  result: number;
  rate: JsonObject;
}

/**
 * The billing rates of results of the rating of a usage. `account` is for usages that name none. The date of the usage
 * says in whose period they are billed.
 */
export function ratesOf(
  { usage, results }: Results,
  account: JsonObject | undefined,
  now: Date,
  nextId: IdSource,
): RatedResult[] {
  const billingAccount = billingAccountOf(usage) ?? account;
  if (billingAccount === undefined) return [];
  const date = usage['usageDate'] as string;
  const rated = usage['ratedProductUsage'] as JsonObject[];
  return results.map((index) => {
    const result = rated[index] as JsonObject;
    const product = result['productRef'] as JsonObject | null | undefined;
    const rate: JsonObject = {
      id: nextId(now),
      revision: 1,
      updatedAt: now.toISOString(),
      appliedBillingRateType: 'appliedBillingCharge',
      date,
      isBilled: false,
      name: String(usage['usageType'] ?? 'usage'),
      ...(typeof usage['description'] === 'string' && { description: usage['description'] }),
      billingAccount,
      ...(product && { product }),
      periodCoverage: { startDateTime: date },
      characteristic: [{ name: 'usageId', value: String(usage['id']), valueType: 'string' }],
      ...amountsOf(result),
    };
    return { result: index, rate };
  });
}

function amountsOf(result: JsonObject): JsonObject {
  const excluded = result['taxExcludedRatingAmount'] as JsonObject | null | undefined;
  const included = result['taxIncludedRatingAmount'] as JsonObject | null | undefined;
  // Of what is exempt no tax is levied, whatever its rate would be.
  const percent = result['isTaxExempt'] === true ? undefined : result['taxRate'];
  const tax =
    excluded && included ? new Decimal(included['value'] as number).minus(excluded['value'] as number) : undefined;
  // A difference that no JSON number tells exactly is left to be taken from the amounts again.
  const isTold = tax !== undefined && decimalProblem(tax) === undefined;
  const isTaxed = typeof percent === 'number' || (isTold && !tax.isZero());
  return {
    ...(excluded && { taxExcludedAmount: excluded }),
    ...(included && { taxIncludedAmount: included }),
    ...(isTaxed && {
      appliedTax: [
        {
          taxCategory,
          ...(typeof percent === 'number' && { taxRate: percent }),
          ...(isTold && { taxAmount: { value: tax.toNumber(), unit: included?.['unit'] as string } }),
        },
      ],
    }),
  };
}

/** Ties usages to their rates: no usage is tied twice, and what is tied is rated no more. */
export function insertUsageRates(tenantId: string, links: readonly UsageRate[]): Write {
  if (links.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "UsageRate" ("tenantId", "usageId", "result", "rateId")
    SELECT ${tenantId}::text, r."usageId", r."result", r."rateId"
    FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS r("usageId" text, "result" integer, "rateId" text)`;
}

/** A rate that is deleted gives its usage back: it waits again to become one. */
export async function releaseUsages(tx: Transaction, tenantId: string, rateId: string): Promise<void> {
  await tx.execute(Prisma.sql`DELETE FROM "UsageRate" WHERE "tenantId" = ${tenantId} AND "rateId" = ${rateId}`);
}
