import { DomainError } from '../../platform/errors.js';
import { toPlainObject, withoutNulls, type Plain, type PlainValue } from '../../platform/plain.js';
import type { Outcome } from '../../platform/write/idempotency.js';
import { changed } from '../changes.js';
import { invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import type { BalanceTools } from './apply.js';
import type { Batch } from './batch.js';
import {
  amountOf,
  endEvents,
  eventsOf,
  latest,
  lowered,
  newAction,
  nextVersion,
  postAll,
  refusedAction,
  requireAction,
  whereTo,
  type Mover,
  type Posting,
} from './bookkeeping.js';
import { applyPayment, awaitPayment } from './awaited-actions.js';
import {
  actionKindOf,
  type BalanceCommand,
  type CancelCommand,
  type CommitCommand,
  type CreateCommand,
} from './commands.js';
import { isLive, type Refusal } from './refusals.js';
import { decide } from './rules.js';
import { isRefusal, type Ruling, type Situation } from './ruling.js';
import { begin, firstDueDate, refill, stop } from './scheduled-topups.js';
import type { ActionState, BucketState } from './state.js';
import { actionTransitions } from './transitions.js';
import type { World } from './world.js';

/** Applies commands to the locked world, one after the other, and gathers what is to be written. */
export class Applier {
  constructor(
    readonly tools: BalanceTools,
    readonly world: World,
    readonly batch: Batch,
  ) {}

  /** A command of a client: its answer, or its refusal. */
  apply(command: BalanceCommand): Outcome {
    if (command.type === 'cancel') return { answer: this.cancel(command) };
    if (command.type === 'payment') return applyPayment(this, command);
    const situation = this.situationOf(command);
    checkDates(command, situation.now);
    if (command.type === 'commit') checkBucket(command, situation.action);
    if ('awaitsPayment' in command && command.awaitsPayment) return awaitPayment(this, command, situation);
    const verdict = decide(command, situation);
    if (isRefusal(verdict)) return this.refuse(command, verdict, situation);
    const row = this.create(command, verdict, situation.now);
    return { answer: command.type === 'scheduled' ? begin(this, command, row, situation.now) : row };
  }

  /** What a command is decided on: at present, or at the instant that it was due, though not before what its buckets have seen since. */
  situationOf(command: CreateCommand | CancelCommand, dueAt?: Date): Situation {
    const action = 'actionId' in command ? this.world.actions.get(command.actionId) : undefined;
    const candidates =
      'locator' in command ? this.world.found(command.locator) : action ? this.world.bucketsOf(action) : [];
    const receivers = command.type === 'transfer' ? this.world.found(command.receiver) : [];
    return {
      action,
      candidates,
      receivers,
      now: dueAt ? latest(dueAt, [...candidates, ...receivers], this.world.now) : this.world.now,
    };
  }

  /** Keeps a new action with what the ruling does. `known` are attributes that the server knows of it. */
  create(command: CreateCommand, ruling: Ruling, now: Date, known: Plain = {}): Plain {
    const kind = actionKindOf[command.type];
    const id = this.tools.nextId(now);
    const posting = this.post(ruling, { kind, id }, now);
    const endsLater = command.type === 'reserve' || command.type === 'scheduled';
    const set: Plain = {
      status: endsLater ? 'created' : 'completed',
      usageType: command.usageType ?? ruling.ends?.action.usageType ?? posting.buckets[0]?.usageType ?? null,
      confirmationDate: command.type === 'scheduled' ? null : now.toISOString(),
      nextDueDate: firstDueOf(command, now)?.toISOString() ?? null,
      impactedBucket: command.type === 'scheduled' ? null : posting.impactedBucket,
      ...whereTo(command, ruling, posting),
      ...known,
    };
    const row = newAction(id, command, amountOf(command, ruling), set, now);
    this.batch.create(kind, row);
    this.batch.holds.push(...(ruling.holds ?? []).map((hold, ordinal) => ({ ...hold, ordinal, reserveBalanceId: id })));
    this.tell(eventsOf(kind, ['Create'], row, now, this.tools.nextId));
    if (ruling.ends) this.end(ruling.ends.action, ruling.ends.status, {}, now);
    refill(this, lowered(posting), now);
    return row;
  }

  /** Moves balances, and remembers them as moved. */
  post(ruling: Ruling, mover: Mover, now: Date): Posting {
    const posting = postAll(ruling, (id) => this.world.bucket(id), mover, now, this.tools.nextId);
    for (const bucket of posting.buckets) this.put(bucket);
    this.batch.entries.push(...posting.entries);
    return posting;
  }

  put(bucket: BucketState): void {
    this.world.buckets.set(bucket.id, bucket);
    this.batch.touched.add(bucket.id);
  }

  /** The action has come to its end: it is due no more and holds nothing. */
  end(action: ActionState, status: string, changes: Plain, now: Date): Plain {
    const row = this.change(action, { ...changes, status, nextDueDate: null }, now);
    if (action.kind === 'reserveBalance') this.batch.released.push(action.id);
    this.tell(endEvents(action.kind, status, row, now, this.tools.nextId));
    return row;
  }

  /** The next version of an action; whoever calls tells its event. */
  change(action: ActionState, changes: Plain, now: Date): Plain {
    const row = nextVersion(action, changes, now);
    const status = String(row['status']);
    const dueAt = row['nextDueDate'] ? new Date(String(row['nextDueDate'])) : undefined;
    this.world.actions.set(action.id, {
      ...action,
      status,
      dueAt,
      holds: status === 'created' ? action.holds : [],
      snapshot: row,
    });
    this.batch.change(action.kind, row);
    return row;
  }

  tell(events: Batch['events']): void {
    this.batch.events.push(...events);
  }

  /** The refused PATCH of an action is no action of its own: its refusal is thrown, and nothing is kept of it. */
  private cancel(command: CancelCommand): Plain {
    const situation = this.situationOf(command);
    const { now } = situation;
    const action = requireAction(command, situation.action);
    requireOwn(action);
    const described = changed(withoutNulls(action.snapshot), command.changes, now);
    if (described) this.tools.extensions.check(described);
    if (action.status === 'cancelled' && action.kind !== 'reserveBalance') {
      if (described === undefined) return withoutNulls(action.snapshot);
      const row = this.change(action, command.changes, now);
      this.tell(eventsOf(action.kind, ['AttributeValueChange'], row, now, this.tools.nextId));
      return row;
    }
    if (action.kind !== 'reserveBalance')
      requireTransition(actionTransitions, `${action.kind} '${action.id}'`, action.status, 'cancelled');
    const verdict = decide(command, situation);
    if (isRefusal(verdict)) throw new DomainError(verdict.code, verdict.message);
    const wasLive = isLive(action);
    const posting = this.post(verdict, action, now);
    if (wasLive) stop(this, action);
    return this.end(action, 'cancelled', { ...command.changes, ...impactsOf(action, posting) }, now);
  }

  /** A refused command that makes an action is recorded as one. */
  refuse(command: CreateCommand, refusal: Refusal, { candidates, action, now }: Situation): Outcome {
    const ofRecord = 'usageTypeOfRecord' in command ? command.usageTypeOfRecord : undefined;
    const usageType = command.usageType ?? candidates[0]?.usageType ?? action?.usageType ?? ofRecord;
    const adjusts = command.type === 'credit' || command.type === 'debit' || command.type === 'commit';
    if (adjusts && usageType === undefined) {
      // A commit takes it from its reservation: where that does not exist, the client is told so.
      if (command.type === 'commit') throw new DomainError(refusal.code, refusal.message);
      // The record of an adjustBalance must carry a usageType (TMF654 conformance profile), and here is none to inherit.
      throw new DomainError('MISSING_ATTRIBUTE', `usageType is missing, and ${refusal.message}`, { path: 'usageType' });
    }
    const amount = command.amount ? toPlainObject(command.amount) : (action?.snapshot['amount'] as Plain | undefined);
    if (amount === undefined) throw new DomainError(refusal.code, refusal.message);
    const row = this.keepRefused({ ...command, usageType }, refusal, amount, {}, now);
    return { refusal: { ...refusal, reference: { type: actionKindOf[command.type], id: String(row['id']) } } };
  }

  /** Keeps a refused action, for the record. */
  keepRefused(command: CreateCommand, refusal: Refusal, amount: Plain, known: Plain, now: Date): Plain {
    const kind = actionKindOf[command.type];
    const row = { ...refusedAction(command, refusal, amount, now, this.tools.nextId), ...known };
    this.batch.create(kind, row);
    this.tell(eventsOf(kind, ['Failure'], row, now, this.tools.nextId));
    return row;
  }
}

/** What an action has done since: added to what it did first, for whoever reads its story. */
export function impactsOf({ snapshot }: ActionState, { impactedBucket }: Posting): Plain {
  if (impactedBucket.length === 0) return {};
  return { impactedBucket: [...((snapshot['impactedBucket'] as PlainValue[] | null) ?? []), ...impactedBucket] };
}

/** When the server acts on a new action by itself, if it ever does. */
function firstDueOf(command: CreateCommand, now: Date): Date | undefined {
  if (command.type === 'reserve') return command.expirationDate;
  return command.type === 'scheduled' ? firstDueDate(command, now) : undefined;
}

/** What charges a usage is part of what the usage says it consumed. */
function requireOwn({ kind, id, snapshot }: ActionState): void {
  const usage = snapshot['usage'] as { id: string } | null | undefined;
  if (!usage) return;
  throw new DomainError(
    'CONFLICT',
    `${kind} '${id}' belongs to usage '${usage.id}': change the chargeTo of the usage instead`,
    { path: 'status' },
  );
}

/** Checked here and not with the input: the same request, repeated under its key after that date, gets its first answer. */
function checkDates(command: CreateCommand, now: Date): void {
  if (command.type === 'reserve') checkFuture('expirationDate', command.expirationDate, now);
  if (command.type === 'topup') checkFuture('validFor.endDateTime', command.validUntil, now);
  if (command.type === 'scheduled') {
    const { requestedDate } = command;
    if (requestedDate && requestedDate < now)
      throw invalid('requestedDate', `must not be in the past: ${requestedDate.toISOString()}`);
  }
}

function checkFuture(name: string, date: Date | undefined, now: Date): void {
  if (date && date <= now) throw invalid(name, `must be in the future: ${date.toISOString()}`);
}

/** A commit acts on the buckets of its reservation; naming another one is a mistake. */
function checkBucket({ attributes }: CommitCommand, reservation?: ActionState): void {
  const bucket = attributes['bucket'] as { id: string } | undefined;
  if (bucket === undefined || reservation === undefined || !isLive(reservation)) return;
  if (reservation.holds.some(({ bucketId }) => bucketId === bucket.id)) return;
  throw invalid('bucket', `'${bucket.id}' is not a bucket in which reserveBalance '${reservation.id}' holds anything`);
}
