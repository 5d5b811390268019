import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import type { Transport } from './transports.js';

// A simple model of balances: sums, and a list of what will be due. And the commands that drive it and the server.

export const bucketCount = 4;
export const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;

/** What is asked of the server; buckets, reservations, recurring top-ups and actions by their number, in the order they were made. */
export type Command = { door: Transport } & (
  | { type: 'topup' | 'credit' | 'debit'; bucket: number; amount: string }
  | { type: 'extend'; bucket: number; amount: string; hours: number }
  | { type: 'reserve'; bucket: number; amount: string; hours: number | undefined }
  | { type: 'drawDebit' | 'drawReserve'; amount: string }
  | { type: 'commit'; reservation: number; amount: string | undefined }
  | { type: 'release'; reservation: number }
  | {
      type: 'transfer';
      from: number | undefined;
      to: number;
      amount: string;
      cost: string | undefined;
      costOwner: 'originator' | 'receiver';
    }
  | { type: 'recurring'; bucket: number; amount: string; hours: number; periods: number }
  | { type: 'endRecurring'; recurring: number }
  | { type: 'reverse'; action: number }
  | { type: 'status'; bucket: number; status: 'active' | 'suspended' }
  | { type: 'wait'; hours: number }
);

const door = fc.constantFrom<Transport>('rest', 'graphql');
const amount = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map(String),
  fc.integer({ min: 1, max: 900 }).map((cents) => new Decimal(cents).div(100).toFixed()),
  fc.constantFrom('0.1', '0.2', '0.000000001', '2.999999999'),
);
const bucket = fc.nat({ max: bucketCount - 1 });
const made = fc.nat({ max: 8 });
const hours = fc.integer({ min: 1, max: 400 });
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const is = <T extends string>(...types: T[]): fc.Arbitrary<T> => fc.constantFrom(...types);

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: is('topup', 'credit', 'debit'), door, bucket, amount }) },
  { weight: 1, arbitrary: fc.record({ type: is('extend'), door, bucket, amount, hours }) },
  { weight: 2, arbitrary: fc.record({ type: is('reserve'), door, bucket, amount, hours: optional(hours) }) },
  { weight: 3, arbitrary: fc.record({ type: is('drawDebit', 'drawReserve'), door, amount }) },
  { weight: 3, arbitrary: fc.record({ type: is('commit'), door, reservation: made, amount: optional(amount) }) },
  { weight: 2, arbitrary: fc.record({ type: is('release'), door, reservation: made }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: is('transfer'),
      door,
      from: optional(bucket),
      to: bucket,
      amount,
      cost: optional(amount),
      costOwner: is('originator', 'receiver'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: is('recurring'),
      door,
      bucket,
      amount,
      hours: fc.nat({ max: 300 }),
      periods: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: is('endRecurring'), door, recurring: made }) },
  { weight: 2, arbitrary: fc.record({ type: is('reverse'), door, action: made }) },
  { weight: 1, arbitrary: fc.record({ type: is('status'), door, bucket, status: is('active', 'suspended') }) },
  { weight: 3, arbitrary: fc.record({ type: is('wait'), door, hours }) },
);

/** Parts that run one after the other; the commands of a concurrent part run at once. */
export const sequence = fc.array(
  fc.record({
    isConcurrent: fc.constantFrom(false, false, true),
    commands: fc.array(command, { minLength: 1, maxLength: 20, size: 'max' }),
  }),
  { minLength: 2, maxLength: 5, size: 'max' },
);

export interface Share {
  bucket: number;
  amount: Decimal;
}

interface ModelBucket {
  remaining: Decimal;
  reserved: Decimal;
  status: string;
  validUntil: number | undefined;
}

export interface Reservation {
  isLive: boolean;
  holds: Share[];
  dueAt: number | undefined;
}

export interface RecurringTopup {
  bucket: number;
  amount: string;
  dueAt: number;
  left: number;
  status: string;
}

/** A completed action: what it added to each bucket. */
export interface Action {
  status: string;
  effects: Share[];
}

export class Model {
  buckets: ModelBucket[] = [];
  reservations: Reservation[] = [];
  recurring: RecurringTopup[] = [];
  actions: Action[] = [];

  constructor(public now: number) {}

