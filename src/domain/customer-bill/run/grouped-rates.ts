import DataLoader from 'dataloader';
import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import type { JsonObject } from '../../../platform/json-object.js';

/** By what the lines of a bill can be gathered, and where that stands in a rate, as b. */
const groupings = {
  TYPE: Prisma.sql`b."appliedBillingRateType"`,
  NAME: Prisma.sql`b."name"`,
  PRODUCT: Prisma.sql`b."product"->>'id'`,
  TAX_RATE: Prisma.sql`(SELECT string_agg(t->>'taxRate', '+' ORDER BY t->>'taxRate') FROM jsonb_array_elements(b."appliedTax") AS t)`,
} as const;

export type RateGrouping = keyof typeof groupings;
export const rateGroupings = Object.keys(groupings) as RateGrouping[];

/** Groups of one bill that are told. */
const groupsMax = 1_000;

/** Bills of one statement. */
const billsMax = 500;

/** The lines of bills, gathered and summed up: one row for each group and currency. */
export class GroupedRates {
  private readonly loaders = new Map<string, DataLoader<string, JsonObject[]>>();

  constructor(private readonly database: Database) {}

  /** Of one bill; those of bills that are asked for together are one statement. */
  ofBill(tenantId: string, billId: string, by: readonly RateGrouping[]): Promise<JsonObject[]> {
    const wanted = rateGroupings.filter((name) => by.includes(name));
    const key = JSON.stringify([tenantId, wanted]);
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      // Nothing is kept beyond the turn of the event loop in which it is asked for.
      loader = new DataLoader((ids) => this.load(tenantId, ids, wanted), {
        cache: false,
        maxBatchSize: billsMax,
        batchScheduleFn: (run) =>
          setImmediate(() => {
            this.loaders.delete(key);
            run();
          }),
      });
      this.loaders.set(key, loader);
    }
    return loader.load(billId);
  }

  private async load(
    tenantId: string,
    billIds: readonly string[],
    by: readonly RateGrouping[],
  ): Promise<JsonObject[][]> {
    const rows = await this.database.query<{ billId: string; groups: string }>(selectGroups(tenantId, billIds, by));
    const groups = new Map(rows.map((row) => [row.billId, JSON.parse(row.groups) as JsonObject[]]));
    return billIds.map((id) => groups.get(id) ?? []);
  }
}

function selectGroups(tenantId: string, billIds: readonly string[], by: readonly RateGrouping[]): Prisma.Sql {
  const columns = rateGroupings.map((name) => (by.includes(name) ? groupings[name] : Prisma.sql`NULL::text`));
  return Prisma.sql`
    SELECT g."billId", json_agg(json_build_object(
      'appliedBillingRateType', g."type", 'name', g."name", 'productId', g."product", 'taxRate', g."taxRate", 'count', g."count",
      'taxExcludedAmount', CASE WHEN g."excluded" IS NOT NULL THEN json_build_object('value', g."excluded", 'unit', g."unit") END,
      'taxIncludedAmount', CASE WHEN g."included" IS NOT NULL THEN json_build_object('value', g."included", 'unit', g."unit") END
    ) ORDER BY g."type", g."product", g."name", g."taxRate", g."unit")::text AS "groups"
    FROM (
      SELECT b."billId" AS "billId", ${Prisma.join(columns.map((column, index) => Prisma.sql`${column} AS ${Prisma.raw(columnNames[index] ?? '')}`))},
        COALESCE(b."taxExcludedAmountUnit", b."taxIncludedAmountUnit") AS "unit", count(*)::int AS "count",
        ${sumOf(Prisma.sql`b."taxExcludedAmountValue"`)} AS "excluded", ${sumOf(Prisma.sql`b."taxIncludedAmountValue"`)} AS "included",
        row_number() OVER (PARTITION BY b."billId") AS "place"
      FROM "AppliedCustomerBillingRate" b
      CROSS JOIN LATERAL (SELECT CASE WHEN b."appliedBillingRateType" = 'appliedBillingCredit' THEN -1 ELSE 1 END AS "sign") s
      WHERE b."tenantId" = ${tenantId} AND b."billId" = ANY(${billIds}::text[])
      GROUP BY 1, 2, 3, 4, 5, 6
    ) g WHERE g."place" <= ${groupsMax}::int GROUP BY g."billId"`;
}

/** Null where some of the lines do not have the amount: the others together would pass for the sum of all. */
function sumOf(amount: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`CASE WHEN count(${amount}) = count(*) THEN sum(${amount} * s."sign") END`;
}

/** In the order of the groupings. */
const columnNames = ['"type"', '"name"', '"product"', '"taxRate"'];
