import { Decimal } from '../../../platform/decimal.js';
import { DomainError } from '../../../platform/errors.js';
import { withoutNulls } from '../../../platform/json-object.js';
import { findChargedBucket, findCharges, type LedgerCharge } from '../../prepay-balance/store/charges.store.js';
import { ResourceChanges } from '../../resource-changes.js';
import type { Writing } from '../../resource-writer.js';
import { takeBillNumbers } from '../bill-numbers.js';
import { documentsOf } from '../documents.js';
import type { BillRow, CustomerBillDependencies, OnDemandRow, RateRow } from '../model.js';
import { distinctParties, RATES_PER_BILL_MAX, type BillingResult } from './billing.js';
import { isCurrency } from './currencies.js';
import { figuresOf, money, type BillFigures } from './figures.js';
import { lockStatedSequence, updateStatedSequence } from './statement.store.js';

/** Its category, which has bill numbers of its own. */
export const statementCategory = 'prepaid statement';

/** Which statement is asked for. */
export interface StatementRequest {
  bucketId: string;
  /** The account it is made out to; undefined: that of the bucket. */
  account: string | undefined;
  /** The request it answers. */
  request: OnDemandRow;
}

/**
 * A statement of what a bucket of money was charged since the last one: paid already, from the balance. Each charge
 * stands on one statement, because the statements of a bucket are made one after the other.
 */
export async function makeStatement(
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
  const bucket = await findChargedBucket(tx, tenantId, bucketId);
  if (bucket === undefined) return refuse(`bucket '${bucketId}' does not exist`);
  const currency = bucket.units ?? '';
  if (!isCurrency(currency)) return refuse(`bucket '${bucketId}' is counted in '${currency}', which is no currency`);
  const accountId = account ?? bucket.accountId;
  if (accountId === null) return refuse(`bucket '${bucketId}' has no partyAccount: name the billingAccount`);
  const after = await lockStatedSequence(tx, tenantId, bucketId);
  // More than one statement takes are left to the next one.
  const charges = await findCharges(tx, tenantId, bucketId, { after, limit: RATES_PER_BILL_MAX });
  const [first, last] = [charges[0], charges.at(-1)];
  if (first === undefined || last === undefined) return { bills: [], held: 0, failed: [] };

  const at = now.toISOString();
  const billId = dependencies.nextId(now);
  const rates = charges.map((charge) =>
    rateOf(charge, { billId, account: accountId, currency, bucketId }, dependencies.nextId(now), now),
  );
  const figures = exactFigures(rates, currency);
  // Before the number is taken: what is refused leaves no gap.
  if (figures instanceof DomainError) return refuse(figures.message);
  const nothing = money(new Decimal(0), currency);
  const [billNo] = await takeBillNumbers(writing, statementCategory, 1, dependencies);
  const bill: BillRow = {
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
      relatedParty: distinctParties([...(request.relatedParty ? [request.relatedParty] : []), ...bucket.parties]),
    }),
    ...figures,
    amountDue: nothing,
    remainingAmount: nothing,
    appliedPayment: [],
    billDocument: documentsOf({ id: billId }, dependencies),
  };
  const changes = new ResourceChanges(writing, dependencies.nextId);
  changes.create(dependencies.mappings.customerBill, [bill]);
  changes.create(dependencies.mappings.appliedCustomerBillingRate, rates);
  changes.also(updateStatedSequence(tenantId, bucketId, last.sequence));
  await changes.flush();
  return { bills: [bill], held: 0, failed: [] };
}

/** The amounts of the statement, or why no JSON number holds them. */
function exactFigures(rates: readonly RateRow[], currency: string): BillFigures | DomainError {
  try {
    return figuresOf(rates, currency);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function rateOf(
  charge: LedgerCharge,
  { billId, account, currency, bucketId }: { billId: string; account: string; currency: string; bucketId: string },
  id: string,
  now: Date,
): RateRow {
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
