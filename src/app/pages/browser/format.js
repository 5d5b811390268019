/** How values are written for people, in the language of the browser. */

const currencies = new Set(Intl.supportedValuesOf('currency'));
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A decimal as it came: a number, or the text of one with more digits than numbers have. */
export const textOf = (decimal) => String(decimal?.rawJSON ?? decimal);

/** The sum of decimals, as they are written; exact. */
export function sumOf(texts) {
  const places = Math.max(0, ...texts.map((text) => (text.split('.')[1] ?? '').length));
  const sum = texts.reduce((whole, text) => {
    const [integer, fraction = ''] = text.split('.');
    return whole + BigInt(integer + fraction.padEnd(places, '0'));
  }, 0n);
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0');
  return `${sum < 0n ? '-' : ''}${digits.slice(0, digits.length - places)}${places > 0 ? `.${digits.slice(-places)}` : ''}`;
}

/** An amount in a currency, MB, minutes and so on. */
export function amount(value, units) {
  if (value === null || value === undefined) return '–';
  const minimumFractionDigits = currencies.has(units) ? 2 : 0;
  const format = new Intl.NumberFormat(undefined, { minimumFractionDigits, maximumFractionDigits: 9 });
  return `${format.format(textOf(value))} ${units}`;
}

/** A change of an amount, with its sign. */
export function delta(value) {
  const format = new Intl.NumberFormat(undefined, { signDisplay: 'exceptZero', maximumFractionDigits: 9 });
  return format.format(textOf(value));
}

export const quantity = (one) => (one ? amount(one.amount, one.units) : '–');
export const money = (one) => (one ? amount(one.value, one.unit) : '–');
export const moment = (text) => (text ? time.format(new Date(text)) : '–');
export const day = (text) => (text ? date.format(new Date(text)) : '–');

/** topupBalance → topup balance: words as TM Forum spells them, apart. */
export const words = (text) => (text ?? '').replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

export const number = (value) => new Intl.NumberFormat().format(textOf(value));

/** Seconds in the greatest unit of which there is one. */
export function lasting(seconds) {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ];
  const [unit, length] = units.find(([, one]) => seconds >= one) ?? units[3];
  const format = new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' });
  return format.format(Math.floor(seconds / length));
}
