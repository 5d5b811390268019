import { DomainError } from '../../../platform/errors.js';
import { canonicalJson, withoutNulls } from '../../../platform/json-object.js';
import { findRowsWhere, locking, type Finder } from '../../../platform/write/rows.js';
import { changed } from '../../changes.js';
import { ResourceChanges } from '../../resource-changes.js';
import type { Writing } from '../../resource-writer.js';
import type { Money } from '../../row.js';
import {
  findBillableOfAccounts,
  findResultsOfRates,
  insertLinks,
  markBilled,
  partiesOf,
  type UsageRateLink,
  type UsageResult,
} from '../../usage/billing.js';
import type { RelatedParty } from '../../usage/model.js';
import { partiesOfAccounts, type PartyOfAccount } from '../../customer-directory/index.js';
import { documentsOf } from '../documents.js';
import type { BillRow, CustomerBillDependencies, RateRow, RunFailure } from '../model.js';
import { billingOrder, isUnbilled, type UnbilledAccount } from '../rates.store.js';
import { figuresOf } from './figures.js';
import { reasonToHold } from './hold-policy.js';
import { currencyOf } from './prices.js';
import { ratesOf } from './rates-from-usage.js';

/** Rates of one account that one bill takes; they are held in memory. */
export const RATES_PER_BILL_MAX = 50_000;
/** A transaction that bills may take so long: it may wait for another one, and accounts may have many rates. */
export const billingMaxMs = 300_000;

/** What the bills of one run have in common. */
export interface BillPlan {
  /** What is dated earlier is billed. */
  readonly before: Date;
  /** The attributes that all of them have. */
  readonly common: Partial<BillRow>;
  /** Whom all of them name, before the parties of their usages and those of their accounts. */
  readonly parties: readonly RelatedParty[];
}

/** What became of some accounts. */
export interface BillingResult {
  bills: BillRow[];
  held: number;
  failed: RunFailure[];
}

/** A rate on its way onto a bill, and what of a usage it was made of, if anything. */
interface Line {
  rate: RateRow;
  usageResult: UsageResult | undefined;
  /** Whether it is made just now. */
  isMade: boolean;
}

/**
 * Bills accounts: what each has unbilled becomes one bill for each currency, in the transaction of the caller. Rates and
 * usages are locked in one order, so that runs that meet wait for each other, and the later one finds nothing. An account
 * is billed whole or not at all.
 */
export async function billAccounts(
  writing: Writing,
  dependencies: CustomerBillDependencies,
  unbilled: readonly UnbilledAccount[],
  plan: BillPlan,
): Promise<BillingResult> {
  const { onBills, ...result } = await draftBills(writing, locking(writing.tx), dependencies, unbilled, plan);
  await write(writing, dependencies, result.bills, onBills);
  return result;
}

/** The instant of bills, and whose they are. */
export type Drafting = Pick<Writing, 'tenantId' | 'now'>;

/** What the bills of these accounts are, and the lines that would stand on them. */
export async function draftBills(
  drafting: Drafting,
  finder: Finder,
  dependencies: CustomerBillDependencies,
  unbilled: readonly UnbilledAccount[],
  plan: BillPlan,
): Promise<BillingResult & { onBills: { line: Line; bill: BillRow }[] }> {
  const tooLarge = unbilled.filter(({ count }) => count > RATES_PER_BILL_MAX);
  const accounts = unbilled.filter((one) => !tooLarge.includes(one)).map(({ account }) => account);
  const lines = await linesOf(drafting, finder, dependencies, accounts, plan.before);
  const known = await partiesOfAccounts(finder.queries, drafting.tenantId, accounts, partiesMax);
  const result: BillingResult = { bills: [], held: 0, failed: [] };
  const onBills: { line: Line; bill: BillRow }[] = [];
  for (const [account, ofAccount] of grouped(lines, ({ rate }) => rate.billingAccount?.id ?? '')) {
    try {
      const parties = (known.get(account) ?? []).map(toRelatedParty);
      const bills = billsOf(ofAccount, drafting, dependencies, plan, parties);
      result.bills.push(...bills.map(({ bill }) => bill));
      onBills.push(...bills.flatMap(({ bill, lines: own }) => own.map((line) => ({ line, bill }))));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      result.failed.push({ account, message: error.message });
    }
  }
  result.failed.push(
    ...tooLarge.map(({ account, count }) => ({
      account,
      message: `has ${count} rates, more than one bill takes: the limit RATES_PER_BILL_MAX is ${RATES_PER_BILL_MAX}`,
    })),
  );
  result.held = result.bills.filter(({ state }) => state === 'onHold').length;
  return { ...result, onBills };
}

