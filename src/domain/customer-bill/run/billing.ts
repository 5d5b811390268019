import { Prisma } from '../../../../prisma/generated/client.js';
import { DomainError } from '../../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { insertEvents, type DomainEvent } from '../../../platform/write/outbox.js';
import { insertRows, lockRowsWhere, updateRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { changed } from '../../changes.js';
import { changeEvent } from '../../events.js';
import type { Writing } from '../../resource-writer.js';
import {
  billed as billedUsages,
  billingAttributes,
  lockBillable,
  lockOriginsOf,
  partiesOf,
  resultsByUsage,
  usageAccount,
  type Origin,
} from '../../usage/billing.js';
import { withDocuments } from '../documents.js';
import type { StoredMoney } from '../tax.js';
import type { CustomerBillDependencies } from '../dependencies.js';
import { reasonToHold } from './hold-policy.js';
import { figuresOf } from './figures.js';
import { distinctParties } from './parties.js';
import { currencyOf } from './prices.js';
import { isUnbilled, rateAccount, type UnbilledAccount } from './unbilled.js';
import { insertUsageRates, ratesOf, type UsageRate } from './usage-rates.js';

/** Rates of one account that one bill takes; they are held in memory. */
export const ratesPerAccountMax = 50_000;
/** A transaction that bills may take so long: it may wait for another one, and accounts may have many rates. */
export const billingMaxMs = 300_000;

/** What the bills of one run have in common. */
export interface BillPlan {
  /** What is dated earlier is billed. */
  readonly before: Date;
  /** The attributes that all of them have. */
  readonly common: JsonObject;
  /** Whom all of them name, before the parties of their usages. */
  readonly parties: readonly JsonObject[];
}

/** What became of some accounts. */
export interface BillingResult {
  bills: JsonObject[];
  held: number;
  /** Accounts that could not be billed, and why. */
  failed: { account: string; message: string }[];
}

/** A rate on its way onto a bill, and the usage it came of, if any. */
interface Line {
  rate: JsonObject;
  origin: Origin | undefined;
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
  const tooLarge = unbilled.filter(({ count }) => count > ratesPerAccountMax);
  const accounts = unbilled.filter((one) => !tooLarge.includes(one)).map(({ account }) => account);
  const lines = await linesOf(writing, dependencies, accounts, plan.before);
  const result: BillingResult = { bills: [], held: 0, failed: [] };
  const onBills: { line: Line; bill: JsonObject }[] = [];
  for (const [account, ofAccount] of grouped(lines, ({ rate }) =>
    String((rate['billingAccount'] as JsonObject)['id']),
  )) {
    try {
      const bills = billsOf(ofAccount, writing, dependencies, plan);
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
      message: `has ${count} rates, more than the ${ratesPerAccountMax} of one bill`,
    })),
  );
  result.held = result.bills.filter(({ state }) => state === 'onHold').length;
  await write(writing, dependencies, result.bills, onBills);
  return result;
}

/** All that the accounts have unbilled: their rates, and those that their usages become. */
async function linesOf(
  { tx, tenantId, now }: Writing,
  { mappings, nextId }: CustomerBillDependencies,
  accounts: readonly string[],
  before: Date,
): Promise<Line[]> {
  const limit = accounts.length * ratesPerAccountMax;
  const ofAccounts = Prisma.sql`${usageAccount} = ANY(${accounts}::text[]) AND b."usageDate" < ${before}`;
  const { billable } = await lockBillable(tx, mappings.usage, tenantId, ofAccounts, limit);
  const order = Prisma.sql`${rateAccount}, b."date", b."id"`;
  const rates = await lockRowsWhere(tx, mappings.appliedCustomerBillingRate, tenantId, isUnbilled(accounts, before), {
    order,
    limit,
  });
  const origins = await lockOriginsOf(
    tx,
    mappings.usage,
    tenantId,
    rates.map(({ id }) => String(id)),
  );
  return [
    ...rates.map((rate) => ({ rate, origin: origins.get(String(rate['id'])), isMade: false })),
    ...billable.flatMap((item) =>
      ratesOf(item, undefined, now, nextId).map(({ rate, result }) => ({
        rate,
        origin: { usage: item.usage, result },
        isMade: true,
      })),
    ),
  ];
}

