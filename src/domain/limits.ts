/** Limits that several domains share; one that a single domain has is at the top of the file that refuses. */
import { Decimal } from '../platform/decimal.js';

/** Digits that a JSON number (an IEEE double) carries exactly; more are refused, never rounded. */
export const SIGNIFICANT_DIGITS_MAX = 15;
/** Decimals that the columns of amounts keep. */
export const DECIMAL_PLACES_MAX = 9;
export const AMOUNT_MAX = new Decimal('1e15');
/** Characters of names that are indexed: units, usage types, ids. */
export const NAME_LENGTH_MAX = 255;
