import { localTime } from '../../../platform/calendar.js';
import { canonicalJson } from '../../../platform/json-object.js';
import type { Money } from '../../row.js';
import type { HoldPolicy, RateRow } from '../model.js';
import { currencyOf, netOf } from './prices.js';

/** Why a bill is to be held; undefined when it need not be held. */
export function reasonToHold(rates: readonly RateRow[], taxIncluded: Money, limits: HoldPolicy): string | undefined {
  const { totalMax } = limits;
  if (totalMax !== undefined && Math.abs(taxIncluded.value) > totalMax) {
    return `the total of ${taxIncluded.value} ${taxIncluded.unit} exceeds the limit of ${totalMax}`;
  }
  return repeated(rates, limits);
}

function repeated(rates: readonly RateRow[], { repeatedChargesMax, timeZone }: HoldPolicy): string | undefined {
  const counts = new Map<string, number>();
  for (const rate of rates) {
    // Credits, and what costs nothing, do no harm.
    const net = netOf(rate);
    if (rate.appliedBillingRateType === 'appliedBillingCredit' || net.isZero()) continue;
    const day = localTime(new Date(rate.date), timeZone).toISODate();
    const product = rate.product?.id ?? null;
    const name = rate.name ?? null;
    const alike = [product, name, rate.appliedBillingRateType, net.toString(), currencyOf(rate) ?? null, day];
    const key = canonicalJson(alike);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > repeatedChargesMax) {
      const what = product === null ? `'${name ?? 'a charge'}'` : `product '${product}'`;
      return `${what} is charged with the same amount more than ${repeatedChargesMax} times on ${String(day)}`;
    }
  }
  return undefined;
}
