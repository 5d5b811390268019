// The figures of a bill, reckoned a second time: in fractions of whole numbers, which lose nothing.

interface Fraction {
  above: bigint;
  below: bigint;
}

const zero: Fraction = { above: 0n, below: 1n };

function fraction(value: number): Fraction {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', digits = ''] = mantissa.split('.');
  const power = Number(exponent) - digits.length;
  const above = BigInt(whole + digits);
  return power >= 0 ? { above: above * 10n ** BigInt(power), below: 1n } : { above, below: 10n ** BigInt(-power) };
}

const plus = (a: Fraction, b: Fraction): Fraction =>
  reduced({ above: a.above * b.below + b.above * a.below, below: a.below * b.below });
const times = (a: Fraction, b: Fraction): Fraction => reduced({ above: a.above * b.above, below: a.below * b.below });
const over = (a: Fraction, b: Fraction): Fraction => reduced({ above: a.above * b.below, below: a.below * b.above });

function reduced({ above, below }: Fraction): Fraction {
  let [a, b] = [above < 0n ? -above : above, below];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? zero : { above: above / a, below: below / a };
}

/** So many digits behind the point, the half away from zero. */
function rounded({ above, below }: Fraction, digits: number): Fraction {
  const scale = 10n ** BigInt(digits);
  const size = above < 0n ? -above : above;
  const whole = (2n * size * scale + below) / (2n * below);
  return { above: above < 0n ? -whole : whole, below: scale };
}

function toNumber({ above, below }: Fraction): number {
  const size = String(above < 0n ? -above : above).padStart(String(below).length, '0');
  const digits = String(below).length - 1;
  return Number(`${above < 0n ? '-' : ''}${size.slice(0, size.length - digits)}.${size.slice(size.length - digits)}`);
}

export interface LineInput {
  appliedBillingRateType?: string;
  taxExcludedAmount?: { value: number };
  taxIncludedAmount?: { value: number };
  appliedTax?: { taxCategory?: string; taxRate?: number; taxAmount?: { value: number } }[];
}

const digitsOf: Readonly<Record<string, number>> = { JPY: 0, KWD: 3, EUR: 2, USD: 2, points: 2, QQQ: 2 };

export interface Figures {
  excluded: number;
  included: number;
  /** By category and rate. */
  taxes: Record<string, number>;
}

/**
 * The rule. Net prices: all together, rounded once; each tax, by category and rate, on its net prices together, rounded once. Prices with tax: by the
 * percentages in them, all together, rounded once; each tax its part of that, rounded; the net amount what is left.
 */