  /** Does a command, and answers the refusal's code or undefined. */
  apply(asked: Command): string | undefined {
    switch (asked.type) {
      case 'wait':
        this.now += asked.hours * hourMs;
        this.settle();
        return undefined;
      case 'status': {
        const state = this.at(asked.bucket);
        if (state.status === 'expired') return 'CONFLICT';
        state.status = asked.status;
        this.settle();
        return undefined;
      }
      case 'topup':
      case 'credit':
        return this.unusable(asked.bucket) ?? this.did([{ bucket: asked.bucket, amount: new Decimal(asked.amount) }]);
      case 'extend':
        return this.extend(asked.bucket, asked.amount, this.now + asked.hours * hourMs);
      case 'debit':
        return this.unusable(asked.bucket) ?? this.debit([asked.bucket], asked.amount);
      case 'drawDebit':
        return this.debit(this.usable(), asked.amount);
      case 'reserve':
        return this.unusable(asked.bucket) ?? this.reserve([asked.bucket], asked.amount, asked.hours);
      case 'drawReserve':
        return this.reserve(this.usable(), asked.amount, undefined);
      case 'commit':
        return this.end(asked.reservation, asked.amount, true);
      case 'release':
        return this.end(asked.reservation, '0', false);
      case 'transfer':
        return this.transfer(asked);
      case 'recurring':
        // Due at once is done at once.
        this.recurring.push({
          bucket: asked.bucket,
          amount: asked.amount,
          dueAt: this.now + asked.hours * hourMs,
          left: asked.periods,
          status: 'created',
        });
        this.settle();
        return undefined;
      case 'endRecurring': {
        const found = this.recurring[asked.recurring];
        if (found?.status === 'completed') return 'CONFLICT';
        if (found) found.status = 'cancelled';
        return undefined;
      }
      case 'reverse':
        return this.reverse(this.actions[asked.action]);
    }
  }

  private at(index: number): ModelBucket {
    return this.buckets[index] as ModelBucket;
  }

  private unusable(index: number, now = this.now): string | undefined {
    const { status, validUntil } = this.at(index);
    if (status === 'suspended') return 'BUCKET_SUSPENDED';
    return status === 'expired' || (validUntil !== undefined && validUntil <= now) ? 'BUCKET_EXPIRED' : undefined;
  }

  private usable(): number[] {
    return this.buckets.flatMap((_, index) => (this.unusable(index) ? [] : [index]));
  }

  /** An action was applied: its effects count. */
  private did(effects: Share[]): undefined {
    for (const { bucket: index, amount: value } of effects)
      this.at(index).remaining = this.at(index).remaining.plus(value);
    this.actions.push({ status: 'completed', effects });
    return undefined;
  }

  private extend(index: number, text: string, until: number): string | undefined {
    const state = this.at(index);
    if (state.status === 'suspended') return 'BUCKET_SUSPENDED';
    if (state.validUntil !== undefined && state.validUntil < until) state.validUntil = until;
    state.status = 'active';
    return this.did([{ bucket: index, amount: new Decimal(text) }]);
  }

  /** What is taken from each, in burn order; all of it or nothing. */
  private draw(from: readonly number[], text: string): Share[] | string {
    let missing = new Decimal(text);
    if (from.length === 0) return 'BUCKET_UNKNOWN';
    if (from.reduce((sum, index) => sum.plus(this.at(index).remaining), new Decimal(0)).lt(missing))
      return 'INSUFFICIENT_REMAINING';
    const shares: Share[] = [];
    for (const index of from) {
      const share = Decimal.min(missing, this.at(index).remaining);
      if (share.gt(0)) shares.push({ bucket: index, amount: share });
      missing = missing.minus(share);
    }
    return shares;
  }

  private debit(from: readonly number[], text: string): string | undefined {
    const shares = this.draw(from, text);
    return typeof shares === 'string' ? shares : this.did(shares.map(negated));
  }

  private reserve(from: readonly number[], text: string, lifetime: number | undefined): string | undefined {
    const holds = this.draw(from, text);
    if (typeof holds === 'string') return holds;
    for (const { bucket: index, amount: held } of holds) {
      this.at(index).remaining = this.at(index).remaining.minus(held);
      this.at(index).reserved = this.at(index).reserved.plus(held);
    }
    this.reservations.push({ isLive: true, holds, dueAt: lifetime && this.now + lifetime * hourMs });
    return undefined;
  }

