import { Prisma } from '../../../prisma/generated/client.js';
import { localTime } from '../../platform/calendar.js';
import type { JsonValue } from '../../platform/json-object.js';
import type { Writing } from '../resource-writer.js';

/** Digits of a number; more follow when they are needed. */
const digitsMin = 6;
/** Credit notes, and statements of what was paid already, are counted apart. */
const seriesOfCategory: Readonly<Record<string, string>> = { 'credit note': 'CN', 'prepaid statement': 'PS' };
const seriesOfBills = 'INV';

/**
 * The next numbers of a series in the present year of the operator, e.g. INV-2026-000042. Whoever takes numbers
 * of the same series waits until this transaction ends; when it fails, its numbers are taken by the next one.
 */
export async function takeBillNumbers(
  { tx, tenantId, now }: Writing,
  category: JsonValue | undefined,
  count: number,
  zone: string,
): Promise<string[]> {
  const name = typeof category === 'string' ? category : '';
  const series = (Object.hasOwn(seriesOfCategory, name) ? seriesOfCategory[name] : undefined) ?? seriesOfBills;
  const { year } = localTime(now, zone);
  const [row] = await tx.query<{ lastNumber: number }>(Prisma.sql`
    INSERT INTO "BillNumberSeries" AS s ("tenantId", "series", "year", "lastNumber")
    VALUES (${tenantId}, ${series}, ${year}::int, ${count}::int)
    ON CONFLICT ("tenantId", "series", "year") DO UPDATE SET "lastNumber" = s."lastNumber" + EXCLUDED."lastNumber"
    RETURNING "lastNumber"`);
  if (row === undefined) throw new Error('a series has a last number');
  const first = row.lastNumber - count + 1;
  return Array.from(
    { length: count },
    (_, index) => `${series}-${year}-${String(first + index).padStart(digitsMin, '0')}`,
  );
}
