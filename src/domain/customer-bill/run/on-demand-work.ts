import type { Database, Transaction } from '../../../platform/database/database.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow } from '../../../platform/write/rows.js';
import type { RowChanges } from '../../changes.js';
import { ResourceChanges } from '../../resource-changes.js';
import type { Writing } from '../../resource-writer.js';
import type { BillRow, CustomerBillDependencies, OnDemandRow } from '../model.js';
import { findAccountsOfParty, findUnbilledOf, findWaitingAccounts } from '../rates.store.js';
import { billAccounts, billingMaxMs, type BillingResult } from './billing.js';
import { makeStatement } from './statement.js';

/** Which request a background job fulfils. */
export interface OnDemandOrder extends JsonObject {
  tenantId: string;
  id: string;
}

/** The outcome of a request. */
type Fulfilment =
  | { state: 'done'; bills: readonly BillRow[]; reason?: string }
  | { state: 'rejected' | 'terminatedWithError'; reason: string };

/** Fulfils a request for a bill: up to now, of one account, or of what one bucket was charged. */
export async function processOnDemandBill(
  database: Database,
  dependencies: CustomerBillDependencies,
  order: OnDemandOrder,
): Promise<void> {
  await withRetry(() => database.transaction((tx) => fulfilIn(tx, dependencies, order), { timeoutMs: billingMaxMs }));
}

async function fulfilIn(
  tx: Transaction,
  dependencies: CustomerBillDependencies,
  { tenantId, id }: OnDemandOrder,
): Promise<void> {
  const mapping = dependencies.mappings.customerBillOnDemand;
  const locked = await lockRow(tx, mapping, tenantId, id);
  // Withdrawn, or done by another process.
  if (locked?.state !== 'inProgress') return;
  const request = withoutNulls(locked);
  const now = dependencies.clock.now();
  const fulfilment = await make({ tx, tenantId, now }, dependencies, request);
  const set = { ...changesOf(request, fulfilment), lastUpdate: now.toISOString() };
  const changes = new ResourceChanges({ tx, tenantId, now }, dependencies.nextId);
  changes.update(mapping, request, set, { as: 'StateChange' });
  await changes.flush();
}

function changesOf(request: OnDemandRow, fulfilment: Fulfilment): RowChanges<OnDemandRow> {
  const { state } = fulfilment;
  if (fulfilment.state !== 'done') return { state, ...reasoned(request, fulfilment.reason) };
  const [first] = fulfilment.bills;
  return { state, customerBill: { id: first?.id ?? '' }, ...reasoned(request, fulfilment.reason) };
}

/** A description is the client's; only where there is none it says the reason, too. */
function reasoned({ description }: OnDemandRow, reason: string | undefined): RowChanges<OnDemandRow> {
  return reason === undefined ? {} : { stateReason: reason, description: description ?? reason };
}

async function make(
  writing: Writing,
  dependencies: CustomerBillDependencies,
  request: OnDemandRow,
): Promise<Fulfilment> {
  const named = request.billingAccount?.id;
  const bucketId = request.bucket?.id;
  if (bucketId !== undefined)
    return toFulfilment(await makeStatement(writing, dependencies, { bucketId, account: named, request }));
  const [account, ...others] =
    named === undefined ? await accountsOf(writing.tx, writing.tenantId, request.relatedParty?.id ?? '') : [named];
  if (account === undefined) return { state: 'rejected', reason: 'there is nothing to bill' };
  if (others.length > 0)
    return {
      state: 'rejected',
      reason: 'the party has several accounts with something to bill: name the billingAccount',
    };
  const parties = request.relatedParty ? [request.relatedParty] : [];
  // What is dated this very millisecond belongs to it.
  const before = new Date(writing.now.getTime() + 1);
  const unbilled = await findUnbilledOf(writing.tx, writing.tenantId, account, before);
  return toFulfilment(
    await billAccounts(writing, dependencies, unbilled ? [unbilled] : [], {
      before,
      common: { runType: 'offCycle' },
      parties,
    }),
  );
}

function toFulfilment({ bills, failed }: BillingResult): Fulfilment {
  const [failure] = failed;
  if (failure) return { state: 'terminatedWithError', reason: failure.message };
  if (bills.length === 0) return { state: 'rejected', reason: 'there is nothing to bill' };
  const others = bills.slice(1).map(({ id }) => id);
  return {
    state: 'done',
    bills,
    ...(others.length > 0 && { reason: `one bill for each currency; the others: ${others.join(', ')}` }),
  };
}

/** Accounts with something to bill that are looked for: with two it is already unclear. */
const accountsMax = 2;
/** Accounts of one party that are looked through. */
const accountsOfPartyMax = 1_000;

/** The accounts of a party, as its usages, billed or not, and its bills have it, that have something to bill. */
async function accountsOf(tx: Transaction, tenantId: string, partyId: string): Promise<string[]> {
  const accounts = await findAccountsOfParty(tx, tenantId, partyId, accountsOfPartyMax);
  return findWaitingAccounts(tx, tenantId, accounts, accountsMax);
}
