import type { Database } from '../../platform/database/database.js';
import { Decimal } from '../../platform/decimal.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { lockRow, lockRows } from '../../platform/write/rows.js';
import type { RowChanges } from '../changes.js';
import {
  areSameIn,
  invalid,
  isGiven,
  missing,
  requireName,
  requireOneOf,
  requireValidity,
  toChanges,
  toGiven,
  withoutAddress,
  type ReferenceInput,
  type Validity,
} from '../input.js';
import { requireMoney, type MoneyInput } from '../money.js';
import { ResourceChanges } from '../resource-changes.js';
import { ResourceWriter, type Begun, type Writing } from '../resource-writer.js';
import { deleteLinksOfRate, lockResultsOfRates, markBilled } from '../usage/billing.js';
import { findSomeLineIds } from './rates.store.js';
import type { CustomerBillDependencies, RateRow } from './model.js';
import { minorDigitsOf } from './run/currencies.js';
import { fixedOf, percentOf, priceOf, type PricedRate } from './run/prices.js';
import { requireSums, requireTaxes, type TaxInput } from './tax.js';

const rateTypes: readonly string[] = ['appliedBillingCharge', 'appliedBillingCredit', 'appliedPenaltyCharge'];
const defaultRateType = 'appliedBillingCharge';
/** Rates that are released by one statement. */
const ratesPerStatementMax = 1_000;
const amountAttributes = ['taxExcludedAmount', 'taxIncludedAmount', 'appliedTax'] as const;

/** The attributes that the rules read; all others are stored as they arrive. */
export interface RateInput {
  appliedBillingRateType?: string | null;
  date?: Date | null;
  isBilled?: boolean | null;
  bill?: ReferenceInput | null;
  billingAccount?: ReferenceInput | null;
  product?: ReferenceInput | null;
  characteristic?: { name: string }[] | null;
  periodCoverage?: Validity | null;
  taxExcludedAmount?: MoneyInput | null;
  taxIncludedAmount?: MoneyInput | null;
  appliedTax?: TaxInput[] | null;
}

/** TMF678 applied billing rates: they wait to be billed, and stand as they are once they were. */
export function createRates(
  database: Database,
  dependencies: CustomerBillDependencies,
): ResourceWriter<'appliedCustomerBillingRate', RateRow, RateInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'appliedCustomerBillingRate',
    mapping: dependencies.mappings.appliedCustomerBillingRate,
    fromInput: fromRateInput,
    fromChange: fromRateChange,
    complete: (given: GivenRate & Begun<RateRow>, writing) => {
      const rate = { date: writing.now.toISOString(), ...given };
      return rate.isBilled ? onBill(rate, writing, dependencies) : rate;
    },
    require: (before, after) => {
      requireNotBilled(before, 'changed');
      requireSums(after, { name: 'appliedTax', taxes: after.appliedTax });
      // A rate of an earlier version that differs already can still be described and billed.
      if (!areSameIn(before, after, amountAttributes)) requireOnePrice(after);
    },
    release: async (rate, { tx, tenantId }) => {
      requireNotBilled(rate, 'deleted');
      await deleteLinksOfRate(tx, tenantId, rate.id);
    },
  });
}

type GivenRate = Partial<RateRow> & Pick<RateRow, 'isBilled' | 'appliedBillingRateType'>;

function fromRateInput(input: RateInput): GivenRate {
  checkRate(input);
  const isBilled = input.isBilled ?? false;
  if (isBilled && !isGiven(input.bill)) throw missing('bill', 'a rate that is billed stands on one');
  if (!isBilled && isGiven(input.bill)) throw invalid('bill', 'can only be that of a rate with isBilled true');
  if (!isBilled && !isGiven(input.billingAccount)) throw missing('billingAccount', 'it is billed to one');
  const given = {
    ...toGiven<RateRow>(input),
    isBilled,
    appliedBillingRateType: input.appliedBillingRateType ?? defaultRateType,
  };
  requireSums(given, { name: 'appliedTax', taxes: given.appliedTax });
  requireOnePrice(given);
  return given;
}

