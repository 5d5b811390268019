import { DECIMAL_PLACES_MAX } from './limits.js';
import type { Decimal } from '../platform/decimal.js';

/**
 * The conversions there are, each exact: how many bytes, or seconds, one of the units is. Any other unit is a
 * name that equals only itself.
 */
const families: readonly Readonly<Record<string, number>>[] = [
  {
    B: 1,
    kB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 1024,
    MiB: 1024 ** 2,
    GiB: 1024 ** 3,
    TiB: 1024 ** 4,
  },
  { s: 1, min: 60, h: 3600 },
];

const familyOf = new Map(families.flatMap((family) => Object.keys(family).map((units) => [units, family])));

/** Every unit that an amount in these units can be converted to, itself included. */
export function convertibleUnits(units: string): string[] {
  const family = familyOf.get(units);
  return family ? Object.keys(family) : [units];
}

/** Whether amounts in these units can be compared and added. */
export function areConvertible(one: string, other: string): boolean {
  return one === other || (familyOf.has(one) && familyOf.get(one) === familyOf.get(other));
}

/** The amount in the smallest units of its family, in which amounts of the family are compared and added. */
export function toBase(amount: Decimal, units: string): Decimal {
  return amount.times(factorOf(units));
}

/** The amount of these units that a base amount is; undefined when the columns could not hold it exactly. */
export function fromBase(base: Decimal, units: string): Decimal | undefined {
  const amount = base.div(factorOf(units));
  return amount.decimalPlaces() <= DECIMAL_PLACES_MAX ? amount : undefined;
}

/** For messages only: cut to what the columns hold. */
export function displayFromBase(base: Decimal, units: string): string {
  return base.div(factorOf(units)).toDecimalPlaces(DECIMAL_PLACES_MAX).toFixed();
}

function factorOf(units: string): number {
  return familyOf.get(units)?.[units] ?? 1;
}
