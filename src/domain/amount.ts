import { Decimal } from '../platform/decimal.js';
import { DomainError } from '../platform/errors.js';
import { AMOUNT_MAX, DECIMAL_PLACES_MAX, SIGNIFICANT_DIGITS_MAX } from './limits.js';

/** Why a number cannot be an exact decimal of ours, or undefined when it can. */
export function decimalProblem(value: Decimal): string | undefined {
  if (!value.isFinite()) return 'is not a finite number';
  if (value.precision() > SIGNIFICANT_DIGITS_MAX)
    return `has more significant digits than the limit SIGNIFICANT_DIGITS_MAX of ${SIGNIFICANT_DIGITS_MAX}`;
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
  if (value.gt(AMOUNT_MAX)) return `must not exceed the limit AMOUNT_MAX of ${AMOUNT_MAX.toFixed()}`;
  if (value.decimalPlaces() > DECIMAL_PLACES_MAX)
    return `must not have more decimals than the limit DECIMAL_PLACES_MAX of ${DECIMAL_PLACES_MAX}`;
  return decimalProblem(value);
}

/**
 * Whether a balance whose amounts have up to `scale` decimals may reach this total. Below the bound
 * every part of the total, too, is a number of at most 15 significant digits.
 */
export function fitsBalance(total: Decimal, scale: number): boolean {
  return total.lte(Decimal.pow(10, SIGNIFICANT_DIGITS_MAX - scale));
}
