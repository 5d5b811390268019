import type { Backfill, BackfillBatch } from '../../platform/database/backfills.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { withoutNulls } from '../../platform/json-object.js';
import { lockRow, readRows } from '../../platform/write/rows.js';
import { changed, type RowChanges } from '../changes.js';
import { ResourceChanges } from '../resource-changes.js';
import { lockResultsOfRates, partiesOf } from '../usage/billing.js';
import type { RelatedParty } from '../usage/model.js';
import { findDrafts, type BillOfTenant } from './bills.store.js';
import type { BillRow, CustomerBillDependencies } from './model.js';
import { findLineIdsByDate } from './rates.store.js';
import { categoryOf, distinctParties } from './run/billing.js';
import { BillSums, toFigures } from './run/figures.js';

/** Drafts of one transaction ... */
const billsPerBatch = 50;
/** ... which has no more lines together than this, unless one bill alone has. */
const linesPerBatch = 10_000;
/** Lines that are in memory at a time. */
const linesPerPage = 1_000;

/**
 * Version 0.1 took the tax out of a price and put it on again, and named no parties: bills that it calculated and that are
 * not validated yet become what a run makes of their lines now. A bill with a number stays as the customer may have it.
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
  const [tenantId, id] = JSON.parse(after ?? '["",""]') as [string, string];
  const drafts = await findDrafts(tx, { tenantId, id }, billsPerBatch);
  let lines = 0;
  let count = 0;
  let last: BillOfTenant | undefined;
  for (const draft of drafts) {
    const done = await redraft(tx, dependencies, draft);
    lines += done.lines;
    count += done.isChanged ? 1 : 0;
    last = draft;
    if (lines > linesPerBatch) break;
  }
  return { next: last && JSON.stringify([last.tenantId, last.id]), changed: count };
}

async function redraft(
  tx: Transaction,
  dependencies: CustomerBillDependencies,
  { tenantId, id }: BillOfTenant,
): Promise<{ lines: number; isChanged: boolean }> {
  const { mappings, clock, nextId } = dependencies;
  const locked = await lockRow(tx, mappings.customerBill, tenantId, id);
  const lineIds = await findLineIdsByDate(tx, tenantId, id);
  const currency = locked?.amountDue?.unit;
  if (locked === undefined || currency === undefined || lineIds.length === 0) return { lines: 0, isChanged: false };
  const before = withoutNulls(locked);
  const sums = new BillSums(currency);
  const parties = [...(before.relatedParty ?? [])];
  for (let at = 0; at < lineIds.length; at += linesPerPage) {
    const ids = lineIds.slice(at, at + linesPerPage);
    const rates = await readRows(tx, mappings.appliedCustomerBillingRate, tenantId, ids);
    const results = await lockResultsOfRates(tx, mappings, tenantId, ids);
    for (const lineId of ids) {
      const [rate, result] = [rates.get(lineId), results.get(lineId)];
      if (rate) sums.add(withoutNulls(rate));
      if (result) parties.push(...partiesOf(result.usage));
    }
  }
  const now = clock.now();
  const set = changesOf(sums, parties);
  if (set === undefined || changed(before, set, now) === undefined) return { lines: lineIds.length, isChanged: false };
  const changes = new ResourceChanges({ tx, tenantId, now }, nextId);
  changes.update(mappings.customerBill, before, { ...set, lastUpdate: now.toISOString() });
  await changes.flush();
  return { lines: lineIds.length, isChanged: true };
}

/** Undefined where no number holds what the lines come to any more: then the bill stays as it is. */
function changesOf(sums: BillSums, parties: readonly RelatedParty[]): RowChanges<BillRow> | undefined {
  try {
    const figures = toFigures(sums);
    const total = figures.taxIncludedAmount;
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
