import { Decimal as DecimalJs } from 'decimal.js';

/**
 * Exact decimals for amounts: 40 significant digits hold any sum of two values of 25 digits, and plain
 * notation is kept for everything a numeric(25, 9) column can hold.
 */
export const Decimal = DecimalJs.clone({ precision: 40, toExpNeg: -30, toExpPos: 30 });
export type Decimal = DecimalJs;

export const zero: Decimal = new Decimal(0);
