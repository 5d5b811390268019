import { Decimal, zero } from '../../../platform/decimal.js';
import { DomainError } from '../../../platform/errors.js';
import { decimalProblem } from '../../amount.js';
import { AMOUNT_MAX } from '../../limits.js';
import type { Money } from '../../row.js';
import type { Tax } from '../model.js';
import { minorDigitsOf } from './currencies.js';
import { priceOf, type Price, type PricedRate, type PriceTax } from './prices.js';

// What the rates of one account and currency come to. All of it is exact; rounding happens in one place.

/** Calculations have 40 digits: what is lost where a quotient does not end lies far behind these decimals. */
const exactDecimals = 18;

/** Rounds to the minor unit, halves away from zero; quotients that add up to a half but for their last digits count as it. */
function rounded(amount: Decimal, currency: string): Decimal {
  return amount
    .toDecimalPlaces(exactDecimals, Decimal.ROUND_HALF_UP)
    .toDecimalPlaces(minorDigitsOf(currency), Decimal.ROUND_HALF_UP);
}

/** A tax of one kind and rate, with sums of prices or of amounts. */
interface TaxSum extends Pick<PriceTax, 'category' | 'percent'> {
  sum: Decimal;
}

/** Prices that were given with the same taxes in them. */
interface GrossSums {
  amount: Decimal;
  /** By kind and rate, with the percentages added up: a rate may have the same tax twice. */
  percents: ReadonlyMap<string, TaxSum>;
  fixed: Map<string, TaxSum>;
}

/** A tax of a bill. */
export interface TaxFigure {
  category: string | undefined;
  percent: Decimal | undefined;
  amount: Decimal;
  /** What it is levied on. */
  base: Decimal;
}

/** The amounts of a bill: the last is the sum of the others. */
export interface Figures {
  excluded: Decimal;
  taxes: readonly TaxFigure[];
  included: Decimal;
}

/**
 * Adds up the rates of a bill, which have one currency; credits count negatively. Net prices are added up and rounded once, and so is the tax of each kind
 * and rate on what its net prices come to together. Prices with tax are added up by their taxes and rounded once: the sum
 * is what is to be paid, each tax its part of that, rounded, and the net amount the rest.
 */
export class BillSums {
  private net = zero;
  private readonly netTaxes = new Map<string, TaxSum & { base: Decimal }>();
  private readonly gross = new Map<string, GrossSums>();

  constructor(readonly currency: string) {}

  /** Adds one rate, in the currency of the sums. */
  add(rate: PricedRate): void {
    const price = priceOf(rate);
    if (price.isGross) this.addGross(price);
    else this.addNet(price);
  }

  private addNet({ amount, taxes }: Price): void {
    this.net = this.net.plus(amount);
    for (const { category, percent, amount: fixed } of taxes) {
      const key = keyOf({ category, percent });
      const known = this.netTaxes.get(key) ?? { category, percent, sum: zero, base: zero };
      const tax = percent === undefined ? fixed : amount.times(percent).dividedBy(100);
      this.netTaxes.set(key, { ...known, sum: known.sum.plus(tax), base: known.base.plus(amount) });
    }
  }

  private addGross({ amount, taxes }: Price): void {
    const percents = new Map<string, TaxSum>();
    for (const tax of taxes) if (tax.percent) addTo(percents, tax, tax.percent);
    const key = JSON.stringify([...percents].map(([name, { sum }]) => `${name} ${sum.toString()}`).sort());
    const known = this.gross.get(key) ?? { amount: zero, percents, fixed: new Map<string, TaxSum>() };
    known.amount = known.amount.plus(amount);
    for (const tax of taxes) if (!tax.percent) addTo(known.fixed, tax, tax.amount);
    this.gross.set(key, known);
  }

