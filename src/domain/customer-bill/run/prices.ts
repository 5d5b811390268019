import { Decimal, zero } from '../../../platform/decimal.js';
import { isGiven } from '../../input.js';
import type { Money } from '../../row.js';
import type { RateRow, Tax } from '../model.js';

// The price of a billing rate. Pure and exact.

/** A tax of a rate: a percentage, or, where none is known, an amount. */
export interface PriceTax {
  category: string | undefined;
  percent: Decimal | undefined;
  /** Counts only where there is no percentage. */
  amount: Decimal;
}

/** A price as it was agreed, negative for a credit. */
export interface Price {
  /** Whether the amount has its taxes in it: that of every rate that says what it comes to with tax. */
  isGross: boolean;
  amount: Decimal;
  taxes: readonly PriceTax[];
}

/** The attributes that make the price of a rate. */
export type PricedRate = Pick<
  RateRow,
  'taxExcludedAmount' | 'taxIncludedAmount' | 'appliedTax' | 'appliedBillingRateType'
>;

/** The currency of a rate; undefined when it has no amount. */
export function currencyOf({ taxExcludedAmount, taxIncludedAmount }: PricedRate): string | undefined {
  return taxExcludedAmount?.unit ?? taxIncludedAmount?.unit;
}

/** The price of a rate. Where it has both amounts, that with tax is what the customer was promised, and counts. */
export function priceOf(rate: PricedRate): Price {
  const included = amountOf(rate.taxIncludedAmount);
  const sign = rate.appliedBillingRateType === 'appliedBillingCredit' ? -1 : 1;
  const amount = included ?? amountOf(rate.taxExcludedAmount) ?? zero;
  const taxes = pricedTaxes(rate).map((tax) => ({ ...tax, amount: tax.amount.times(sign) }));
  return { isGross: included !== undefined, amount: amount.times(sign), taxes };
}

/** What a rate comes to without its taxes, a credit like a charge. */
export function netOf(rate: PricedRate): Decimal {
  const excluded = amountOf(rate.taxExcludedAmount);
  if (excluded) return excluded;
  const included = amountOf(rate.taxIncludedAmount) ?? zero;
  const taxes = pricedTaxes(rate);
  return included.minus(fixedOf(taxes)).dividedBy(percentOf(taxes).dividedBy(100).plus(1));
}

/** All percentages together: each is levied on the net amount. */
export function percentOf(taxes: readonly PriceTax[]): Decimal {
  return taxes.reduce((sum, { percent }) => sum.plus(percent ?? zero), zero);
}

/** The sum of those taxes that have no percentage. */
export function fixedOf(taxes: readonly PriceTax[]): Decimal {
  return taxes.reduce((sum, { percent, amount }) => (percent === undefined ? sum.plus(amount) : sum), zero);
}

/** The taxes of a rate. What lies between its two amounts and no tax explains is that of the first one that says neither rate nor amount. */
function pricedTaxes(rate: PricedRate): PriceTax[] {
  const applied: readonly Tax[] = rate.appliedTax ?? [];
  const taxes = applied.map(({ taxCategory, taxRate, taxAmount }) => ({
    category: taxCategory ?? undefined,
    percent: isGiven(taxRate) ? new Decimal(taxRate) : undefined,
    amount: new Decimal(taxAmount?.value ?? 0),
  }));
  const [excluded, included] = [amountOf(rate.taxExcludedAmount), amountOf(rate.taxIncludedAmount)];
  if (!excluded || !included) return taxes;
  if (taxes.length === 0)
    return included.eq(excluded) ? [] : [{ category: undefined, percent: undefined, amount: included.minus(excluded) }];
  const unpriced = applied.findIndex(({ taxRate, taxAmount }) => !isGiven(taxRate) && !isGiven(taxAmount));
  const rest = included
    .minus(excluded)
    .minus(fixedOf(taxes))
    .minus(excluded.times(percentOf(taxes)).dividedBy(100));
  return taxes.map((tax, index) => (index === unpriced ? { ...tax, amount: rest } : tax));
}

function amountOf(money: Money | null | undefined): Decimal | undefined {
  return money ? new Decimal(money.value) : undefined;
}