export function expectedFigures(lines: readonly LineInput[], currency: string): Figures {
  const digits = digitsOf[currency];
  if (digits === undefined) throw new Error(`the oracle does not know ${currency}`);
  const isGross = ({ taxIncludedAmount }: LineInput): boolean => taxIncludedAmount !== undefined;
  const ofNet = netFigures(
    lines.filter((line) => !isGross(line)),
    digits,
  );
  const groups = new Map<string, LineInput[]>();
  for (const line of lines.filter(isGross)) {
    const key = JSON.stringify(
      (line.appliedTax ?? [])
        .filter(({ taxRate }) => taxRate !== undefined)
        .map(({ taxCategory, taxRate }) => [taxCategory, taxRate])
        .sort(),
    );
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const all = [ofNet, ...[...groups.values()].map((group) => grossFigures(group, digits))];
  const taxes = new Map<string, Fraction>();
  for (const { taxes: parts } of all) for (const [key, tax] of parts) taxes.set(key, plus(taxes.get(key) ?? zero, tax));
  const net = all.reduce((sum, part) => plus(sum, part.net), zero);
  return {
    excluded: toNumber(rounded(net, digits)),
    included: toNumber(rounded([...taxes.values()].reduce(plus, net), digits)),
    taxes: Object.fromEntries([...taxes].map(([key, tax]) => [key, toNumber(rounded(tax, digits))])),
  };
}

interface Part {
  net: Fraction;
  taxes: Map<string, Fraction>;
}

const signOf = ({ appliedBillingRateType }: LineInput): Fraction =>
  fraction(appliedBillingRateType === 'appliedBillingCredit' ? -1 : 1);
const nameOf = (taxCategory: string | undefined, taxRate: number | undefined): string =>
  `${taxCategory ?? ''} ${taxRate ?? ''}`;
const negative = (a: Fraction): Fraction => times(fraction(-1), a);

function netFigures(lines: readonly LineInput[], digits: number): Part {
  let net = zero;
  const taxes = new Map<string, Fraction>();
  for (const line of lines) {
    const amount = times(signOf(line), fraction(line.taxExcludedAmount?.value ?? 0));
    net = plus(net, amount);
    for (const { taxCategory, taxRate, taxAmount } of line.appliedTax ?? []) {
      const tax =
        taxRate === undefined
          ? times(signOf(line), fraction(taxAmount?.value ?? 0))
          : times(amount, over(fraction(taxRate), fraction(100)));
      const key = nameOf(taxCategory, taxRate);
      taxes.set(key, plus(taxes.get(key) ?? zero, tax));
    }
  }
  return { net: rounded(net, digits), taxes: new Map([...taxes].map(([key, tax]) => [key, rounded(tax, digits)])) };
}

function grossFigures(lines: readonly LineInput[], digits: number): Part {
  const taxes = new Map<string, Fraction>();
  const fixed = new Map<string, Fraction>();
  let gross = zero;
  for (const line of lines) {
    const sign = signOf(line);
    const [excluded, included] = [line.taxExcludedAmount, line.taxIncludedAmount];
    gross = plus(gross, times(sign, fraction(included?.value ?? 0)));
    const applied = line.appliedTax ?? [];
    const between =
      applied.length === 0 && excluded
        ? [{ taxCategory: undefined, tax: plus(fraction(included?.value ?? 0), negative(fraction(excluded.value))) }]
        : [];
    const told = applied.flatMap(({ taxCategory, taxRate, taxAmount }) =>
      taxRate === undefined ? [{ taxCategory, tax: fraction(taxAmount?.value ?? 0) }] : [],
    );
    for (const { taxCategory, tax } of [...told, ...between.filter((one) => one.tax.above !== 0n)]) {
      const key = nameOf(taxCategory, undefined);
      fixed.set(key, plus(fixed.get(key) ?? zero, times(sign, tax)));
    }
  }
  let taxed = rounded(gross, digits);
  for (const [key, tax] of fixed) {
    taxes.set(key, rounded(tax, digits));
    taxed = plus(taxed, negative(rounded(tax, digits)));
  }
  const percents = (lines[0]?.appliedTax ?? []).flatMap(({ taxCategory, taxRate }) =>
    taxRate === undefined ? [] : [{ key: nameOf(taxCategory, taxRate), percent: fraction(taxRate) }],
  );
  const whole = percents.reduce((sum, { percent }) => plus(sum, percent), fraction(100));
  let net = taxed;
  for (const key of new Set(percents.map((one) => one.key))) {
    const percent = percents.filter((one) => one.key === key).reduce((sum, one) => plus(sum, one.percent), zero);
    const tax = rounded(over(times(taxed, percent), whole), digits);
    taxes.set(key, plus(taxes.get(key) ?? zero, tax));
    net = plus(net, negative(tax));
  }
  return { net, taxes };
}

/** What was agreed, exactly: prices with tax as they are, net prices with their taxes. In units of the currency. */
export function agreed(lines: readonly LineInput[]): Fraction {
  return lines.reduce((sum, line) => {
    if (line.taxIncludedAmount) return plus(sum, times(signOf(line), fraction(line.taxIncludedAmount.value)));
    const net = fraction(line.taxExcludedAmount?.value ?? 0);
    const taxes = (line.appliedTax ?? []).map(({ taxRate, taxAmount }) =>
      taxRate === undefined ? fraction(taxAmount?.value ?? 0) : times(net, over(fraction(taxRate), fraction(100))),
    );
    return plus(sum, times(signOf(line), taxes.reduce(plus, net)));
  }, zero);
}

/** By how many halves of the smallest coin a bill misses what was agreed, rounded up to whole halves. */
export function halvesMissed(lines: readonly LineInput[], currency: string, billed: number): bigint {
  const difference = plus(fraction(billed), negative(agreed(lines)));
  const halves = times(difference, fraction(2 * 10 ** (digitsOf[currency] ?? 2)));
  const size = halves.above < 0n ? -halves.above : halves.above;
  return (size + halves.below - 1n) / halves.below;
}

/** The figures that a bill has, in the same form. */
export function figuresOf(bill: any): Figures {
  const taxes = (bill.taxItem ?? []).map(({ taxCategory, taxRate, taxAmount }: any) => [
    `${taxCategory ?? ''} ${taxRate ?? ''}`,
    taxAmount.value,
  ]);
  return {
    excluded: bill.taxExcludedAmount.value,
    included: bill.taxIncludedAmount.value,
    taxes: Object.fromEntries(taxes),
  };
}