/** The changes of a PATCH: null removes. */
function fromRateChange(input: RateInput): RowChanges<RateRow> {
  for (const name of ['billingAccount', 'date', 'appliedBillingRateType'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkRate(input);
  return toChanges(input);
}

function checkRate(input: RateInput): void {
  const {
    appliedBillingRateType: type,
    bill,
    billingAccount,
    product,
    characteristic,
    periodCoverage,
    appliedTax,
  } = input;
  if (isGiven(type)) requireOneOf('appliedBillingRateType', rateTypes, type);
  for (const [name, reference] of Object.entries({ bill, billingAccount, product })) {
    if (isGiven(reference)) requireName(`${name}.id`, reference.id);
  }
  for (const [index, { name }] of (characteristic ?? []).entries()) requireName(`characteristic.${index}.name`, name);
  requireValidity(periodCoverage, 'periodCoverage');
  const { taxExcludedAmount, taxIncludedAmount } = input;
  for (const [name, money] of Object.entries({ taxExcludedAmount, taxIncludedAmount })) {
    if (isGiven(money)) requireMoney(name, money);
  }
  requireTaxes('appliedTax', appliedTax);
}

/** A rate that comes with its bill: the bill is ours, has not left new, and is locked, so that it stays so. One whose figures are the sums of its lines has them all. */
async function onBill(
  rate: RateRow,
  { tx, tenantId }: Writing,
  { mappings }: CustomerBillDependencies,
): Promise<RateRow> {
  if (!rate.bill) throw missing('bill', 'a rate that is billed stands on one');
  const { id } = rate.bill;
  const bill = await lockRow(tx, mappings.customerBill, tenantId, id);
  if (bill === undefined)
    throw new DomainError('BILL_UNKNOWN', `bill '${abbreviated(id)}' does not exist`, { path: 'bill.id' });
  if (bill.state !== 'new')
    throw new DomainError('CONFLICT', `customerBill '${id}' is ${bill.state}: only a bill that is new takes rates`, {
      path: 'bill',
    });
  if (bill.isCalculated === true) {
    throw new DomainError(
      'CONFLICT',
      `customerBill '${id}' was calculated from its lines and takes no more: a rate that is not billed stands on the next bill`,
      { path: 'bill' },
    );
  }
  const [account, given] = [bill.billingAccount, rate.billingAccount];
  if (given && account && given.id !== account.id) {
    throw invalid('billingAccount.id', `must be that of the bill, '${account.id}': '${abbreviated(given.id)}'`);
  }
  const billingAccount = given ?? account;
  if (!billingAccount) throw missing('billingAccount', 'neither the rate nor its bill names one');
  return { ...rate, bill: withoutAddress(rate.bill), billingAccount };
}

/**
 * Refuses two amounts that are not one price: what lies between them must be the percentages that are given, as near as
 * rounding the net amount and each tax to the currency comes. Where all taxes have amounts, these add up already.
 */
function requireOnePrice(rate: PricedRate): void {
  const { taxExcludedAmount: excluded, taxIncludedAmount: included, appliedTax } = rate;
  const { taxes } = priceOf(rate);
  const haveAmounts = (appliedTax ?? []).every(({ taxAmount }) => isGiven(taxAmount));
  if (!excluded || !included || taxes.length === 0 || haveAmounts) return;
  const percent = percentOf(taxes);
  const expected = new Decimal(excluded.value).times(percent).dividedBy(100).plus(excluded.value).plus(fixedOf(taxes));
  const halfCoin = Decimal.pow(10, -minorDigitsOf(included.unit)).dividedBy(2);
  const tolerance = halfCoin.times(percent.dividedBy(100).plus(1 + taxes.length));
  if (expected.minus(included.value).abs().lte(tolerance)) return;
  throw invalid(
    'taxIncludedAmount',
    `must be taxExcludedAmount and its taxes, about ${expected.toDecimalPlaces(9).toString()}: ${new Decimal(included.value).toString()}`,
  );
}

/** What is on a bill stays as it was billed. */
function requireNotBilled({ id, isBilled }: RateRow, what: string): void {
  if (isBilled === true)
    throw new DomainError('CONFLICT', `appliedCustomerBillingRate '${id}' is billed and cannot be ${what}`, {
      path: 'isBilled',
    });
}

/** The rates of a bill that is deleted wait again to be billed, and so do the usages they were made of. */
export async function releaseRates(
  billId: string,
  writing: Writing,
  { mappings, nextId }: CustomerBillDependencies,
): Promise<void> {
  const { tx, tenantId } = writing;
  for (;;) {
    const ids = await findSomeLineIds(tx, tenantId, billId, ratesPerStatementMax);
    const rates = await lockRows(tx, mappings.appliedCustomerBillingRate, tenantId, ids);
    const changes = new ResourceChanges(writing, nextId);
    for (const rate of rates.values())
      changes.update(mappings.appliedCustomerBillingRate, rate, { isBilled: false, bill: null });
    const results = await lockResultsOfRates(tx, mappings, tenantId, [...rates.keys()]);
    markBilled(changes, mappings, results.values(), false);
    await changes.flush();
    if (ids.length < ratesPerStatementMax) return;
  }
}
