import { Decimal, zero } from '../../platform/decimal.js';
import type { JsonObject, JsonValue } from '../../platform/json-object.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, isGiven } from '../input.js';
import { requireMoney, type Money } from '../money.js';

/** A tax of a rate (AppliedBillingTaxRate) or of a bill (TaxItem). */
export interface TaxInput {
  /** In percent. */
  taxRate?: Decimal | null;
  taxAmount?: Money | null;
}

export function requireTaxes(path: string, taxes: readonly TaxInput[] | null | undefined): void {
  for (const [index, { taxRate, taxAmount }] of (taxes ?? []).entries()) {
    if (isGiven(taxRate)) requireOpeningAmount(taxRate, `${path}.${index}.taxRate`);
    if (isGiven(taxAmount)) requireMoney(`${path}.${index}.taxAmount`, taxAmount);
  }
}

/** A Money as it is stored. */
export interface StoredMoney extends JsonObject {
  value: number;
  unit: string;
}

export function storedMoney(value: JsonValue | undefined): StoredMoney | undefined {
  return (value ?? undefined) as StoredMoney | undefined;
}

/**
 * Refuses amounts of several currencies, and amounts that do not add up: with both amounts and the taxes given, tax
 * included must be tax excluded and the taxes.
 */
export function requireSums(row: JsonObject, taxes: 'appliedTax' | 'taxItem', others: readonly string[] = []): void {
  const taxAmounts = ((row[taxes] ?? []) as JsonObject[]).map((tax) => storedMoney(tax['taxAmount']));
  const named = ['taxExcludedAmount', 'taxIncludedAmount', ...others].map((name) => ({
    path: name,
    money: storedMoney(row[name]),
  }));
  requireOneCurrency([...named, ...taxAmounts.map((money, index) => ({ path: `${taxes}.${index}.taxAmount`, money }))]);
  const excluded = storedMoney(row['taxExcludedAmount']);
  const included = storedMoney(row['taxIncludedAmount']);
  if (!excluded || !included || taxAmounts.length === 0 || taxAmounts.includes(undefined)) return;
  const sum = taxAmounts.reduce((total, tax) => total.plus(tax?.value ?? 0), zero.plus(excluded.value));
  if (!sum.eq(included.value)) {
    throw invalid(
      'taxIncludedAmount',
      `must be taxExcludedAmount and ${taxes} together, ${sum.toString()}: ${new Decimal(included.value).toString()}`,
    );
  }
}

function requireOneCurrency(amounts: readonly { path: string; money: StoredMoney | undefined }[]): void {
  const [first, ...others] = amounts.filter(({ money }) => money !== undefined);
  const other = others.find(({ money }) => money?.unit !== first?.money?.unit);
  if (first && other)
    throw invalid(`${other.path}.unit`, `must be '${first.money?.unit}', as in ${first.path}: '${other.money?.unit}'`);
}
