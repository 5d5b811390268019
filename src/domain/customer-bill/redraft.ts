import { Prisma } from '../../../prisma/generated/client.js';
import type { Backfill, BackfillBatch } from '../../platform/database/backfills.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { insertEvents } from '../../platform/write/outbox.js';
import { lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed } from '../changes.js';
import { changeEvent } from '../events.js';
import { lockOriginsOf, partiesOf } from '../usage/billing.js';
import { categoryOf } from './run/billing.js';
import { BillSums, toFigures } from './run/figures.js';
import { distinctParties } from './run/parties.js';
import { storedMoney, type StoredMoney } from './tax.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** Drafts of one transaction ... */
const billsPerBatch = 50;
/** ... which has no more lines together than this, unless one bill alone has. */
const linesPerBatch = 10_000;
/** Lines that are in memory at a time. */
const linesPerPage = 1_000;

interface Draft {
  tenantId: string;
  id: string;
}

/**
 * Version 0.1 took the tax out of a price and put it on again, and named no parties: bills that it calculated and nobody has
 * validated yet become what a run makes of their lines now. A bill with a number is left as the customer may have it.
 */
export function redrafting(dependencies: CustomerBillDependencies): Backfill {
  return {
    name: 'draft-bills-of-prices-with-tax',
    // A draft that is validated meanwhile would keep its old figures for good.
    isBlocking: true,
    batch: (tx, after) => redraftSome(tx, dependencies, after),
  };
}

async function redraftSome(
  tx: Transaction,
  dependencies: CustomerBillDependencies,
  after: string | undefined,
): Promise<BackfillBatch> {
  const drafts = await nextDrafts(tx, after);
  let lines = 0;
  let count = 0;
  let last: Draft | undefined;
  for (const draft of drafts) {
    const done = await redraft(tx, dependencies, draft);
    lines += done.lines;
    count += done.isChanged ? 1 : 0;
    last = draft;
    if (lines > linesPerBatch) break;
  }
  return { next: last && JSON.stringify([last.tenantId, last.id]), changed: count };
}

function nextDrafts(tx: Transaction, after: string | undefined): Promise<Draft[]> {
  const [tenantId, id] = JSON.parse(after ?? '["",""]') as [string, string];
  return tx.query<Draft>(Prisma.sql`
    SELECT b."tenantId", b."id" FROM "CustomerBill" b
    WHERE (b."tenantId", b."id") > (${tenantId}, ${id}) AND b."isCalculated" AND (b."state" = 'new' OR (b."state" = 'onHold' AND b."stateBeforeHold" = 'new'))
    ORDER BY b."tenantId", b."id" LIMIT ${billsPerBatch}::int`);
}

async function redraft(
  tx: Transaction,
  dependencies: CustomerBillDependencies,
  { tenantId, id }: Draft,
): Promise<{ lines: number; isChanged: boolean }> {
  const { mappings, clock, nextId } = dependencies;
  const locked = await lockRow(tx, mappings.customerBill, tenantId, id);
  const lineIds = await lineIdsOf(tx, tenantId, id);
  const currency = storedMoney(locked?.['amountDue'])?.unit;
  if (locked === undefined || currency === undefined || lineIds.length === 0) return { lines: 0, isChanged: false };
  const before = withoutNulls(locked);
  const sums = new BillSums(currency);
  const parties = (before['relatedParty'] ?? []) as JsonObject[];
  for (let at = 0; at < lineIds.length; at += linesPerPage) {
    const ids = lineIds.slice(at, at + linesPerPage);
    const rates = await readRows(tx, mappings.appliedCustomerBillingRate, tenantId, ids);
    const origins = await lockOriginsOf(tx, mappings.usage, tenantId, ids);
    for (const lineId of ids) {
      const [rate, origin] = [rates.get(lineId), origins.get(lineId)];
      if (rate) sums.add(withoutNulls(rate));
      if (origin) parties.push(...partiesOf(origin.usage));
    }
  }
  const now = clock.now();
  const changes = changesOf(sums, parties);
  const next = changes && changed(before, changes, now);
  if (changes === undefined || next === undefined) return { lines: lineIds.length, isChanged: false };
  const bill = { ...next, lastUpdate: now.toISOString() };
  await writeAll(tx, [
    updateRows(mappings.customerBill, tenantId, [...Object.keys(changes), 'lastUpdate'], [bill]),
    insertEvents(tenantId, [changeEvent('customerBill', 'AttributeValueChange', bill, now, nextId)]),
  ]);
  return { lines: lineIds.length, isChanged: true };
}

/** Undefined where no number tells what the lines come to any more: then the bill stays as it is. */
function changesOf(sums: BillSums, parties: readonly JsonObject[]): JsonObject | undefined {
  try {
    const figures = toFigures(sums);
    const total = figures['taxIncludedAmount'] as StoredMoney;
    return {
      ...figures,
      amountDue: total,
      remainingAmount: total,
      category: categoryOf(total),
      relatedParty: distinctParties(parties),
    };
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** In the order in which a run takes them. */
async function lineIdsOf(tx: Transaction, tenantId: string, billId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(Prisma.sql`
    SELECT b."id" FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = ${tenantId} AND b."billId" = ${billId} ORDER BY b."date", b."id"`);
  return rows.map(({ id }) => id);
}
