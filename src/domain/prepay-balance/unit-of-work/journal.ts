import { DomainError } from '../../../platform/errors.js';
import { toJsonForm } from '../../../platform/json-object.js';
import { systemPrincipalId } from '../../../platform/principal.js';
import type { Outcome } from '../../../platform/write/idempotency.js';
import { requireRevision } from '../../changes.js';
import type { Quantity } from '../../row.js';
import { actionKindOf, type CancelCommand, type CreateCommand, type PaymentCommand } from '../command/commands.js';
import {
  amountOf,
  bucketAttributesOf,
  ledgerTimeOf,
  newAction,
  nextVersion,
  postAll,
  refusedAction,
  type EntryCause,
  type Posting,
} from '../decide/bookkeeping.js';
import type { AcceptedDecision, DecisionContext } from '../decide/decision.js';
import { toldRefusal, unknownBucket, type Refusal } from '../decide/refusals.js';
import { firstDueDate } from '../decide/schedule.js';
import { toActionState, type ActionState, type BucketState } from '../decide/state.js';
import { impactOf } from '../bucket-events.js';
import type { BalanceDependencies } from '../dependencies.js';
import { changeEvent } from '../../events.js';
import type { Change } from '../events.js';
import type { ActionChanges, ActionKind, BalanceActionRow } from '../model.js';
import { liveStatus } from '../transitions.js';
import type { LockedState } from './locked-state.js';
import type { UnitOfWork } from './unit-of-work.js';

/** The outcome of a command: the row of its action, or the rows of all actions of a bulk request; or a recorded refusal. */
export type BalanceOutcome<Answer extends BalanceAnswer = BalanceAnswer> = Outcome<Answer>;
export type RecordedRefusal = Extract<BalanceOutcome, { refusal: unknown }>;
export type BalanceAnswer = BalanceActionRow | { items: BalanceActionRow[] };

/**
 * The journal of a transaction: carries out decisions on the locked state, so that the next command is decided on what
 * this one left, and collects their rows, ledger entries and events in the unit of work.
 */
export class Journal {
  constructor(
    readonly dependencies: BalanceDependencies,
    readonly state: LockedState,
    readonly unitOfWork: UnitOfWork,
    /** Who asks for what it records. */
    readonly principalId: string,
    /** The buckets that the sender of the command may act on; undefined: all. */
    private readonly ownBuckets?: ReadonlySet<string>,
  ) {}

  /** The same journal, for what the server does by itself. */
  bySystem(): Journal {
    return this.principalId === systemPrincipalId
      ? this
      : new Journal(this.dependencies, this.state, this.unitOfWork, systemPrincipalId);
  }

  /**
   * What a command is decided on, at present. With `dueAt`, at the instant it was due, but not before the last entry of its
   * buckets.
   */
  contextOf(command: CreateCommand | CancelCommand, dueAt?: Date): DecisionContext {
    const action = 'actionId' in command ? this.action(command.actionId) : undefined;
    const candidates =
      'locator' in command
        ? this.state.bucketsAt(command.locator).filter(({ id }) => this.isOwn(id))
        : action
          ? this.state.bucketsOf(action)
          : [];
    const receivers = command.type === 'transfer' ? this.state.bucketsAt(command.receiver) : [];
    return {
      action,
      candidates,
      receivers,
      isReceiverForeign:
        receivers.length === 0 ? this.ownBuckets !== undefined : !receivers.every(({ id }) => this.isOwn(id)),
      now: dueAt ? ledgerTimeOf(dueAt, [...candidates, ...receivers], this.state.now) : this.state.now,
    };
  }