  /** What the rates come to, rounded as the currency is paid. */
  figures(): Figures {
    const taxes = new Map<string, TaxFigure>();
    const add = (
      { category, percent }: Pick<PriceTax, 'category' | 'percent'>,
      amount: Decimal,
      base: Decimal,
    ): void => {
      const key = keyOf({ category, percent });
      const known = taxes.get(key) ?? { category, percent, amount: zero, base: zero };
      taxes.set(key, { ...known, amount: known.amount.plus(amount), base: known.base.plus(base) });
    };
    let excluded = rounded(this.net, this.currency);
    for (const tax of this.netTaxes.values()) add(tax, rounded(tax.sum, this.currency), tax.base);
    for (const sums of this.gross.values()) {
      const { net, parts } = this.split(sums);
      excluded = excluded.plus(net);
      for (const part of parts) add(part, part.sum, net);
    }
    const sorted = [...taxes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tax]) => tax);
    return { excluded, taxes: sorted, included: sorted.reduce((sum, { amount }) => sum.plus(amount), excluded) };
  }

  /** Prices with tax, taken apart: each tax is its part of what they come to, and what is left is the net amount. */
  private split({ amount, percents, fixed }: GrossSums): { net: Decimal; parts: TaxSum[] } {
    const whole = rounded(amount, this.currency);
    const fixedParts = [...fixed.values()].map((tax) => ({ ...tax, sum: rounded(tax.sum, this.currency) }));
    const taxed = whole.minus(sumOf(fixedParts));
    const percent = sumOf([...percents.values()]);
    const parts = [...percents.values()].map((tax) => ({
      ...tax,
      sum: rounded(taxed.times(tax.sum).dividedBy(percent.plus(100)), this.currency),
    }));
    return { net: taxed.minus(sumOf(parts)), parts: [...parts, ...fixedParts] };
  }
}

/** Taxes are of one kind and rate when they say so in the same words. */
function keyOf({ category, percent }: Pick<PriceTax, 'category' | 'percent'>): string {
  return JSON.stringify([category ?? null, percent?.toString() ?? null]);
}

function addTo(taxes: Map<string, TaxSum>, { category, percent }: PriceTax, more: Decimal): void {
  const key = keyOf({ category, percent });
  taxes.set(key, { category, percent, sum: (taxes.get(key)?.sum ?? zero).plus(more) });
}

function sumOf(taxes: readonly TaxSum[]): Decimal {
  return taxes.reduce((total, { sum }) => total.plus(sum), zero);
}

/** The amounts of a bill as its row has them. */
export type BillFigures = {
  taxExcludedAmount: Money;
  taxIncludedAmount: Money;
  taxItem: Tax[];
};

/** The amounts of a bill of these rates. Throws CONFLICT when no JSON number holds them. */
export function figuresOf(rates: readonly PricedRate[], currency: string): BillFigures {
  const sums = new BillSums(currency);
  for (const rate of rates) sums.add(rate);
  return toFigures(sums);
}

/** The same of rates that were added up before. */
export function toFigures(sums: BillSums): BillFigures {
  const { currency } = sums;
  const { excluded, taxes, included } = sums.figures();
  const taxItem = taxes.map(({ category, percent, amount }) => ({
    ...(category !== undefined && { taxCategory: category }),
    ...(percent && { taxRate: percent.toNumber() }),
    taxAmount: exactMoney(amount, currency, 'tax'),
  }));
  return {
    taxExcludedAmount: exactMoney(excluded, currency, 'total without tax'),
    taxIncludedAmount: exactMoney(included, currency, 'total'),
    taxItem,
  };
}

/** Throws CONFLICT for an amount that the columns, or a JSON number, do not take exactly. */
function exactMoney(amount: Decimal, currency: string, what: string): Money {
  const problem = amount.abs().gt(AMOUNT_MAX)
    ? `exceeds the limit AMOUNT_MAX of ${AMOUNT_MAX.toFixed()}`
    : decimalProblem(amount);
  if (problem) throw new DomainError('CONFLICT', `the ${what} of ${amount.toFixed()} ${currency} ${problem}`);
  return money(amount, currency);
}

/** An exact amount as a row has it. */
export function money(value: Decimal, unit: string): Money {
  return { value: value.toNumber(), unit };
}
