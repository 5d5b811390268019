import { Prisma } from '../../../../prisma/generated/client.js';
import { Decimal } from '../../../platform/decimal.js';
import type { Transaction } from '../../../platform/database/database.js';
import { DomainError } from '../../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { insertRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { changeEvent } from '../../events.js';
import type { Writing } from '../../resource-writer.js';
import { takeBillNumbers } from '../bill-numbers.js';
import { withDocuments } from '../documents.js';
import type { CustomerBillDependencies } from '../dependencies.js';
import { ratesPerAccountMax, type BillingResult } from './billing.js';
import { isCurrency } from './currencies.js';
import { figuresOf, money } from './figures.js';
import { distinctParties } from './parties.js';

/** Entries of the ledger that take from a balance for something that was used, or give of that back. */
const chargeTypes = ['debit', 'commit', 'transferCost', 'credit'];
/** Actions that are charges as a whole: so is their cancellation. Of a transfer only the cost is one. */
const chargingActions = ['adjustBalance', 'reserveBalance'];

/** Its category, which has bill numbers of its own. */
export const statementCategory = 'prepaid statement';

export interface StatementRequest {
  bucketId: string;
  /** The account it is made out to; undefined: that of the bucket. */
  account: string | undefined;
  /** The request it answers. */
  request: JsonObject;
}

interface Charge {
  sequence: number;
  entryType: string;
  /** Negative for a charge. */
  delta: string;
  recordedAt: Date;
  actionKind: string | null;
  actionId: string | null;
  reason: string | null;
}

/**
 * A statement of what a bucket of money was charged since the last one: paid already, from the balance. Each charge
 * stands on one statement, because the statements of a bucket are made one after the other.
 */
export async function statePaidCharges(
  writing: Writing,
  dependencies: CustomerBillDependencies,
  { bucketId, account, request }: StatementRequest,
): Promise<BillingResult> {
  const { tx, tenantId, now } = writing;
  const refuse = (message: string): BillingResult => ({
    bills: [],
    held: 0,
    failed: [{ account: account ?? '', message }],
  });
  const bucket = await findBucket(tx, tenantId, bucketId);
  if (bucket === undefined) return refuse(`bucket '${bucketId}' does not exist`);
  const currency = bucket.units ?? '';
  if (!isCurrency(currency)) return refuse(`bucket '${bucketId}' is counted in '${currency}', which is no currency`);
  const accountId = account ?? bucket.accountId;
  if (accountId === null) return refuse(`bucket '${bucketId}' has no partyAccount: name the billingAccount`);
  const stated = await lockStated(tx, tenantId, bucketId);
  const charges = await findCharges(tx, tenantId, bucketId, stated);
  const [first, last] = [charges[0], charges.at(-1)];
  if (first === undefined || last === undefined) return { bills: [], held: 0, failed: [] };

  const at = now.toISOString();
  const billId = dependencies.nextId(now);
  const rates = charges.map((charge) =>
    rateOf(charge, { billId, account: accountId, currency, bucketId }, dependencies.nextId(now), now),
  );
  const figures = tellableFigures(rates, currency);
  // Before the number is taken: what is refused leaves no gap.
  if (figures instanceof DomainError) return refuse(figures.message);
  const nothing = money(new Decimal(0), currency);
  const [billNo] = await takeBillNumbers(writing, statementCategory, 1, dependencies.timeZone);
  const bill = withDocuments({
    id: billId,
    revision: 1,
    updatedAt: at,
    lastUpdate: at,
    state: 'settled',
    billNo: billNo ?? null,
    category: statementCategory,
    runType: 'offCycle',
    isCalculated: true,
    billDate: at,
    billingPeriod: { startDateTime: first.recordedAt.toISOString(), endDateTime: at },
    billingAccount: { id: accountId },
    ...withoutNulls({
      relatedParty: distinctParties([
        ...(request['relatedParty'] ? [request['relatedParty'] as JsonObject] : []),
        ...bucket.parties,
      ]),
    }),
    ...figures,
    amountDue: nothing,
    remainingAmount: nothing,
    appliedPayment: [],
  });
  const events = [
    changeEvent('customerBill', 'Create', bill, now, dependencies.nextId),
    ...rates.map((rate) => changeEvent('appliedCustomerBillingRate', 'Create', rate, now, dependencies.nextId)),
  ];
  await writeAll(tx, [
    insertRows(dependencies.mappings.customerBill, tenantId, [bill]),
    insertRows(dependencies.mappings.appliedCustomerBillingRate, tenantId, rates),
    insertEvents(tenantId, events),
    Prisma.sql`UPDATE "BucketStatement" SET "sequence" = ${last.sequence}::int WHERE "tenantId" = ${tenantId} AND "bucketId" = ${bucketId}`,
  ]);
  return { bills: [bill], held: 0, failed: [] };
}

