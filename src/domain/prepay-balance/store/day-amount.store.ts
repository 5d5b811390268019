import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Statements } from '../../../platform/database/database.js';
import type { Decimal } from '../../../platform/decimal.js';
import { inBatches } from '../../../platform/write/forget.js';
import type { Write } from '../../../platform/write/write-all.js';

/** Of a principal, an operation and units, on one day; the amount is in the smallest units of their family. */
export interface DayAmount {
  readonly principal: string;
  readonly operation: string;
  readonly units: string;
  readonly amount: Decimal;
}

/** Adds an amount to its day, unless the day would exceed the maximum. Returns whether it did; the row stays locked. */
export async function addToDay(
  tx: Statements,
  tenantId: string,
  day: string,
  { principal, operation, units, amount }: DayAmount,
  max: Decimal,
): Promise<boolean> {
  if (amount.gt(max)) return false;
  const rows = await tx.query(Prisma.sql`
    INSERT INTO "AmountOfDay" AS d ("tenantId", "principal", "operation", "units", "day", "amount")
    VALUES (${tenantId}, ${principal}, ${operation}, ${units}, ${day}::date, ${amount.toFixed()}::numeric)
    ON CONFLICT ("tenantId", "principal", "operation", "units", "day") DO UPDATE SET "amount" = d."amount" + EXCLUDED."amount"
    WHERE d."amount" + EXCLUDED."amount" <= ${max.toFixed()}::numeric
    RETURNING 1`);
  return rows.length > 0;
}

/** Takes amounts off their day, each row once. */
export function takeOffDay(tenantId: string, day: string, amounts: readonly DayAmount[]): Write {
  if (amounts.length === 0) return undefined;
  const rows = amounts.map(
    ({ principal, operation, units, amount }) =>
      Prisma.sql`(${principal}::text, ${operation}::text, ${units}::text, ${amount.toFixed()}::numeric)`,
  );
  return Prisma.sql`
    UPDATE "AmountOfDay" d SET "amount" = d."amount" - r."amount"
    FROM (VALUES ${Prisma.join(rows)}) r("principal", "operation", "units", "amount")
    WHERE d."tenantId" = ${tenantId} AND d."day" = ${day}::date
      AND d."principal" = r."principal" AND d."operation" = r."operation" AND d."units" = r."units"`;
}

/** A day is over everywhere when two have passed. Returns how many rows were deleted. */
export function forgetDayAmounts(database: Database, now: Date, signal: AbortSignal): Promise<number> {
  return inBatches(
    (limit) =>
      database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM "AmountOfDay" WHERE ("tenantId", "principal", "operation", "units", "day") IN (
            SELECT "tenantId", "principal", "operation", "units", "day" FROM "AmountOfDay"
            WHERE "day" < ${now.toISOString()}::timestamptz::date - 2 LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`),
      ),
    signal,
  );
}