  private transfer({
    from,
    to,
    amount: text,
    cost,
    costOwner,
  }: Extract<Command, { type: 'transfer' }>): string | undefined {
    if (from === to) return 'INVALID_ATTRIBUTE';
    const unusable = this.unusable(to) ?? (from === undefined ? undefined : this.unusable(from));
    if (unusable) return unusable;
    const sources = from === undefined ? this.usable().filter((index) => index !== to) : [from];
    const effects = [{ bucket: to, amount: new Decimal(text) }];
    const isPaidByReceiver = cost !== undefined && costOwner === 'receiver';
    const shares = this.draw(sources, text);
    if (typeof shares === 'string') return shares;
    if (isPaidByReceiver && this.at(to).remaining.plus(text).lt(cost)) return 'INSUFFICIENT_REMAINING';
    if (isPaidByReceiver) effects.push({ bucket: to, amount: new Decimal(cost).negated() });
    // What the originator pays in all burns in the same order.
    const all =
      cost === undefined || isPaidByReceiver ? shares : this.draw(sources, new Decimal(text).plus(cost).toFixed());
    return typeof all === 'string' ? all : this.did([...all.map(negated), ...effects]);
  }

  /** Consumes the amount (all when undefined) and gives the rest back. */
  private end(number: number, text: string | undefined, isCommit: boolean): string | undefined {
    const ended = this.reservations[number];
    if (ended === undefined) return undefined;
    if (!ended.isLive) return 'RESERVATION_NOT_LIVE';
    const held = ended.holds.reduce((sum, hold) => sum.plus(hold.amount), new Decimal(0));
    let missing = new Decimal(text ?? held);
    if (missing.gt(held)) return 'COMMIT_ABOVE_RESERVED';
    const effects: Share[] = [];
    for (const hold of ended.holds) {
      const consumed = Decimal.min(missing, hold.amount);
      const state = this.at(hold.bucket);
      state.reserved = state.reserved.minus(hold.amount);
      state.remaining = state.remaining.plus(hold.amount).minus(consumed);
      if (consumed.gt(0)) effects.push({ bucket: hold.bucket, amount: consumed.negated() });
      missing = missing.minus(consumed);
    }
    ended.isLive = false;
    if (isCommit) this.actions.push({ status: 'completed', effects });
    return undefined;
  }

  private reverse(action: Action | undefined): string | undefined {
    if (action === undefined || action.status === 'cancelled') return undefined;
    const nets = new Map<number, Decimal>();
    for (const { bucket: index, amount: value } of action.effects)
      nets.set(index, (nets.get(index) ?? new Decimal(0)).plus(value));
    if ([...nets.values()].every((net) => net.isZero())) return 'CONFLICT';
    for (const [index, net] of nets) if (this.at(index).remaining.lt(net)) return 'INSUFFICIENT_REMAINING';
    for (const [index, net] of nets) this.at(index).remaining = this.at(index).remaining.minus(net);
    action.status = 'cancelled';
    return undefined;
  }

  /** What is due happens in its order. */
  private settle(): void {
    for (;;) {
      const due = [
        ...this.buckets.map((state) => ({
          at: state.status === 'active' ? state.validUntil : undefined,
          act: () => void (state.status = 'expired'),
        })),
        ...this.reservations.map(({ isLive, dueAt }, number) => ({
          at: isLive ? dueAt : undefined,
          act: () => void this.end(number, '0', false),
        })),
        ...this.recurring.map((one) => ({
          at: one.status === 'created' ? one.dueAt : undefined,
          act: () => this.period(one),
        })),
      ].filter(({ at }) => at !== undefined && at <= this.now) as { at: number; act: () => void }[];
      if (due.length === 0) return;
      due.reduce((first, one) => (one.at < first.at ? one : first)).act();
    }
  }

  private period(recurring: RecurringTopup): void {
    const state = this.at(recurring.bucket);
    if (!this.unusable(recurring.bucket, recurring.dueAt)) state.remaining = state.remaining.plus(recurring.amount);
    recurring.dueAt += weekMs;
    recurring.left -= 1;
    if (recurring.left === 0) recurring.status = 'completed';
  }
}

const negated = ({ bucket: index, amount: value }: Share): Share => ({ bucket: index, amount: value.negated() });