/** The amounts of the statement, or why no JSON number tells them. */
function tellableFigures(rates: readonly JsonObject[], currency: string): JsonObject | DomainError {
  try {
    return figuresOf(rates, currency);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

interface StatedBucket {
  units: string | null;
  accountId: string | null;
  parties: JsonObject[];
}

async function findBucket(tx: Transaction, tenantId: string, id: string): Promise<StatedBucket | undefined> {
  const [bucket] = await tx.query<Omit<StatedBucket, 'parties'> & { parties: string }>(Prisma.sql`
    SELECT "remainingValueUnits" AS "units", "partyAccount"->>'id' AS "accountId", coalesce("relatedParty", '[]')::text AS "parties"
    FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ${id}`);
  return bucket && { ...bucket, parties: JSON.parse(bucket.parties) as JsonObject[] };
}

/** The last entry that stands on a statement; whoever makes the next one waits here. */
async function lockStated(tx: Transaction, tenantId: string, bucketId: string): Promise<number> {
  await tx.execute(
    Prisma.sql`INSERT INTO "BucketStatement" ("tenantId", "bucketId", "sequence") VALUES (${tenantId}, ${bucketId}, 0) ON CONFLICT DO NOTHING`,
  );
  const [row] = await tx.query<{ sequence: number }>(Prisma.sql`
    SELECT "sequence" FROM "BucketStatement" WHERE "tenantId" = ${tenantId} AND "bucketId" = ${bucketId} FOR UPDATE`);
  return row?.sequence ?? 0;
}

/** More than one statement takes are left to the next one. */
function findCharges(tx: Transaction, tenantId: string, bucketId: string, after: number): Promise<Charge[]> {
  return tx.query<Charge>(Prisma.sql`
    SELECT e."sequence", e."entryType", d."delta"::text AS "delta", e."recordedAt", e."actionKind", e."actionId", a."reason"
    FROM "LedgerEntry" e LEFT JOIN "BalanceAction" a ON a."tenantId" = e."tenantId" AND a."id" = e."actionId"
    CROSS JOIN LATERAL (SELECT CASE
      WHEN e."entryType" = ANY(${chargeTypes}::text[]) OR e."actionKind" = ANY(${chargingActions}::text[]) THEN e."remainingDelta" + e."reservedDelta"
      ELSE (SELECT -sum(c."remainingDelta") FROM "LedgerEntry" c
        WHERE c."tenantId" = e."tenantId" AND c."bucketId" = e."bucketId" AND c."actionId" = e."actionId" AND c."entryType" = 'transferCost')
    END AS "delta") d
    WHERE e."tenantId" = ${tenantId} AND e."bucketId" = ${bucketId} AND e."sequence" > ${after}
      AND e."entryType" = ANY(${[...chargeTypes, 'reversal']}::text[]) AND d."delta" <> 0
    ORDER BY e."sequence" LIMIT ${ratesPerAccountMax}::int`);
}

function rateOf(
  charge: Charge,
  { billId, account, currency, bucketId }: { billId: string; account: string; currency: string; bucketId: string },
  id: string,
  now: Date,
): JsonObject {
  const date = charge.recordedAt.toISOString();
  const delta = new Decimal(charge.delta);
  return {
    id,
    revision: 1,
    updatedAt: now.toISOString(),
    appliedBillingRateType: delta.isNegative() ? 'appliedBillingCharge' : 'appliedBillingCredit',
    date,
    isBilled: true,
    name: charge.reason ?? charge.entryType,
    bill: { id: billId },
    billingAccount: { id: account },
    periodCoverage: { startDateTime: date },
    characteristic: [
      { name: 'bucketId', value: bucketId, valueType: 'string' },
      ...(charge.actionKind && charge.actionId
        ? [{ name: `${charge.actionKind}Id`, value: charge.actionId, valueType: 'string' }]
        : []),
    ],
    // What leaves a balance includes whatever tax there is.
    taxIncludedAmount: money(delta.abs(), currency),
  };
}
