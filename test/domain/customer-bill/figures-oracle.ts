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

const plus = (a: Fraction, b: Fraction): Fraction => reduced({ above: a.above * b.below + b.above * a.below, below: a.below * b.below });
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

/** The rule: all net amounts together, rounded once; each tax, by category and rate, on what it is levied on together, rounded once. */
export function expectedFigures(lines: readonly LineInput[], currency: string): Figures {
  const digits = digitsOf[currency];
  if (digits === undefined) throw new Error(`the oracle does not know ${currency}`);
  let net = zero;
  const taxes = new Map<string, Fraction>();
  const add = (key: string, tax: Fraction): void => void taxes.set(key, plus(taxes.get(key) ?? zero, tax));
  for (const line of lines) {
    const sign = fraction(line.appliedBillingRateType === 'appliedBillingCredit' ? -1 : 1);
    const amount = times(sign, netOf(line));
    net = plus(net, amount);
    const applied = line.appliedTax ?? [];
    for (const { taxCategory, taxRate, taxAmount } of applied) {
      const tax = taxRate === undefined ? times(sign, fraction(taxAmount?.value ?? 0)) : times(amount, over(fraction(taxRate), fraction(100)));
      add(`${taxCategory ?? ''} ${taxRate ?? ''}`, tax);
    }
    const [excluded, included] = [line.taxExcludedAmount, line.taxIncludedAmount];
    if (applied.length === 0 && excluded && included && excluded.value !== included.value) {
      add(' ', times(sign, plus(fraction(included.value), times(fraction(-1), fraction(excluded.value)))));
    }
  }
  const total = [...taxes.values()].reduce((sum, tax) => plus(sum, rounded(tax, digits)), rounded(net, digits));
  return {
    excluded: toNumber(rounded(net, digits)),
    included: toNumber(rounded(total, digits)),
    taxes: Object.fromEntries([...taxes].map(([key, tax]) => [key, toNumber(rounded(tax, digits))])),
  };
}

function netOf({ taxExcludedAmount, taxIncludedAmount, appliedTax = [] }: LineInput): Fraction {
  if (taxExcludedAmount) return fraction(taxExcludedAmount.value);
  const percent = appliedTax.reduce((sum, { taxRate }) => plus(sum, fraction(taxRate ?? 0)), zero);
  const fixed = appliedTax.reduce((sum, { taxRate, taxAmount }) => plus(sum, fraction(taxRate === undefined ? (taxAmount?.value ?? 0) : 0)), zero);
  const before = plus(fraction(taxIncludedAmount?.value ?? 0), times(fraction(-1), fixed));
  return over(before, plus(fraction(1), over(percent, fraction(100))));
}

/** The figures that a bill has, in the same form. */
export function figuresOf(bill: any): Figures {
  const taxes = (bill.taxItem ?? []).map(({ taxCategory, taxRate, taxAmount }: any) => [`${taxCategory ?? ''} ${taxRate ?? ''}`, taxAmount.value]);
  return { excluded: bill.taxExcludedAmount.value, included: bill.taxIncludedAmount.value, taxes: Object.fromEntries(taxes) };
}
