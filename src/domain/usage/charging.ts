import { Decimal } from '../../platform/decimal.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, missing } from '../input.js';
import type { Charge } from '../prepay-balance/index.js';
import { areConvertible, fromBase, toBase } from '../units.js';
import type { ChargeTo, UsageRow } from './model.js';

// What a usage consumes of a bucket, and what follows when that changes. Pure.

interface Amount {
  amount: Decimal;
  units: string;
}

/** Whose rating is there; billing comes after them. */
const chargeableStatuses: readonly string[] = ['rated', 'rerated', 'billed'];

/** The attributes of a usage that say what it consumes. */
type Chargeable = Partial<Pick<UsageRow, 'status' | 'chargeTo' | 'ratedProductUsage'>>;

/**
 * What chargeTo is to say: as it is asked for, with the amount that rating gives when none is asked for. An amount that
 * was rating's and is asked for as it was read stays rating's: a PATCH sends back what it does not change.
 */
export function chargeOf(usage: Chargeable, before: Chargeable = {}): ChargeTo | undefined {
  const asked = usage.chargeTo ?? undefined;
  if (asked === undefined) return undefined;
  if (!chargeableStatuses.includes(usage.status ?? '')) {
    throw invalid('chargeTo', `goes with a usage that is rated or rerated, not ${String(usage.status)}`);
  }
  if (asked.amount && !isRatings(asked, before)) return asked;
  const { amount, units } = requireRatedAmount(usage);
  return { ...asked, amount: { amount: amount.toNumber(), units } };
}

/** The lines of a file are moved by SQL, past the balance engine. */
export function requireUncharged({ chargeTo }: Chargeable): void {
  if (chargeTo)
    throw invalid('chargeTo', 'is not taken from files: charge the usage when it is there, with rateUsage or a PATCH');
}

function isRatings(asked: ChargeTo, before: Chargeable): boolean {
  const wanted = amountIn(asked);
  return [amountIn(before.chargeTo), ratedAmount(before)].every(
    (known) => known && wanted && known.units === wanted.units && known.amount.eq(wanted.amount),
  );
}

/** The tax-included amounts of its ratings. */
function amountsRated({ ratedProductUsage }: Chargeable): (Amount & { path: string })[] {
  return (ratedProductUsage ?? []).flatMap(({ taxIncludedRatingAmount }, index) => {
    if (!taxIncludedRatingAmount) return [];
    const { value, unit } = taxIncludedRatingAmount;
    return [{ amount: new Decimal(value), units: unit, path: `ratedProductUsage.${index}.taxIncludedRatingAmount` }];
  });
}

/** Their sum, where there is one. */
function ratedAmount(usage: Chargeable): Amount | undefined {
  const [first, ...others] = amountsRated(usage);
  if (first === undefined || others.some(({ units }) => units !== first.units)) return undefined;
  return { amount: others.reduce((sum, { amount }) => sum.plus(amount), first.amount), units: first.units };
}

function requireRatedAmount(usage: Chargeable): Amount {
  const amounts = amountsRated(usage);
  const [first] = amounts;
  if (first === undefined)
    throw missing('chargeTo.amount', 'no ratedProductUsage has a taxIncludedRatingAmount to take it from');
  const other = amounts.find(({ units }) => units !== first.units);
  if (other)
    throw invalid(
      `${other.path}.unit`,
      `is ${other.units}, that of ${first.path} ${first.units}: what is charged has one unit, unless chargeTo.amount says how much`,
    );
  const sum = ratedAmount(usage) as Amount;
  requireOpeningAmount(sum.amount, 'chargeTo.amount');
  return sum;
}

function amountIn(chargeTo: ChargeTo | null | undefined): Amount | undefined {
  const amount = chargeTo?.amount ?? undefined;
  return amount && { amount: new Decimal(amount.amount), units: amount.units };
}

interface Consumption {
  bucketId: string;
  amount: Amount;
}

type Move = Pick<Charge, 'type' | 'bucketId' | 'amount'>;

/** What leads from what was consumed to what is to be: what was too much goes back where it came from, before anything is taken. */
export function chargesBetween(before: Chargeable, after: UsageRow): Charge[] {
  const [was, is] = [consumed(before), consumed(after)];
  const whole = (type: Charge['type'], consumption: Consumption | undefined): Move[] =>
    consumption ? [{ type, ...consumption }] : [];
  const moves = (was && is && difference(was, is)) ?? [...whole('refund', was), ...whole('debit', is)];
  return moves.filter(({ amount }) => amount.amount.gt(0)).map((move) => ({ ...move, ...about(after) }));
}

function consumed({ chargeTo }: Chargeable): Consumption | undefined {
  const amount = amountIn(chargeTo);
  return chargeTo && amount ? { bucketId: chargeTo.bucket.id, amount } : undefined;
}

/** In one bucket only the difference moves; undefined where no exact amount expresses it. */
function difference(was: Consumption, { bucketId, amount: { amount, units } }: Consumption): Move[] | undefined {
  if (was.bucketId !== bucketId || !areConvertible(was.amount.units, units)) return undefined;
  const base = toBase(amount, units).minus(toBase(was.amount.amount, was.amount.units));
  const moved = fromBase(base.abs(), units);
  return moved && [{ type: base.isNegative() ? 'refund' : 'debit', bucketId, amount: { amount: moved, units } }];
}

/** What an adjustment records of the usage. */
function about({ id, usageType, externalId, source }: UsageRow): Pick<Charge, 'usageId' | 'usageType' | 'description'> {
  const origin = [externalId, source && `of source ${source}`].filter(Boolean).join(' ');
  return {
    usageId: id,
    usageType: usageType ?? 'other',
    description: `usage ${id}${externalId ? `, ${origin}` : ''}`,
  };
}
