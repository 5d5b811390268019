import { localTime } from '../../../platform/calendar.js';
import type { Statements } from '../../../platform/database/database.js';
import { zero, type Decimal } from '../../../platform/decimal.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import type { WriteGuard } from '../../../platform/rights/guard.js';
import type { Write } from '../../../platform/write/write-all.js';
import { areConvertible, fromBase, toBase } from '../../units.js';
import type { BalanceCommand } from '../command/commands.js';
import { addToDay, takeOffDay, type DayAmount } from '../store/day-amount.store.js';

/** A request whose amounts may be bounded. */
interface Bounded {
  readonly commands: readonly BalanceCommand[];
  readonly guard?: WriteGuard;
}

/** An amount in the smallest units of its family, and the units that it was given in. */
interface Moved {
  readonly base: Decimal;
  readonly units: string;
}

/** What a request takes of the amount of a day. */
interface Taken extends DayAmount {
  /** That of the day may not exceed it. */
  readonly max: Decimal;
}

/**
 * Bounds of the policy on amounts, of one action and of a day. What a request takes of its day is written before anything else
 * is locked, so that no two transactions wait for each other, and given back when the request turns out not to move it.
 */
export class DayAmounts<Request extends Bounded> {
  private readonly refused = new Map<Request, DomainError>();
  private readonly taken = new Map<Request, Taken[]>();
  private readonly givenBack: Taken[] = [];

  private constructor(
    private readonly tenantId: string,
    private readonly day: string,
  ) {}

  static async take<Request extends Bounded>(
    tx: Statements,
    tenantId: string,
    requests: readonly Request[],
    { now, timeZone }: { readonly now: Date; readonly timeZone: string },
  ): Promise<DayAmounts<Request> | undefined> {
    const bounded = requests.filter(({ guard }) => guard?.bounds);
    if (bounded.length === 0) return undefined;
    const amounts = new DayAmounts<Request>(tenantId, localTime(now, timeZone).toISODate() ?? '');
    const wanted = bounded.flatMap((request) => amounts.wantedBy(request).map((taken) => ({ request, taken })));
    for (const { request, taken } of wanted.sort((one, other) => compare(keyOf(one.taken), keyOf(other.taken))))
      await amounts.takeOne(tx, request, taken);
    return amounts;
  }

  /** @throws DomainError FORBIDDEN when a bound does not allow the request */
  require(request: Request): void {
    const refusal = this.refused.get(request);
    if (refusal) throw refusal;
  }

  /** The request has moved nothing. */
  giveBack(request: Request): void {
    this.givenBack.push(...(this.taken.get(request) ?? []));
    this.taken.delete(request);
  }

  /** What is given back. */
  writes(): Write {
    if (this.givenBack.length === 0) return undefined;
    const sums = new Map<string, Taken>();
    for (const taken of this.givenBack) {
      const { amount = zero } = sums.get(keyOf(taken)) ?? {};
      sums.set(keyOf(taken), { ...taken, amount: taken.amount.plus(amount) });
    }
    return takeOffDay(this.tenantId, this.day, [...sums.values()]);
  }

  private wantedBy(request: Request): Taken[] {
    const { guard, commands } = request;
    const wanted: Taken[] = [];
    for (const command of commands) {
      if (guard === undefined) continue;
      for (const amount of amountsOf(command)) {
        const bound = guard.bounds?.find(({ units }) => areConvertible(units, amount.units));
        const refusal =
          notAtOnce(guard, command) ??
          (bound ? exceeded(guard, bound.perAction, bound.units, amount) : notIn(guard, amount.units));
        if (refusal) {
          this.refused.set(request, refusal);
          return [];
        }
        if (bound?.perDay)
          wanted.push({
            principal: guard.principal,
            operation: guard.operation,
            units: bound.units,
            amount: amount.base,
            max: toBase(bound.perDay, bound.units),
          });
      }
    }
    return wanted;
  }

  private async takeOne(tx: Statements, request: Request, taken: Taken): Promise<void> {
    if (this.refused.has(request)) return;
    const { operation, units } = taken;
    if (await addToDay(tx, this.tenantId, this.day, taken, taken.max)) {
      this.taken.set(request, [...(this.taken.get(request) ?? []), taken]);
      return;
    }
    this.giveBack(request);
    this.refused.set(
      request,
      new DomainError('FORBIDDEN', `${operation} would exceed what you may move in a day, counted in ${units}`, {
        path: 'amount',
      }),
    );
  }
}

/** What a command moves; a cost that is in other units, or not, beside the amount. */
function amountsOf(command: BalanceCommand): Moved[] {
  const amount = 'amount' in command ? command.amount : undefined;
  const cost = command.type === 'transfer' ? command.cost : undefined;
  if (amount && cost && areConvertible(amount.units, cost.units)) {
    const base = toBase(amount.amount, amount.units).plus(toBase(cost.amount, cost.units));
    return [{ base, units: amount.units }];
  }
  // All that is reserved, when it names none.
  if (command.type === 'commit' && amount === undefined) return [{ base: zero, units: '' }];
  return [amount, cost].flatMap((each) => (each ? [{ base: toBase(each.amount, each.units), units: each.units }] : []));
}

/** What moves amounts again and again, or one that somebody else has reserved, cannot be bounded when it is asked for. */
function notAtOnce({ operation }: WriteGuard, { type }: BalanceCommand): DomainError | undefined {
  if (type !== 'scheduled' && type !== 'commit') return undefined;
  const what = type === 'commit' ? 'the commit of a reservation' : 'what the server does later or again';
  return new DomainError('FORBIDDEN', `${operation} is granted within bounds, and not for ${what}`);
}

function exceeded(
  { operation }: WriteGuard,
  max: Decimal | undefined,
  units: string,
  { base, units: given }: Moved,
): DomainError | undefined {
  if (max === undefined || base.lte(toBase(max, units))) return undefined;
  return new DomainError(
    'FORBIDDEN',
    `${operation} is granted up to ${max.toFixed()} ${units}: ${fromBase(base, given)?.toFixed() ?? 'more than that in'} ${given}`,
    { path: 'amount' },
  );
}

function notIn({ operation }: WriteGuard, units: string): DomainError {
  return new DomainError('FORBIDDEN', `${operation} is not granted in '${abbreviated(units)}'`, {
    path: 'amount.units',
  });
}

function keyOf({ principal, operation, units }: Taken): string {
  return JSON.stringify([principal, operation, units]);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
