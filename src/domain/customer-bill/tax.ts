import { Decimal, zero } from '../../platform/decimal.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, isGiven } from '../input.js';
import { requireMoney, type MoneyInput } from '../money.js';
import type { Money } from '../row.js';
import type { Tax } from './model.js';

/** A tax of a rate (AppliedBillingTaxRate) or of a bill (TaxItem). */
export interface TaxInput {
  /** In percent. */
  taxRate?: Decimal | null;
  taxAmount?: MoneyInput | null;
}

/** Refuses negative taxes, and amounts finer than the columns keep. Throws INVALID_ATTRIBUTE. */
export function requireTaxes(path: string, taxes: readonly TaxInput[] | null | undefined): void {
  for (const [index, { taxRate, taxAmount }] of (taxes ?? []).entries()) {
    if (isGiven(taxRate)) requireOpeningAmount(taxRate, `${path}.${index}.taxRate`);
    if (isGiven(taxAmount)) requireMoney(`${path}.${index}.taxAmount`, taxAmount);
  }
}

/** The amounts of a rate, or of a bill. */
interface Amounts {
  taxExcludedAmount?: Money | null;
  taxIncludedAmount?: Money | null;
}

/**
 * Refuses amounts of several currencies, and amounts that do not add up: with both amounts and the taxes given, tax
 * included must be tax excluded and the taxes. Throws INVALID_ATTRIBUTE. `others` are further amounts in the same currency.
 */
export function requireSums(
  { taxExcludedAmount: excluded, taxIncludedAmount: included }: Amounts,
  { name, taxes }: { name: 'appliedTax' | 'taxItem'; taxes: readonly Tax[] | null | undefined },
  others: Readonly<Record<string, Money | null | undefined>> = {},
): void {
  const taxAmounts = (taxes ?? []).map(({ taxAmount }) => taxAmount ?? undefined);
  const named = { taxExcludedAmount: excluded, taxIncludedAmount: included, ...others };
  requireOneCurrency([
    ...Object.entries(named).map(([path, money]) => ({ path, money })),
    ...taxAmounts.map((money, index) => ({ path: `${name}.${index}.taxAmount`, money })),
  ]);
  if (!excluded || !included || taxAmounts.length === 0 || taxAmounts.includes(undefined)) return;
  const sum = taxAmounts.reduce((total, tax) => total.plus(tax?.value ?? 0), zero.plus(excluded.value));
  if (!sum.eq(included.value)) {
    throw invalid(
      'taxIncludedAmount',
      `must be taxExcludedAmount and ${name} together, ${sum.toString()}: ${new Decimal(included.value).toString()}`,
    );
  }
}

function requireOneCurrency(amounts: readonly { path: string; money: Money | null | undefined }[]): void {
  const [first, ...others] = amounts.filter(({ money }) => isGiven(money));
  const other = others.find(({ money }) => money?.unit !== first?.money?.unit);
  if (first && other)
    throw invalid(`${other.path}.unit`, `must be '${first.money?.unit}', as in ${first.path}: '${other.money?.unit}'`);
}
