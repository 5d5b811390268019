import type { Decimal } from '../platform/decimal.js';
import { requireOpeningAmount } from './amount.js';
import { requireName } from './input.js';

/** TMF Money: the currency is its unit. */
export interface Money {
  value: Decimal;
  unit: string;
}

/** Refuses money without a currency, negative money, and more of it or finer than the columns keep. */
export function requireMoney(path: string, { value, unit }: Money): void {
  requireName(`${path}.unit`, unit);
  requireOpeningAmount(value, `${path}.value`);
}