  /**
   * Refuses what nobody may ask for who may only act on own buckets. What is applied later is applied by the server, which asks
   * nobody: its bucket must be told now. Of a bucket that is not found there is no record, which its owner would see.
   * Throws FORBIDDEN and BUCKET_UNKNOWN.
   */
  requireGranted(command: CreateCommand): void {
    if (this.ownBuckets === undefined || !('locator' in command)) return;
    const { locator } = command;
    const isLater = command.type === 'scheduled' || ('payFirst' in command && command.payFirst === true);
    if (isLater && locator.kind !== 'bucket')
      throw new DomainError('FORBIDDEN', 'what is applied later must name the bucket, by bucket.id', {
        path: 'bucket.id',
      });
    if (locator.kind === 'bucket' && !this.isOwn(locator.bucketId)) {
      const { code, message } = unknownBucket(locator);
      throw new DomainError(code, message);
    }
    if (command.type !== 'transfer' || command.cost === undefined || command.costOwner !== 'receiver') return;
    const receivers = this.state.bucketsAt(command.receiver);
    if (receivers.length === 0 || !receivers.every(({ id }) => this.isOwn(id)))
      throw new DomainError('FORBIDDEN', 'the cost can only be taken from what is yours', { path: 'costOwner' });
  }

  private isOwn(bucketId: string): boolean {
    return this.ownBuckets?.has(bucketId) ?? true;
  }

  /**
   * An earlier action that is there for the sender of the command: one that touched an own bucket. Throws FORBIDDEN when it
   * touched another one, too.
   */
  action(id: string): ActionState | undefined {
    const action = this.state.actions.get(id);
    if (action === undefined || this.ownBuckets === undefined) return action;
    const { bucket, impactedBucket } = action.row;
    const named = [bucket?.id, ...(impactedBucket ?? []).map((one) => one.bucket?.id)];
    const touched = [...action.holds, ...action.effects].map(({ bucketId }) => bucketId);
    const all = [...new Set([...named, ...touched])].filter((one) => one !== undefined && one !== null);
    if (!all.some((one) => this.isOwn(one))) return undefined;
    if (all.every((one) => this.isOwn(one))) return action;
    throw new DomainError('FORBIDDEN', `${action.kind} '${id}' has moved somebody else's bucket, too`);
  }

  /** Creates the action of a command and posts its decision. `known` are attributes that only the server knows. */
  create(
    command: CreateCommand,
    decision: AcceptedDecision,
    now: Date,
    known: ActionChanges = {},
  ): { row: BalanceActionRow; posting: Posting } {
    const kind = actionKindOf[command.type];
    const id = this.dependencies.nextId(now);
    const posting = this.post(decision, { kind, id }, now);
    const endsLater = command.type === 'reserve' || command.type === 'scheduled';
    const set = {
      status: endsLater ? 'created' : 'completed',
      usageType: command.usageType ?? decision.endedAction?.action.usageType ?? posting.buckets[0]?.usageType ?? null,
      confirmationDate: command.type === 'scheduled' ? null : now.toISOString(),
      nextDueDate: firstDueOf(command, now)?.toISOString() ?? null,
      impactedBucket: command.type === 'scheduled' ? null : posting.impactedBucket,
      principalId: this.principalId,
      ...bucketAttributesOf(command, decision, posting),
    };
    const row = newAction(
      id,
      command,
      amountOf(command, decision),
      { ...set, ...known, status: known.status ?? set.status },
      now,
    );
    this.unitOfWork.create(kind, row);
    for (const [ordinal, hold] of (decision.holds ?? []).entries())
      this.unitOfWork.holds.push({ ...hold, ordinal, reserveBalanceId: id });
    this.emit(kind, 'Create', row, now);
    if (decision.endedAction) this.end(decision.endedAction.action, decision.endedAction.status, {}, now);
    return { row, posting };
  }

  /** Posts the movements of a decision to its buckets and the ledger. */
  post(decision: AcceptedDecision, { kind, id }: Pick<EntryCause, 'kind' | 'id'>, now: Date): Posting {
    const { principalId } = this;
    const bucketOf = (bucketId: string): BucketState => this.state.bucket(bucketId);
    const posting = postAll(decision, bucketOf, { kind, id, principalId }, now, this.dependencies.nextId);
    for (const bucket of posting.buckets) this.put(bucket);
    this.unitOfWork.entries.push(...posting.entries);
    for (const alert of posting.alerts)
      this.unitOfWork.alerts.push({ ...alert, id: this.dependencies.nextId(now), principalId });
    return posting;
  }

  /** A bucket as it now is; the next event tells of it. */
  put(bucket: BucketState): void {
    this.state.buckets.set(bucket.id, bucket);
    this.unitOfWork.touched.add(bucket.id);
    this.unitOfWork.untold.set(bucket.id, bucket);
  }

