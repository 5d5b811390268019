import { DomainError } from '../../../platform/errors.js';
import { toJsonObject, withoutNulls, type JsonObject, type JsonValue } from '../../../platform/json-object.js';
import type { Outcome } from '../../../platform/write/idempotency.js';
import { changed } from '../../changes.js';
import { invalid } from '../../input.js';
import { requireTransition } from '../../transitions.js';
import type { BalanceDependencies } from './apply.js';
import type { UnitOfWork } from './unit-of-work.js';
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
  bucketAttributesOf,
  type Mover,
  type Posting,
} from '../decide/bookkeeping.js';
import { applyPayment, awaitPayment } from './payments.js';
import {
  actionKindOf,
  type BalanceCommand,
  type CancelCommand,
  type CommitCommand,
  type CreateCommand,
} from '../command/commands.js';
import { isLive, type Refusal } from '../decide/refusals.js';
import { decide } from '../decide/rules.js';
import { isRefusal, type AcceptedDecision, type DecisionContext } from '../decide/decision.js';
import { begin, firstDueDate, refill, stop } from './scheduled-topups.js';
import type { ActionState, BucketState } from '../decide/state.js';
import { actionTransitions } from '../transitions.js';
import type { LockedState } from './locked-state.js';

/** Applies commands to the locked world, one after the other, and gathers what is to be written. */
export class CommandProcessor {
  constructor(
    readonly dependencies: BalanceDependencies,
    readonly state: LockedState,
    readonly unitOfWork: UnitOfWork,
  ) {}

  /** A command of a client: its answer, or its refusal. */
  apply(command: BalanceCommand): Outcome {
    if (command.type === 'cancel') return { answer: this.cancel(command) };
    if (command.type === 'payment') return applyPayment(this, command);
    const decisionContext = this.contextOf(command);
    checkDates(command, decisionContext.now);
    if (command.type === 'commit') checkBucket(command, decisionContext.action);
    if ('awaitsPayment' in command && command.awaitsPayment) return awaitPayment(this, command, decisionContext);
    const decision = decide(command, decisionContext);
    if (isRefusal(decision)) return this.refuse(command, decision, decisionContext);
    const row = this.create(command, decision, decisionContext.now);
    return { answer: command.type === 'scheduled' ? begin(this, command, row, decisionContext.now) : row };
  }

  /** What a command is decided on: at present, or at the instant that it was due, though not before what its buckets have seen since. */
  contextOf(command: CreateCommand | CancelCommand, dueAt?: Date): DecisionContext {
    const action = 'actionId' in command ? this.state.actions.get(command.actionId) : undefined;
    const candidates =
      'locator' in command ? this.state.bucketsAt(command.locator) : action ? this.state.bucketsOf(action) : [];
    const receivers = command.type === 'transfer' ? this.state.bucketsAt(command.receiver) : [];
    return {
      action,
      candidates,
      receivers,
      now: dueAt ? latest(dueAt, [...candidates, ...receivers], this.state.now) : this.state.now,
    };
  }

  /** Keeps a new action with what the ruling does. `known` are attributes that the server knows of it. */
  create(command: CreateCommand, decision: AcceptedDecision, now: Date, known: JsonObject = {}): JsonObject {
    const kind = actionKindOf[command.type];
    const id = this.dependencies.nextId(now);
    const posting = this.post(decision, { kind, id }, now);
    const endsLater = command.type === 'reserve' || command.type === 'scheduled';
    const set: JsonObject = {
      status: endsLater ? 'created' : 'completed',
      usageType: command.usageType ?? decision.ends?.action.usageType ?? posting.buckets[0]?.usageType ?? null,
      confirmationDate: command.type === 'scheduled' ? null : now.toISOString(),
      nextDueDate: firstDueOf(command, now)?.toISOString() ?? null,
      impactedBucket: command.type === 'scheduled' ? null : posting.impactedBucket,
      ...bucketAttributesOf(command, decision, posting),
      ...known,
    };
    const row = newAction(id, command, amountOf(command, decision), set, now);
    this.unitOfWork.create(kind, row);
    this.unitOfWork.holds.push(
      ...(decision.holds ?? []).map((hold, ordinal) => ({ ...hold, ordinal, reserveBalanceId: id })),
    );
    this.emit(eventsOf(kind, ['Create'], row, now, this.dependencies.nextId));
    if (decision.ends) this.end(decision.ends.action, decision.ends.status, {}, now);
    refill(this, lowered(posting), now);
    return row;
  }

  /** Moves balances, and remembers them as moved. */
  post(decision: AcceptedDecision, mover: Mover, now: Date): Posting {
    const posting = postAll(decision, (id) => this.state.bucket(id), mover, now, this.dependencies.nextId);
    for (const bucket of posting.buckets) this.put(bucket);
    this.unitOfWork.entries.push(...posting.entries);
    return posting;
  }

