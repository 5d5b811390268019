import { Decimal, zero } from '../../../platform/decimal.js';
import { DomainError } from '../../../platform/errors.js';
import type { Plain, PlainValue } from '../../../platform/plain.js';
import { amountMax, decimalProblem } from '../../amount.js';
import { storedMoney, type StoredMoney } from '../tax.js';

// What the rates of one account and currency come to. All of it is exact; rounding happens in one place.

/** Digits behind the point of most currencies, and of units that nobody has standardized. */
const minorDigitsDefault = 2;

/**
 * The minor units of ISO 4217 that are other than that. Not taken from Intl, which tells the digits that prices are mostly
 * shown with: none of HUF or IDR, and others with other versions of its data.
 */
const minorDigits = new Map(
  Object.entries({
    0: ['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'],
    3: ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'],
    4: ['CLF', 'UYW'],
  }).flatMap(([digits, currencies]) => currencies.map((currency) => [currency, Number(digits)] as const)),
);

/** How finely a currency is paid: EUR to 2 digits, JPY to none (ISO 4217). */
export function minorDigitsOf(currency: string): number {
  return minorDigits.get(currency) ?? minorDigitsDefault;
}

const currencies = new Set([...Intl.supportedValuesOf('currency'), ...minorDigits.keys()]);

/** Whether units are those of a currency that there is: EUR, but not SMS. */
export function isCurrency(units: string): boolean {
  return currencies.has(units);
}

/** Of the 40 digits in which we reckon, what is lost where a quotient does not end stays far behind these decimals. */
const certainDecimals = 18;

/** To what can be paid; the half of it away from zero. Quotients that add up to just that half are seen as the half. */
function rounded(amount: Decimal, currency: string): Decimal {
  return amount.toDecimalPlaces(certainDecimals, Decimal.ROUND_HALF_UP).toDecimalPlaces(minorDigitsOf(currency), Decimal.ROUND_HALF_UP);
}

/** Taxes of one kind and rate: what they are levied on, or, where no rate is known, what the rates say they are. */
interface TaxSum {
  category: PlainValue | undefined;
  rate: Decimal | undefined;
  sum: Decimal;
}

/** The currency of a rate; undefined when it has no amount. */
export function currencyOf(rate: Plain): string | undefined {
  return storedMoney(rate['taxExcludedAmount'])?.unit ?? storedMoney(rate['taxIncludedAmount'])?.unit;
}

/**
 * The amounts of a bill. The net amounts of its rates are added up and rounded once; so is the tax of each kind and
 * rate, on what all its rates come to together. What is to be paid is the sum of these. Credits count negatively.
 */
export function figuresOf(rates: readonly Plain[], currency: string): Plain {
  let net = zero;
  const taxes = new Map<string, TaxSum>();
  for (const rate of rates) {
    const sign = rate['appliedBillingRateType'] === 'appliedBillingCredit' ? -1 : 1;
    const amount = netOf(rate).times(sign);
    net = net.plus(amount);
    for (const { category, rate: percent, sum } of taxesOf(rate)) {
      const key = JSON.stringify([category ?? null, percent?.toString() ?? null]);
      const known = taxes.get(key) ?? { category, rate: percent, sum: zero };
      taxes.set(key, { ...known, sum: known.sum.plus(percent === undefined ? sum.times(sign) : amount) });
    }
  }
  const taxItems = [...taxes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { category, rate, sum }]) => {
    const tax = rounded(rate === undefined ? sum : sum.times(rate).dividedBy(100), currency);
    return { ...(category !== undefined && { taxCategory: category }), ...(rate && { taxRate: rate.toNumber() }), taxAmount: told(tax, currency, 'tax') };
  });
  const excluded = rounded(net, currency);
  const included = taxItems.reduce((sum, { taxAmount }) => sum.plus(taxAmount.value), excluded);
  return { taxExcludedAmount: told(excluded, currency, 'total without tax'), taxIncludedAmount: told(included, currency, 'total'), taxItem: taxItems };
}

/** Throws CONFLICT for an amount that the columns, or a JSON number, do not take exactly. */
function told(amount: Decimal, currency: string, what: string): StoredMoney {
  const problem = amount.abs().gt(amountMax) ? `exceeds ${amountMax.toFixed()}` : decimalProblem(amount);
  if (problem) throw new DomainError('CONFLICT', `the ${what} of ${amount.toFixed()} ${currency} ${problem}`);
  return money(amount, currency);
}

/** What a rate comes to without its taxes. */
export function netOf(rate: Plain): Decimal {
  const excluded = storedMoney(rate['taxExcludedAmount']);
  if (excluded) return new Decimal(excluded.value);
  const included = new Decimal(storedMoney(rate['taxIncludedAmount'])?.value ?? 0);
  const taxes = appliedTaxes(rate);
  const percent = taxes.reduce((sum, { taxRate }) => sum.plus(taxRate ?? 0), zero);
  const fixed = taxes.reduce((sum, { taxRate, taxAmount }) => sum.plus(taxRate === undefined ? (taxAmount?.value ?? 0) : 0), zero);
  return included.minus(fixed).dividedBy(percent.dividedBy(100).plus(1));
}

function taxesOf(rate: Plain): TaxSum[] {
  const taxes = appliedTaxes(rate).map(({ taxCategory, taxRate, taxAmount }) => ({
    category: taxCategory,
    rate: taxRate === undefined ? undefined : new Decimal(taxRate),
    sum: new Decimal(taxAmount?.value ?? 0),
  }));
  const [excluded, included] = [storedMoney(rate['taxExcludedAmount']), storedMoney(rate['taxIncludedAmount'])];
  if (taxes.length > 0 || !excluded || !included || excluded.value === included.value) return taxes;
  // Nobody says what kind of tax lies between the two.
  return [{ category: undefined, rate: undefined, sum: new Decimal(included.value).minus(excluded.value) }];
}

interface AppliedTax {
  taxCategory?: string;
  taxRate?: number;
  taxAmount?: StoredMoney;
}

function appliedTaxes(rate: Plain): AppliedTax[] {
  const taxes = (rate['appliedTax'] ?? []) as Plain[];
  // Null and absent say the same.
  return taxes.map((tax) => Object.fromEntries(Object.entries(tax).filter(([, value]) => value !== null)) as AppliedTax);
}

export function money(value: Decimal, unit: string): StoredMoney {
  return { value: value.toNumber(), unit };
}