/** All that the accounts have unbilled: their rates, and those that their usages become. */
async function linesOf(
  { tenantId, now }: Drafting,
  finder: Finder,
  { mappings, nextId }: CustomerBillDependencies,
  accounts: readonly string[],
  before: Date,
): Promise<Line[]> {
  const limit = accounts.length * RATES_PER_BILL_MAX;
  const { billable } = await findBillableOfAccounts(finder, mappings, tenantId, { accounts, before, limit });
  const rates = await findRowsWhere(
    finder,
    mappings.appliedCustomerBillingRate,
    tenantId,
    isUnbilled(accounts, before),
    {
      order: billingOrder,
      limit,
    },
  );
  const results = await findResultsOfRates(
    finder,
    mappings,
    tenantId,
    rates.map(({ id }) => id),
  );
  return [
    ...rates.map((rate) => ({ rate, usageResult: results.get(rate.id), isMade: false })),
    ...billable.flatMap((item) =>
      ratesOf(item, undefined, now, nextId).map(({ rate, result }) => ({
        rate,
        usageResult: { usage: item.usage, result },
        isMade: true,
      })),
    ),
  ];
}

/** The bills of one account, one for each currency. Throws CONFLICT when no JSON number holds what they come to. */
function billsOf(
  lines: readonly Line[],
  { now, tenantId }: Drafting,
  dependencies: CustomerBillDependencies,
  { common, parties }: BillPlan,
  ofAccount: readonly RelatedParty[],
): { bill: BillRow; lines: Line[] }[] {
  const { nextId, zoneOf } = dependencies;
  const holdPolicy = { ...dependencies.holdPolicy, timeZone: zoneOf(tenantId) };
  return [...grouped(lines, ({ rate }) => String(currencyOf(rate)))].map(([currency, own]) => {
    const rates = own.map(({ rate }) => rate);
    const figures = figuresOf(rates, currency);
    const total = figures.taxIncludedAmount;
    const holdReason = reasonToHold(rates, total, holdPolicy);
    const at = now.toISOString();
    const id = nextId(now);
    const bill: BillRow = {
      id,
      revision: 1,
      updatedAt: at,
      lastUpdate: at,
      state: holdReason === undefined ? 'new' : 'onHold',
      ...(holdReason !== undefined && { stateBeforeHold: 'new', holdReason }),
      category: categoryOf(total),
      billDate: at,
      ...common,
      isCalculated: true,
      billingAccount: rates[0]?.billingAccount ?? null,
      ...withoutNulls({
        relatedParty: distinctParties([
          ...parties,
          ...own.flatMap(({ usageResult }) => (usageResult ? partiesOf(usageResult.usage) : [])),
          ...ofAccount,
        ]),
      }),
      ...figures,
      amountDue: total,
      remainingAmount: total,
      appliedPayment: [],
      billDocument: documentsOf({ id }, dependencies),
    };
    return { bill, lines: own };
  });
}

/** What kind of bill comes to this total. */
export function categoryOf({ value }: Money): string {
  return value < 0 ? 'credit note' : 'normal';
}

async function write(
  writing: Writing,
  { mappings, nextId }: CustomerBillDependencies,
  bills: readonly BillRow[],
  onBills: readonly { line: Line; bill: BillRow }[],
): Promise<void> {
  const { tenantId, now } = writing;
  const changes = new ResourceChanges(writing, nextId);
  const mapping = mappings.appliedCustomerBillingRate;
  const links: UsageRateLink[] = [];
  changes.create(mappings.customerBill, bills);
  for (const { line, bill } of onBills) {
    const onBill = { isBilled: true, bill: { id: bill.id } };
    if (line.usageResult && line.isMade) {
      const { usage, result } = line.usageResult;
      changes.create(mapping, [{ ...line.rate, ...onBill }]);
      links.push({ usageId: usage.id, result, rateId: line.rate.id });
    } else {
      const rate = changed(line.rate, onBill, now) ?? line.rate;
      changes.replace(mapping, rate, ['isBilled', 'bill']);
      changes.emit(mapping, 'AttributeValueChange', rate);
    }
  }
  changes.also(insertLinks(tenantId, links));
  markBilled(
    changes,
    mappings,
    onBills.flatMap(({ line }) => line.usageResult ?? []),
    true,
  );
  await changes.flush();
}

function toRelatedParty({ id, role, name, atReferredType }: PartyOfAccount): RelatedParty {
  return withoutNulls({ id, role: role || null, name, atReferredType: atReferredType ?? 'Party' });
}

/** Parties that one bill names. */
const partiesMax = 100;

/** Parties without those that say again who has which role, in the order in which they come first; null when there are none. */
export function distinctParties(parties: Iterable<RelatedParty>): RelatedParty[] | null {
  const distinct = new Map<string, RelatedParty>();
  for (const party of parties) {
    if (distinct.size === partiesMax) break;
    const { id, role, atReferredType } = party;
    const key = canonicalJson([id ?? null, role ?? null, atReferredType ?? null]);
    if (!distinct.has(key)) distinct.set(key, party);
  }
  return distinct.size === 0 ? null : [...distinct.values()];
}

/** In the order in which the keys come first. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