  put(bucket: BucketState): void {
    this.state.buckets.set(bucket.id, bucket);
    this.unitOfWork.touched.add(bucket.id);
  }

  /** The action has come to its end: it is due no more and holds nothing. */
  end(action: ActionState, status: string, changes: JsonObject, now: Date): JsonObject {
    const row = this.change(action, { ...changes, status, nextDueDate: null }, now);
    if (action.kind === 'reserveBalance') this.unitOfWork.released.push(action.id);
    this.emit(endEvents(action.kind, status, row, now, this.dependencies.nextId));
    return row;
  }

  /** The next version of an action; whoever calls tells its event. */
  change(action: ActionState, changes: JsonObject, now: Date): JsonObject {
    const row = nextVersion(action, changes, now);
    const status = String(row['status']);
    const dueAt = row['nextDueDate'] ? new Date(String(row['nextDueDate'])) : undefined;
    this.state.actions.set(action.id, {
      ...action,
      status,
      dueAt,
      holds: status === 'created' ? action.holds : [],
      snapshot: row,
    });
    this.unitOfWork.change(action.kind, row);
    return row;
  }

  emit(events: UnitOfWork['events']): void {
    this.unitOfWork.events.push(...events);
  }

  /** The refused PATCH of an action is no action of its own: its refusal is thrown, and nothing is kept of it. */
  private cancel(command: CancelCommand): JsonObject {
    const decisionContext = this.contextOf(command);
    const { now } = decisionContext;
    const action = requireAction(command, decisionContext.action);
    requireOwn(action);
    const described = changed(withoutNulls(action.snapshot), command.changes, now);
    if (described) this.dependencies.extensions.check(described);
    if (action.status === 'cancelled' && action.kind !== 'reserveBalance') {
      if (described === undefined) return withoutNulls(action.snapshot);
      const row = this.change(action, command.changes, now);
      this.emit(eventsOf(action.kind, ['AttributeValueChange'], row, now, this.dependencies.nextId));
      return row;
    }
    if (action.kind !== 'reserveBalance')
      requireTransition(actionTransitions, `${action.kind} '${action.id}'`, action.status, 'cancelled');
    const decision = decide(command, decisionContext);
    if (isRefusal(decision)) throw new DomainError(decision.code, decision.message);
    const wasLive = isLive(action);
    const posting = this.post(decision, action, now);
    if (wasLive) stop(this, action);
    return this.end(action, 'cancelled', { ...command.changes, ...impactsOf(action, posting) }, now);
  }

  /** A refused command that makes an action is recorded as one. */
  refuse(command: CreateCommand, refusal: Refusal, { candidates, action, now }: DecisionContext): Outcome {
    const ofRecord = 'usageTypeOfRecord' in command ? command.usageTypeOfRecord : undefined;
    const usageType = command.usageType ?? candidates[0]?.usageType ?? action?.usageType ?? ofRecord;
    const adjusts = command.type === 'credit' || command.type === 'debit' || command.type === 'commit';
    if (adjusts && usageType === undefined) {
      // A commit takes it from its reservation: where that does not exist, the client is told so.
      if (command.type === 'commit') throw new DomainError(refusal.code, refusal.message);
      // The record of an adjustBalance must carry a usageType (TMF654 conformance profile), and here is none to inherit.
      throw new DomainError('MISSING_ATTRIBUTE', `usageType is missing, and ${refusal.message}`, { path: 'usageType' });
    }
    const amount = command.amount
      ? toJsonObject(command.amount)
      : (action?.snapshot['amount'] as JsonObject | undefined);
    if (amount === undefined) throw new DomainError(refusal.code, refusal.message);
    const row = this.keepRefused({ ...command, usageType }, refusal, amount, {}, now);
    return { refusal: { ...refusal, reference: { type: actionKindOf[command.type], id: String(row['id']) } } };
  }

  /** Keeps a refused action, for the record. */
  keepRefused(command: CreateCommand, refusal: Refusal, amount: JsonObject, known: JsonObject, now: Date): JsonObject {
    const kind = actionKindOf[command.type];
    const row = { ...refusedAction(command, refusal, amount, now, this.dependencies.nextId), ...known };
    this.unitOfWork.create(kind, row);
    this.emit(eventsOf(kind, ['Failure'], row, now, this.dependencies.nextId));
    return row;
  }
}

/** What an action has done since: added to what it did first, for whoever reads its story. */
export function impactsOf({ snapshot }: ActionState, { impactedBucket }: Posting): JsonObject {
  if (impactedBucket.length === 0) return {};
  return { impactedBucket: [...((snapshot['impactedBucket'] as JsonValue[] | null) ?? []), ...impactedBucket] };
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
