import { Prisma } from '../../../prisma/generated/client.js';
import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { insertEvents } from '../../platform/write/outbox.js';
import { lockRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed } from '../changes.js';
import { changeEvent } from '../events.js';
import type { Writing } from '../resource-writer.js';
import { billingAttributes, lockOriginsOf, resultsByUsage, unbilled } from '../usage/billing.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** Rates that are handled by one statement. */
const ratesPerStatementMax = 1_000;

/** The rates of a bill that is deleted wait again to be billed, and so do the usages they came of. */
export async function releaseRates(
  { id }: JsonObject,
  { tx, tenantId, now }: Writing,
  { mappings, nextId }: CustomerBillDependencies,
): Promise<void> {
  const mapping = mappings.appliedCustomerBillingRate;
  for (;;) {
    const found = await tx.query<{ id: string }>(Prisma.sql`
      SELECT r."id" FROM "AppliedCustomerBillingRate" r
      WHERE r."tenantId" = ${tenantId} AND r."billId" = ${String(id)}
      ORDER BY r."id" LIMIT ${ratesPerStatementMax}::int`);
    const rates = await lockRows(
      tx,
      mapping,
      tenantId,
      found.map((rate) => rate.id),
    );
    const released = [...rates.values()].map(
      (rate) => changed(withoutNulls(rate), { isBilled: false, bill: null }, now) ?? rate,
    );
    const events = released.map((rate) =>
      changeEvent('appliedCustomerBillingRate', 'AttributeValueChange', rate, now, nextId),
    );
    const usages = unbilled(
      resultsByUsage((await lockOriginsOf(tx, mappings.usage, tenantId, [...rates.keys()])).values()),
      now,
      nextId,
    );
    await writeAll(tx, [
      updateRows(mapping, tenantId, ['isBilled', 'bill'], released),
      updateRows(mappings.usage, tenantId, billingAttributes, usages.rows),
      insertEvents(tenantId, [...events, ...usages.events]),
    ]);
    if (found.length < ratesPerStatementMax) return;
  }
}
