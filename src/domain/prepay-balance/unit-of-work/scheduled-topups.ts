import { toJsonForm } from '../../../platform/json-object.js';
import type { ScheduledTopupCommand, TopupCommand } from '../command/commands.js';
import { isRefusal } from '../decide/decision.js';
import { isLive } from '../decide/refusals.js';
import { decide } from '../decide/rules.js';
import { nextDueDate } from '../decide/schedule.js';
import { toActionState, type ActionState, type BucketState } from '../decide/state.js';
import type { BalanceActionRow } from '../model.js';
import type { Journal } from './journal.js';

// Scheduled top-ups are applied later: at a date, in each of their periods (recurring), or when the balance falls below
// their threshold (auto top-ups).

/** Applies what is due at once of a scheduled top-up that was just created. Returns its row as it then is. */
export function startScheduled(
  journal: Journal,
  command: ScheduledTopupCommand,
  row: BalanceActionRow,
  now: Date,
): BalanceActionRow {
  const { state } = journal;
  const action = toActionState('topupBalance', row);
  state.actions.set(action.id, action);
  state.scheduled.set(action.id, command);
  if (action.dueAt && action.dueAt <= now) applyDueTopup(journal, action.id, now);
  if (command.threshold && row.bucket) refill(journal, [state.bucket(row.bucket.id)], now);
  return state.actions.get(action.id)?.row ?? row;
}

/** Of a scheduled top-up that ends: no bucket is refilled by it any more. */
export function stopRefills(journal: Journal, { id }: ActionState): void {
  for (const bucket of journal.state.buckets.values()) {
    if (bucket.autoTopup?.topupBalanceId === id) journal.put({ ...bucket, autoTopup: undefined });
  }
}

/** Refills those of the buckets in which less than the threshold of their auto top-up remains. */
export function refill(journal: Journal, buckets: readonly BucketState[], now: Date): void {
  const { state } = journal;
  for (const { id } of buckets) {
    const { autoTopup, remaining } = state.bucket(id);
    if (autoTopup === undefined || remaining.gte(autoTopup.threshold)) continue;
    const action = state.actions.get(autoTopup.topupBalanceId);
    const command = state.scheduled.get(autoTopup.topupBalanceId);
    // An auto top-up that this very command creates refills the bucket as soon as it is there.
    if (action === undefined || command === undefined || !isLive(action)) continue;
    createTopup(journal, action, { ...command.topup, locator: { kind: 'bucket', bucketId: id } }, now, now);
    advance(journal, action.id, undefined, now);
  }
}

/** Applies a scheduled top-up that is due at `time`, the present, or before; it is dated at the instant it was due. */
export function applyDueTopup(journal: Journal, id: string, time: Date): void {
  const action = journal.state.actions.get(id);
  const command = journal.state.scheduled.get(id);
  if (action?.dueAt === undefined || command === undefined || !isLive(action) || action.dueAt > time) return;
  const { now } = journal.contextOf(command.topup, action.dueAt);
  if (command.recurringPeriod === undefined) {
    applyOnce(journal, action, command.topup, now);
    return;
  }
  createTopup(journal, action, command.topup, action.dueAt, now);
  const anchor = new Date(action.row.requestedDate);
  const next = nextDueDate(
    anchor,
    command.recurringPeriod,
    action.dueAt,
    journal.dependencies.zoneOf(journal.state.tenantId),
  );
  advance(journal, id, next, now);
}

/** A top-up for one date credits the bucket itself; when it is refused, it fails like any other. */
function applyOnce(journal: Journal, action: ActionState, topup: TopupCommand, now: Date): void {
  const decision = decide(topup, journal.contextOf(topup, now));
  if (isRefusal(decision)) {
    const row = journal.end(action, 'failed', { failureCode: decision.code, failureMessage: decision.message }, now);
    journal.emit('topupBalance', 'Failure', row, now);
    return;
  }
  const { impactedBucket, buckets } = journal.post(decision, action, now);
  const usageType = topup.usageType ?? buckets[0]?.usageType ?? null;
  journal.end(action, 'completed', { confirmationDate: now.toISOString(), impactedBucket, usageType }, now);
}

/** One period of a recurring top-up, or one refill by an auto top-up: a top-up of its own, which names its parent. */
function createTopup(asked: Journal, parent: ActionState, topup: TopupCommand, dueAt: Date, now: Date): void {
  const journal = asked.bySystem();
  const known = {
    requestedDate: dueAt.toISOString(),
    isAutoTopup: true,
    relatedTopupBalance: { id: parent.id, role: 'parent' },
  };
  const decision = decide(topup, journal.contextOf(topup, now));
  if (isRefusal(decision)) journal.recordRefusal(topup, decision, toJsonForm(topup.amount), known, now);
  else journal.create(topup, decision, now, known);
}

/** Counts a top-up that was made, and sets when the next is due; the last one completes the scheduled top-up. */
function advance(journal: Journal, id: string, nextDue: Date | undefined, now: Date): void {
  const action = journal.state.actions.get(id);
  if (action === undefined) throw new Error(`topupBalance ${id} is not locked`);
  const periodsDone = (action.row.periodsDone ?? 0) + 1;
  if (periodsDone === action.row.numberOfPeriods) {
    stopRefills(journal, action);
    journal.end(action, 'completed', { periodsDone }, now);
    return;
  }
  const row = journal.change(action, { periodsDone, nextDueDate: nextDue?.toISOString() ?? null }, now);
  journal.emit('topupBalance', 'AttributeValueChange', row, now);
}
