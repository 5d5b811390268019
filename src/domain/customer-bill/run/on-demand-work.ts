import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { withoutNulls, type JsonObject, type JsonValue } from '../../../platform/json-object.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow, updateRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { changed } from '../../changes.js';
import { changeEvent } from '../../events.js';
import type { Writing } from '../../resource-writer.js';
import { usageAccount } from '../../usage/billing.js';
import type { CustomerBillDependencies } from '../dependencies.js';
import { billAccounts, billingMaxMs, type BillingResult } from './billing.js';
import { statePaidCharges } from './statement.js';
import { accountsWaiting, findUnbilled } from './unbilled.js';

/** Which request a background job fulfils. */
export interface OnDemandOrder extends JsonObject {
  tenantId: string;
  id: string;
}

/** What a request comes to. */
type Fulfilment =
  | { state: 'done'; bills: readonly JsonObject[]; reason?: string }
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
  if (locked?.['state'] !== 'inProgress') return;
  const request = withoutNulls(locked);
  const now = dependencies.clock.now();
  const fulfilment = await make({ tx, tenantId, now }, dependencies, request);
  const changes = changesOf(request, fulfilment);
  const after = { ...(changed(request, changes, now) ?? request), lastUpdate: now.toISOString() };
  const event = changeEvent('customerBillOnDemand', 'StateChange', after, now, dependencies.nextId);
  await writeAll(tx, [
    updateRows(mapping, tenantId, [...Object.keys(changes), 'lastUpdate'], [after]),
    insertEvents(tenantId, [event]),
  ]);
}

function changesOf(request: JsonObject, fulfilment: Fulfilment): JsonObject {
  const { state } = fulfilment;
  if (fulfilment.state !== 'done') return { state, ...reasoned(request, fulfilment.reason) };
  const [first] = fulfilment.bills;
  return { state, customerBill: { id: String(first?.['id']) }, ...reasoned(request, fulfilment.reason) };
}

/** A description is the client's; only where there is none it says the reason, too. */
function reasoned({ description }: JsonObject, reason: string | undefined): JsonObject {
  return reason === undefined ? {} : { stateReason: reason, description: description ?? reason };
}

async function make(
  writing: Writing,
  dependencies: CustomerBillDependencies,
  request: JsonObject,
): Promise<Fulfilment> {
  const named = idOf(request['billingAccount']);
  const bucketId = idOf(request['bucket']);
  if (bucketId !== undefined)
    return toFulfilment(await statePaidCharges(writing, dependencies, { bucketId, account: named, request }));
  const [account, ...others] =
    named === undefined
      ? await accountsOf(writing.tx, writing.tenantId, String(idOf(request['relatedParty'])))
      : [named];
  if (account === undefined) return { state: 'rejected', reason: 'there is nothing to bill' };
  if (others.length > 0)
    return {
      state: 'rejected',
      reason: 'the party has several accounts with something to bill: name the billingAccount',
    };
  const parties = request['relatedParty'] ? [request['relatedParty'] as JsonObject] : [];
  // What is dated this very millisecond belongs to it.
  const before = new Date(writing.now.getTime() + 1);
  const unbilled = await findUnbilled(writing.tx, writing.tenantId, account, before);
  return toFulfilment(
    await billAccounts(writing, dependencies, unbilled ? [unbilled] : [], {
      before,
      common: { runType: 'offCycle' },
      parties,
    }),
  );
}

function idOf(reference: JsonValue | undefined): string | undefined {
  const id = ((reference ?? {}) as JsonObject)['id'];
  return typeof id === 'string' ? id : undefined;
}

function toFulfilment({ bills, failed }: BillingResult): Fulfilment {
  const [failure] = failed;
  if (failure) return { state: 'terminatedWithError', reason: failure.message };
  if (bills.length === 0) return { state: 'rejected', reason: 'there is nothing to bill' };
  const others = bills.slice(1).map(({ id }) => String(id));
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
  const party = JSON.stringify([{ id: partyId }]);
  const rows = await tx.query<{ account: string }>(Prisma.sql`
    SELECT a."account" FROM (
      SELECT ${usageAccount} AS "account" FROM "Usage" b WHERE b."tenantId" = ${tenantId} AND b."relatedParty" @> ${party}::jsonb
      UNION SELECT b."billingAccountId" COLLATE "C" FROM "CustomerBill" b WHERE b."tenantId" = ${tenantId} AND b."relatedParty" @> ${party}::jsonb
    ) a WHERE a."account" IS NOT NULL ORDER BY 1 LIMIT ${accountsOfPartyMax}::int`);
  return accountsWaiting(
    tx,
    tenantId,
    rows.map(({ account }) => account),
    accountsMax,
  );
}