/** The bills of one account, one for each currency. Throws CONFLICT when no JSON number tells what they come to. */
function billsOf(
  lines: readonly Line[],
  { now }: Writing,
  { nextId, brake, timeZone }: CustomerBillDependencies,
  { common, parties }: BillPlan,
): { bill: JsonObject; lines: Line[] }[] {
  return [...grouped(lines, ({ rate }) => String(currencyOf(rate)))].map(([currency, own]) => {
    const rates = own.map(({ rate }) => rate);
    const figures = figuresOf(rates, currency);
    const total = figures['taxIncludedAmount'] as StoredMoney;
    const holdReason = reasonToHold(rates, total, { ...brake, timeZone });
    const at = now.toISOString();
    const bill: JsonObject = {
      id: nextId(now),
      revision: 1,
      updatedAt: at,
      lastUpdate: at,
      state: holdReason === undefined ? 'new' : 'onHold',
      ...(holdReason !== undefined && { stateBeforeHold: 'new', holdReason }),
      category: categoryOf(total),
      billDate: at,
      ...common,
      isCalculated: true,
      billingAccount: rates[0]?.['billingAccount'] ?? null,
      ...withoutNulls({
        relatedParty: distinctParties([
          ...parties,
          ...own.flatMap(({ origin }) => (origin ? partiesOf(origin.usage) : [])),
        ]),
      }),
      ...figures,
      amountDue: total,
      remainingAmount: total,
      appliedPayment: [],
    };
    return { bill: withDocuments(bill), lines: own };
  });
}

/** What kind of bill comes to this total. */
export function categoryOf({ value }: StoredMoney): string {
  return value < 0 ? 'credit note' : 'normal';
}

async function write(
  { tx, tenantId, now }: Writing,
  { mappings, nextId }: CustomerBillDependencies,
  bills: readonly JsonObject[],
  onBills: readonly { line: Line; bill: JsonObject }[],
): Promise<void> {
  const made: JsonObject[] = [];
  const changedRates: JsonObject[] = [];
  const links: UsageRate[] = [];
  const events: DomainEvent[] = bills.map((bill) => changeEvent('customerBill', 'Create', bill, now, nextId));
  for (const { line, bill } of onBills) {
    const changes = { isBilled: true, bill: { id: bill['id'] as string } };
    if (line.origin && line.isMade) {
      const { usage, result } = line.origin;
      const rate: JsonObject = { ...line.rate, ...changes };
      made.push(rate);
      links.push({ usageId: String(usage['id']), result, rateId: String(rate['id']) });
      events.push(changeEvent('appliedCustomerBillingRate', 'Create', rate, now, nextId));
    } else {
      const rate = changed(line.rate, changes, now) ?? line.rate;
      changedRates.push(rate);
      events.push(changeEvent('appliedCustomerBillingRate', 'AttributeValueChange', rate, now, nextId));
    }
  }
  const turned = billedUsages(resultsByUsage(onBills.flatMap(({ line }) => line.origin ?? [])), now, nextId);
  await writeAll(tx, [
    insertRows(mappings.customerBill, tenantId, bills),
    insertRows(mappings.appliedCustomerBillingRate, tenantId, made),
    updateRows(mappings.appliedCustomerBillingRate, tenantId, ['isBilled', 'bill'], changedRates),
    insertUsageRates(tenantId, links),
    updateRows(mappings.usage, tenantId, billingAttributes, turned.rows),
    insertEvents(tenantId, [...events, ...turned.events]),
  ]);
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
