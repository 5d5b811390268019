import type { Database } from '../../platform/database/database.js';
import { Decimal } from '../../platform/decimal.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { lockRow } from '../../platform/write/rows.js';
import { invalid, isGiven, missing, requireName, requireValidity, type Validity, withoutAddress } from '../input.js';
import { requireMoney, type Money } from '../money.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import type { Reference } from './bill-input.js';
import { minorDigitsOf } from './run/currencies.js';
import { fixedOf, percentOf, priceOf } from './run/prices.js';
import { releaseUsages } from './run/usage-rates.js';
import { requireSums, requireTaxes, storedMoney, type TaxInput } from './tax.js';
import type { CustomerBillDependencies } from './dependencies.js';

const rateTypes: readonly string[] = ['appliedBillingCharge', 'appliedBillingCredit', 'appliedPenaltyCharge'];
const defaultRateType = 'appliedBillingCharge';
const amountAttributes = ['taxExcludedAmount', 'taxIncludedAmount', 'appliedTax'] as const;

/** What the domain looks at; everything else is kept as it comes. */
export interface RateInput {
  appliedBillingRateType?: string | null;
  date?: Date | null;
  isBilled?: boolean | null;
  bill?: Reference | null;
  billingAccount?: Reference | null;
  product?: Reference | null;
  characteristic?: { name: string }[] | null;
  periodCoverage?: Validity | null;
  taxExcludedAmount?: Money | null;
  taxIncludedAmount?: Money | null;
  appliedTax?: TaxInput[] | null;
}

/** TMF678 applied billing rates: they wait to be billed, and stand as they are once they were. */
export function createRates(database: Database, dependencies: CustomerBillDependencies): ResourceWriter<RateInput> {
  return new ResourceWriter(database, dependencies, {
    resource: 'appliedCustomerBillingRate',
    mapping: dependencies.mappings.appliedCustomerBillingRate,
    fromInput: fromRateInput,
    fromChange: fromRateChange,
    complete: async (given, writing) => {
      const rate: JsonObject = { date: writing.now.toISOString(), ...given };
      return rate['isBilled'] === true ? onBill(rate, writing, dependencies) : rate;
    },
    require: (before, after) => {
      requireNotBilled(before, 'changed');
      requireSums(after, 'appliedTax');
      // A rate of an earlier version that differs already can still be described and billed.
      if (amountAttributes.some((name) => canonicalJson(before[name]) !== canonicalJson(after[name])))
        requireOnePrice(after);
    },
    release: async (rate, { tx, tenantId }) => {
      requireNotBilled(rate, 'deleted');
      await releaseUsages(tx, tenantId, String(rate['id']));
    },
  });
}

function fromRateInput(input: RateInput): JsonObject {
  checkRate(input);
  const isBilled = input.isBilled ?? false;
  if (isBilled && !isGiven(input.bill)) throw missing('bill', 'a rate that is billed stands on one');
  if (!isBilled && isGiven(input.bill)) throw invalid('bill', 'can only be that of a rate with isBilled true');
  if (!isBilled && !isGiven(input.billingAccount)) throw missing('billingAccount', 'it is billed to one');
  const given = withoutNulls({
    ...toJsonObject(input),
    isBilled,
    appliedBillingRateType: input.appliedBillingRateType ?? defaultRateType,
  });
  requireSums(given, 'appliedTax');
  requireOnePrice(given);
  return given;
}

/** The changes of a PATCH: null removes. */
function fromRateChange(input: RateInput): JsonObject {
  for (const name of ['billingAccount', 'date', 'appliedBillingRateType'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkRate(input);
  return toJsonObject(input);
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
  if (isGiven(type) && !rateTypes.includes(type)) {
    throw invalid('appliedBillingRateType', `must be one of ${rateTypes.join(', ')}: '${abbreviated(type)}'`);
  }
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
  rate: JsonObject,
  { tx, tenantId }: Writing,
  { mappings }: CustomerBillDependencies,
): Promise<JsonObject> {
  const { id } = rate['bill'] as unknown as Reference;
  const bill = await lockRow(tx, mappings.customerBill, tenantId, id);
  if (bill === undefined)
    throw new DomainError('BILL_UNKNOWN', `bill '${abbreviated(id)}' does not exist`, { path: 'bill.id' });
  if (bill['state'] !== 'new')
    throw new DomainError(
      'CONFLICT',
      `customerBill '${id}' is ${String(bill['state'])}: only a bill that is new takes rates`,
      { path: 'bill' },
    );
  if (bill['isCalculated'] === true) {
    throw new DomainError(
      'CONFLICT',
      `customerBill '${id}' was calculated from its lines and takes no more: a rate that is not billed stands on the next bill`,
      { path: 'bill' },
    );
  }
  const account = (bill['billingAccount'] ?? undefined) as unknown as Reference | undefined;
  const given = rate['billingAccount'] as unknown as Reference | undefined;
  if (given && account && given.id !== account.id) {
    throw invalid('billingAccount.id', `must be that of the bill, '${account.id}': '${abbreviated(given.id)}'`);
  }
  const billingAccount = rate['billingAccount'] ?? bill['billingAccount'];
  if (!billingAccount) throw missing('billingAccount', 'neither the rate nor its bill names one');
  return { ...rate, bill: withoutAddress(rate['bill'] as JsonObject), billingAccount };
}

/**
 * Refuses two amounts that are not one price: what lies between them must be the percentages that are given, as near as
 * rounding the net amount and each tax to the currency comes. Where all taxes have amounts, these add up already.
 */
function requireOnePrice(rate: JsonObject): void {
  const [excluded, included] = [storedMoney(rate['taxExcludedAmount']), storedMoney(rate['taxIncludedAmount'])];
  const { taxes } = priceOf(rate);
  const isTold = ((rate['appliedTax'] ?? []) as JsonObject[]).every(
    ({ taxAmount }) => storedMoney(taxAmount) !== undefined,
  );
  if (!excluded || !included || taxes.length === 0 || isTold) return;
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
function requireNotBilled({ id, isBilled }: JsonObject, what: string): void {
  if (isBilled === true)
    throw new DomainError('CONFLICT', `appliedCustomerBillingRate '${String(id)}' is billed and cannot be ${what}`, {
      path: 'isBilled',
    });
}
