import { Decimal } from '../../platform/decimal.js';
import type { JsonObject } from '../../platform/json-object.js';
import { requireOpeningAmount } from '../amount.js';
import { invalid, missing } from '../input.js';
import type { Charge } from '../prepay-balance/index.js';
import { areConvertible, fromBase, toBase } from '../units.js';

// What a usage consumes of a bucket, and what follows when that changes. Pure.

interface Amount {
  amount: Decimal;
  units: string;
}

/** Whose rating is there; billing comes after them. */
const chargeableStatuses: readonly unknown[] = ['rated', 'rerated', 'billed'];

/**
 * What chargeTo is to say: as it is asked for, with the amount that rating gives when none is asked for. An amount that
 * was rating's and is asked for as it was read stays rating's: a PATCH sends back what it does not change.
 */
export function chargeOf(usage: JsonObject, before: JsonObject = {}): JsonObject | undefined {
  const asked = usage['chargeTo'] as JsonObject | undefined;
  if (asked === undefined) return undefined;
  if (!chargeableStatuses.includes(usage['status'])) {
    throw invalid('chargeTo', `goes with a usage that is rated or rerated, not ${String(usage['status'])}`);
  }
  if (asked['amount'] && !isRatings(asked, before)) return asked;
  const { amount, units } = requireRatedAmount(usage);
  return { ...asked, amount: { amount: amount.toNumber(), units } };
}

/** The lines of a file are moved by SQL, past the balance engine. */
export function requireUncharged({ chargeTo }: JsonObject): void {
  if (chargeTo)
    throw invalid('chargeTo', 'is not taken from files: charge the usage when it is there, with rateUsage or a PATCH');
}

function isRatings(asked: JsonObject, before: JsonObject): boolean {
  const wanted = amountIn(asked);
  return [amountIn(before['chargeTo']), ratedAmount(before)].every((known) => known && wanted && isSame(known, wanted));
}

function isSame(one: Amount, other: Amount): boolean {
  return one.units === other.units && one.amount.eq(other.amount);
}

/** The tax-included amounts of its ratings. */
function amountsRated(usage: JsonObject): (Amount & { path: string })[] {
  const ratings = (usage['ratedProductUsage'] ?? []) as JsonObject[];
  return ratings.flatMap(({ taxIncludedRatingAmount }, index) => {
    if (!taxIncludedRatingAmount) return [];
    const { value, unit } = taxIncludedRatingAmount as { value: number; unit: string };
    return [{ amount: new Decimal(value), units: unit, path: `ratedProductUsage.${index}.taxIncludedRatingAmount` }];
  });
}

/** Their sum, where there is one. */
function ratedAmount(usage: JsonObject): Amount | undefined {
  const [first, ...others] = amountsRated(usage);
  if (first === undefined || others.some(({ units }) => units !== first.units)) return undefined;
  return { amount: others.reduce((sum, { amount }) => sum.plus(amount), first.amount), units: first.units };
}

function requireRatedAmount(usage: JsonObject): Amount {
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

function amountIn(chargeTo: JsonObject[string] | undefined): Amount | undefined {
  const { amount } = (chargeTo ?? {}) as { amount?: { amount: number; units: string } };
  return amount && { amount: new Decimal(amount.amount), units: amount.units };
}

interface Consumption {
  bucketId: string;
  amount: Amount;
}

type Move = Pick<Charge, 'type' | 'bucketId' | 'amount'>;

/** What leads from what was consumed to what is to be: what was too much goes back where it came from, before anything is taken. */
export function chargesBetween(before: JsonObject, after: JsonObject): Charge[] {
  const [was, is] = [consumed(before), consumed(after)];
  const whole = (type: Charge['type'], consumption: Consumption | undefined): Move[] =>
    consumption ? [{ type, ...consumption }] : [];
  const moves = (was && is && difference(was, is)) ?? [...whole('refund', was), ...whole('debit', is)];
  return moves.filter(({ amount }) => amount.amount.gt(0)).map((move) => ({ ...move, ...about(after) }));
}

function consumed({ chargeTo }: JsonObject): Consumption | undefined {
  const amount = amountIn(chargeTo);
  return amount && { bucketId: String(((chargeTo as JsonObject)['bucket'] as JsonObject)['id']), amount };
}

/** In one bucket only the difference moves; undefined where there is none that could be told exactly. */
function difference(was: Consumption, { bucketId, amount: { amount, units } }: Consumption): Move[] | undefined {
  if (was.bucketId !== bucketId || !areConvertible(was.amount.units, units)) return undefined;
  const base = toBase(amount, units).minus(toBase(was.amount.amount, was.amount.units));
  const moved = fromBase(base.abs(), units);
  return moved && [{ type: base.isNegative() ? 'refund' : 'debit', bucketId, amount: { amount: moved, units } }];
}

/** What an adjustment says of the usage. */
function about({
  id,
  usageType,
  externalId,
  source,
}: JsonObject): Pick<Charge, 'usageId' | 'usageType' | 'description'> {
  const origin = [externalId, source && `of source ${String(source)}`].filter(Boolean).join(' ');
  return {
    usageId: String(id),
    usageType: String(usageType ?? 'other'),
    description: `usage ${String(id)}${externalId ? `, ${origin}` : ''}`,
  };
}