  /** Ends an action with this status, and its event: it is not due any more and holds nothing. */
  end(action: ActionState, status: string, changes: ActionChanges, now: Date): BalanceActionRow {
    const row = this.change(action, { ...changes, status, nextDueDate: null }, now);
    if (action.kind === 'reserveBalance') this.unitOfWork.released.push(action.id);
    if (status === 'cancelled') this.emit(action.kind, 'Cancel', row, now);
    this.emit(action.kind, 'StatusChange', row, now);
    return row;
  }

  /** The next version of an action; the caller emits its event. */
  change(action: ActionState, changes: ActionChanges, now: Date): BalanceActionRow {
    const row = nextVersion(action.row, changes, now);
    const holds = row.status === liveStatus ? action.holds : [];
    this.state.actions.set(action.id, { ...toActionState(action.kind, row, holds), effects: action.effects });
    this.unitOfWork.change(action.kind, row, changes, action.row);
    return row;
  }

  /** An event about an action, as it stands after the change, and of the buckets that changed with it. */
  emit(kind: ActionKind, change: Change, row: BalanceActionRow, now: Date): void {
    const { principalId, unitOfWork } = this;
    const event = changeEvent(kind, change, row, now, this.dependencies.nextId);
    const impact = impactOf(unitOfWork.untold.values());
    unitOfWork.untold.clear();
    unitOfWork.events.push({ ...event, principalId, impact });
  }

  /**
   * Records a refused command as an action with status failed. Throws DomainError where the record would lack a required
   * attribute: an adjustment that has no usageType.
   */
  refuse(command: CreateCommand, decided: Refusal, decisionContext: DecisionContext): RecordedRefusal {
    const { candidates, action, isReceiverForeign = false, now } = decisionContext;
    const refusal = toldRefusal(decided, isReceiverForeign);
    const ofRecord = 'usageTypeOfRecord' in command ? command.usageTypeOfRecord : undefined;
    const usageType = command.usageType ?? candidates[0]?.usageType ?? action?.usageType ?? ofRecord;
    const adjusts = command.type === 'credit' || command.type === 'debit' || command.type === 'commit';
    if (adjusts && usageType === undefined) {
      // A commit takes it from its reservation: the client learns that this does not exist.
      if (command.type === 'commit') throw new DomainError(refusal.code, refusal.message);
      // The record of an adjustBalance must carry a usageType (TMF654 conformance profile), and here is none to inherit.
      throw new DomainError('MISSING_ATTRIBUTE', `usageType is missing, and ${refusal.message}`, { path: 'usageType' });
    }
    const amount = command.amount ? toJsonForm(command.amount) : action?.row.amount;
    if (amount === undefined) throw new DomainError(refusal.code, refusal.message);
    const { id } = this.recordRefusal({ ...command, usageType }, refusal, amount, {}, now);
    const reference = { type: actionKindOf[command.type], id };
    return { refusal: { ...refusal, reference } };
  }

  /** Records a refused action. `known` are attributes that only the server knows. */
  recordRefusal(
    command: CreateCommand,
    refusal: Refusal,
    amount: Quantity,
    known: Partial<BalanceActionRow>,
    now: Date,
  ): BalanceActionRow {
    const kind = actionKindOf[command.type];
    const row = {
      ...refusedAction(this.dependencies.nextId(now), command, refusal, amount, now),
      principalId: this.principalId,
      ...known,
    };
    this.unitOfWork.create(kind, row);
    this.emit(kind, 'Failure', row, now);
    return row;
  }
}

/** When the server acts on a new action by itself, if it ever does. */
function firstDueOf(command: CreateCommand, now: Date): Date | undefined {
  if (command.type === 'reserve') return command.expirationDate;
  return command.type === 'scheduled' ? firstDueDate(command, now) : undefined;
}

/** The action that a command changes. Throws NOT_FOUND, or REVISION_MISMATCH when it is not the version the client saw. */
export function requireAction(
  { kind, actionId, ifRevision }: CancelCommand | PaymentCommand,
  action: ActionState | undefined,
): ActionState {
  requireRevision(action?.row, kind, actionId, ifRevision);
  return action as ActionState;
}
