import {
  BillSums,
  currencyOf,
  minorDigitsOf,
  netOf,
  type RateRow,
  type Tax as StoredTax,
  type TaxFigure,
} from '../../domain/customer-bill/index.js';
import type { Money as StoredMoney } from '../../domain/row.js';
import { Decimal, zero } from '../../platform/decimal.js';
import { dayText, moneyOf, moneyText, percentText, periodText, plainText, type Money } from './figures.js';

/** Decimals that amounts are kept with; where only the amount with tax is stored, the one without may have more. */
const decimalPlacesMax = 9;

/** A rate as it stands on paper. */
export interface Line {
  readonly date: string;
  readonly name: string;
  readonly description: string;
  readonly tax: string;
  /** Without tax; negative for credits, or, on a paper of credits, for charges. Undefined when no amount is known. */
  readonly net: Money | undefined;
}

/** A rate as a line of the document. */
export function lineOf(rate: RateRow, { zone, isOfCredits }: { zone: string; isOfCredits: boolean }): Line {
  const covered = rate.periodCoverage?.endDateTime ? periodText(rate.periodCoverage, zone) : undefined;
  const description = [plainText(rate.description), covered ?? '', givenWithTax(rate)]
    .filter((text) => text !== '')
    .join(' · ');
  const taxes = taxesOf(rate.appliedTax).map(({ category, rate: percent }) =>
    percent === undefined ? category : percentText(percent),
  );
  return {
    date: dayText(rate.date, zone) ?? '',
    name: plainText(rate.name),
    description,
    tax: taxes.join(', '),
    net: signedNet(rate, isOfCredits),
  };
}

/** The price that was agreed, where the net amount beside it is only taken out of it. */
function givenWithTax(rate: RateRow): string {
  const included = moneyOf(rate.taxIncludedAmount);
  return included === undefined || rate.taxExcludedAmount || netOf(rate).eq(included.value)
    ? ''
    : `${moneyText(included)} with tax`;
}

export interface Tax {
  readonly category: string;
  /** In percent. */
  readonly rate: number | undefined;
  readonly amount: Money | undefined;
}

/** The taxes of a rate, or of a bill. */
export function taxesOf(taxes: readonly StoredTax[] | null | undefined): Tax[] {
  return (taxes ?? []).map(({ taxCategory, taxRate, taxAmount }) => ({
    category: plainText(taxCategory),
    rate: taxRate ?? undefined,
    amount: moneyOf(taxAmount),
  }));
}

function signedNet(rate: RateRow, isOfCredits: boolean): Money | undefined {
  const unit = currencyOf(rate);
  if (unit === undefined) return undefined;
  const sign = (rate.appliedBillingRateType === 'appliedBillingCredit') === isOfCredits ? 1 : -1;
  return { value: netOf(rate).toDecimalPlaces(decimalPlacesMax).times(sign), unit };
}

/** Sums per currency. */
export class Sums {
  private readonly sums = new Map<string, Decimal>();

  add(money: Money | undefined): void {
    if (money) this.sums.set(money.unit, (this.sums.get(money.unit) ?? zero).plus(money.value));
  }

  get all(): Money[] {
    return [...this.sums].map(([unit, value]) => ({ value, unit }));
  }
}

/** What each kind and rate of tax is levied on, of all lines. */
export class TaxBases {
  private readonly bases = new Map<string, Sums>();
  private readonly nets = new Sums();
  private readonly billed = new Map<string, BillSums>();

  constructor(private readonly isOfCredits: boolean) {}

  add(rate: RateRow, net: Money | undefined): void {
    if (net === undefined) return;
    this.nets.add(net);
    const sums = this.billed.get(net.unit) ?? new BillSums(net.unit);
    this.billed.set(net.unit, sums);
    sums.add(rate);
    for (const tax of taxesOf(rate.appliedTax)) {
      const key = keyOf(tax);
      const base = this.bases.get(key) ?? new Sums();
      this.bases.set(key, base);
      base.add(net);
    }
  }

  /** What a tax is levied on; undefined where it does not follow from the lines: bills may come with figures of their own. */
  of(tax: Tax, billNet: StoredMoney | null | undefined): Money | undefined {
    const [net, ...others] = this.nets.all;
    const stated = moneyOf(billNet);
    if (net === undefined || others.length > 0 || stated === undefined || net.unit !== stated.unit) return undefined;
    const billed = this.billedTax(tax, stated);
    if (billed) return { value: this.signed(billed.base), unit: net.unit };
    const digits = Math.max(minorDigitsOf(stated.unit), stated.value.decimalPlaces());
    const isWhole = net.value.toDecimalPlaces(digits, Decimal.ROUND_HALF_UP).eq(stated.value);
    return isWhole ? this.bases.get(keyOf(tax))?.all[0] : undefined;
  }

  /** The tax as billing calculates it, when that is what the bill has. */
  private billedTax(tax: Tax, net: Money): TaxFigure | undefined {
    const figures = this.billed.get(net.unit)?.figures();
    if (figures === undefined || !this.signed(figures.excluded).eq(net.value)) return undefined;
    const found = figures.taxes.find(
      ({ category, percent }) => keyOf({ category: plainText(category), rate: percent?.toNumber() }) === keyOf(tax),
    );
    return found && tax.amount && this.signed(found.amount).eq(tax.amount.value) ? found : undefined;
  }

  /** On a paper of credits, credits count as they are. */
  private signed(amount: Decimal): Decimal {
    return this.isOfCredits ? amount.negated() : amount;
  }
}

function keyOf({ category, rate }: Pick<Tax, 'category' | 'rate'>): string {
  return JSON.stringify([category, rate ?? null]);
}
