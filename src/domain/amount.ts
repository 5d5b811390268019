import { Decimal } from '../platform/decimal.js';
import { DomainError } from '../platform/errors.js';

/** Digits that a JSON number (an IEEE double) carries exactly; more are refused, never rounded. */
export const significantDigitsMax = 15;
/** The columns keep nine decimals. */
export const decimalPlacesMax = 9;
export const amountMax = new Decimal('1e15');

/** Why a number cannot be an exact decimal of ours, or undefined when it can. */
export function decimalProblem(value: Decimal): string | undefined {
  if (!value.isFinite()) return 'is not a finite number';
  if (value.precision() > significantDigitsMax) return `has more than ${significantDigitsMax} significant digits`;
  return undefined;
}

/** Refuses an amount that no action may carry: zero, negative, too large or finer than the columns. */
export function requireAmount(value: Decimal, path: string): void {
  const problem = value.lte(0) ? 'must be greater than zero' : magnitudeProblem(value);
  if (problem) throw new DomainError('INVALID_ATTRIBUTE', `${path} ${problem}: ${value.toString()}`, { path });
}

/** An opening balance may also be zero. */
export function requireOpeningAmount(value: Decimal, path: string): void {
  const problem = value.lt(0) ? 'must not be negative' : magnitudeProblem(value);
  if (problem) throw new DomainError('INVALID_ATTRIBUTE', `${path} ${problem}: ${value.toString()}`, { path });
}

function magnitudeProblem(value: Decimal): string | undefined {
  if (value.gt(amountMax)) return `must not exceed ${amountMax.toFixed()}`;
  if (value.decimalPlaces() > decimalPlacesMax) return `must not have more than ${decimalPlacesMax} decimals`;
  return decimalProblem(value);
}

/**
 * Whether a balance whose amounts have up to `scale` decimals may reach this total. Below the bound
 * every part of the total, too, is a number of at most 15 significant digits.
 */
export function fitsBalance(total: Decimal, scale: number): boolean {
  return total.lte(Decimal.pow(10, significantDigitsMax - scale));
}
