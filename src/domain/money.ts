import type { Decimal } from '../platform/decimal.js';
import { requireOpeningAmount } from './amount.js';
import { requireName } from './input.js';

/** An amount of money as an input gives it (TMF Money): the currency is its unit. */
export interface MoneyInput {
  value: Decimal;
  unit: string;
}

/** Refuses money without a currency, negative money, and more of it or finer than the columns keep. */
export function requireMoney(path: string, { value, unit }: MoneyInput): void {
  requireName(`${path}.unit`, unit);
  requireOpeningAmount(value, `${path}.value`);
}
