import { minorDigitsOf } from '../../domain/customer-bill/index.js';
import { localTime } from '../../platform/calendar.js';
import { Decimal } from '../../platform/decimal.js';
import type { Money as StoredMoney, TimePeriod } from '../../domain/row.js';

// How figures are printed. All of them are the exact decimals that are stored.

export interface Money {
  readonly value: Decimal;
  readonly unit: string;
}

/** An amount that is stored, as an exact decimal; undefined when there is none. */
export function moneyOf(stored: StoredMoney | null | undefined): Money | undefined {
  return stored ? { value: new Decimal(stored.value), unit: stored.unit } : undefined;
}

/** All digits there are, and at least those in which the currency is paid: 1,234.50; −0.125. */
export function amountText({ value, unit }: Money): string {
  const [whole = '', decimals] = value
    .abs()
    .toFixed(Math.max(value.decimalPlaces(), minorDigitsOf(unit)))
    .split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${value.isNegative() && !value.isZero() ? '−' : ''}${grouped}${decimals === undefined ? '' : `.${decimals}`}`;
}

/** An amount with its currency: 1,234.50 EUR. */
export function moneyText(money: Money): string {
  return `${amountText(money)} ${plainText(money.unit)}`;
}

/** 19 %. */
export function percentText(rate: number): string {
  return `${new Decimal(rate).toFixed()} %`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The day as the operator's calendar has it: 31 Mar 2026. */
export function dayText(at: string | null | undefined, zone: string): string | undefined {
  if (!at) return undefined;
  const { day, month, year } = localTime(new Date(at), zone);
  return `${day} ${months[month - 1]} ${year}`;
}

/** First and last day of a period; its end belongs to the next one. */
export function periodText(period: TimePeriod | null | undefined, zone: string): string | undefined {
  const { startDateTime, endDateTime } = period ?? {};
  const first = dayText(startDateTime, zone);
  const last = endDateTime ? dayText(new Date(new Date(endDateTime).getTime() - 1).toISOString(), zone) : undefined;
  if (first !== undefined && last !== undefined) return first === last ? first : `${first} – ${last}`;
  if (first !== undefined) return `from ${first}`;
  return last === undefined ? undefined : `until ${last}`;
}

/** Text as it may stand on a line: no line breaks, nothing invisible that turns or hides what follows. */
export function plainText(text: string | null | undefined): string {
  if (!text) return '';
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trim();
}
