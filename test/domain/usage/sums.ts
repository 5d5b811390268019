import { Decimal } from '../../../src/platform/decimal.js';

// What sums over usages mean, written down a second time and as plainly as can be.

export type Grouping = 'usageType' | 'status' | 'specification' | 'party' | 'day' | 'month';
const allGroupings: readonly Grouping[] = ['usageType', 'status', 'specification', 'party', 'day', 'month'];

/** A group; amounts are the texts of exact numbers. */
export type Sums = Record<Grouping, string | null> & {
  count: number;
  characteristicCount: number;
  characteristicSum: string | null;
  rated: {
    unit: string;
    count: number;
    taxExcludedRatingAmount: string | null;
    taxIncludedRatingAmount: string | null;
  }[];
};

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomUsage(next: () => number): any {
  const below = (end: number): number => Math.floor(next() * end);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const money = (unit: string): object | undefined =>
    pick([undefined, { value: below(1_000_000) / 10 ** below(7), unit }]);
  const rating = (unit: string): object => ({
    taxExcludedRatingAmount: money(unit),
    taxIncludedRatingAmount: money(unit),
  });
  return {
    usageSpecification: { id: pick(['spec-1', 'spec-2']) },
    usageType: pick(['voice', 'data', undefined]),
    status: pick(['received', 'guided', 'rerated']),
    usageDate: new Date(Date.UTC(2026, 2, 27) + below(6 * 24 * 60) * 60_000).toISOString(),
    relatedParty: pick([undefined, [], ['a'], ['b', 'a'], ['b', 'b']])?.map((id) => ({
      id,
      '@referredType': 'Individual',
    })),
    usageCharacteristic: pick([undefined, [], [1], ['2.5'], ['none'], [0.001, '10']])?.map((value) => ({
      name: 'volume',
      value,
    })),
    ratedProductUsage:
      below(7) === 0 ? undefined : Array.from({ length: below(4) }, () => rating(pick(['EUR', 'EUR', 'EUR', 'USD']))),
  };
}

/** The groups of usages in the order of their keys, absent ones last, by a clock in that zone. */
export function sumsOf(usages: readonly any[], groupBy: readonly Grouping[], zone: string): Sums[] {
  const groups = new Map<string, any[]>();
  if (groupBy.length === 0) groups.set('[]', []);
  for (const usage of usages) {
    for (const keys of keysOf(usage, groupBy, zone)) {
      const key = JSON.stringify(keys);
      groups.set(key, [...(groups.get(key) ?? []), usage]);
    }
  }
  return [...groups]
    .map(([key, members]): [(string | null)[], any[]] => [JSON.parse(key), members])
    .sort(([one], [other]) => inOrder(one, other))
    .map(([keys, members]) => ({ ...named(groupBy, keys), ...sums(members) }));
}

function inOrder(one: readonly (string | null)[], other: readonly (string | null)[]): number {
  const at = one.findIndex((key, index) => key !== other[index]);
  const [a, b] = [one[at], other[at]];
  if (at < 0) return 0;
  return a === null ? 1 : b === null ? -1 : (a as string) < (b as string) ? -1 : 1;
}

function named(groupBy: readonly Grouping[], keys: readonly (string | null)[]): Record<Grouping, string | null> {
  return Object.fromEntries(
    allGroupings.map((grouping) => [grouping, keys[groupBy.indexOf(grouping)] ?? null]),
  ) as Record<Grouping, string | null>;
}

function keysOf(usage: any, groupBy: readonly Grouping[], zone: string): (string | null)[][] {
  const day = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(new Date(usage.usageDate));
  const parties = [...new Set<string>((usage.relatedParty ?? []).map(({ id }: any) => id))];
  const values: Record<Grouping, (string | null)[]> = {
    usageType: [usage.usageType ?? null],
    status: [usage.status],
    specification: [usage.usageSpecification.id],
    party: parties.length > 0 ? parties : [null],
    day: [day],
    month: [day.slice(0, 7)],
  };
  return groupBy.reduce<(string | null)[][]>(
    (keys, grouping) => keys.flatMap((outer) => values[grouping].map((value) => [...outer, value])),
    [[]],
  );
}

function sums(usages: readonly any[]): Pick<Sums, 'count' | 'characteristicCount' | 'characteristicSum' | 'rated'> {
  const numbers = usages.map((usage) =>
    (usage.usageCharacteristic ?? [])
      .map(({ value }: any) => value)
      .filter((value: any) => /^[\d.]+$/.test(String(value))),
  );
  const amounts = usages.map((usage) =>
    (usage.ratedProductUsage ?? [])
      .flatMap((result: any) =>
        ['taxExcludedRatingAmount', 'taxIncludedRatingAmount'].map((name) => ({ name, ...result[name] })),
      )
      .filter(({ unit }: any) => unit !== undefined),
  );
  const units = [...new Set<string>(amounts.flat().map(({ unit }: any) => unit))].sort();
  const sumOf = (unit: string, name: string): string | null =>
    sum(
      amounts
        .flat()
        .filter((amount: any) => amount.unit === unit && amount.name === name)
        .map(({ value }: any) => value),
    );
  return {
    count: usages.length,
    characteristicCount: numbers.filter((values) => values.length > 0).length,
    characteristicSum: sum(numbers.flat()),
    rated: units.map((unit) => ({
      unit,
      count: amounts.filter((own) => own.some((amount: any) => amount.unit === unit)).length,
      taxExcludedRatingAmount: sumOf(unit, 'taxExcludedRatingAmount'),
      taxIncludedRatingAmount: sumOf(unit, 'taxIncludedRatingAmount'),
    })),
  };
}

function sum(values: readonly (number | string)[]): string | null {
  return values.length === 0
    ? null
    : values.reduce<Decimal>((total, value) => total.add(value), new Decimal(0)).toString();
}
