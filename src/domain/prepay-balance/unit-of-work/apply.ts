import type { Clock } from '../../../platform/clock.js';
import type { Transaction } from '../../../platform/database/database.js';
import { DomainError } from '../../../platform/errors.js';
import type { ExtensionSchemas } from '../../../platform/extension-schemas.js';
import type { IdSource } from '../../../platform/ids.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import {
  findOutcome,
  loadOutcomes,
  type Idempotency,
  type Outcome,
  type Replayable,
} from '../../../platform/write/idempotency.js';
import { CommandProcessor, impactsOf } from './command-processor.js';
import { UnitOfWork } from './unit-of-work.js';
import { latest } from '../decide/bookkeeping.js';
import type { balanceResources, BalanceCommand, DueCommand } from '../command/commands.js';
import { endUnpaid } from './payments.js';
import { changeEvent } from '../events.js';
import { isLive } from '../decide/refusals.js';
import { lapse } from '../decide/rules.js';
import { topUpDue } from './scheduled-topups.js';
import type { SkippedBuckets } from '../store/balance.store.js';
import { LockedState, type LoadOptions } from './locked-state.js';

/** One command, or several that apply together or not at all; their answer is then `{ items: [...] }`. */
export interface BalanceRequest {
  readonly commands: readonly [BalanceCommand, ...BalanceCommand[]];
  readonly isBulk: boolean;
  /** How the refusal of one of several commands is told, by its place among them. */
  readonly refusedAs?: (message: string, index: number) => string;
  readonly idempotency?: Idempotency;
}

/** What a request comes to: an outcome that is kept, or a refusal that leaves no trace. */
export type BalanceResult = Replayable | { error: DomainError };

export interface BalanceDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** How buckets and actions lie in their tables. */
  readonly mappings: Readonly<Record<(typeof balanceResources)[number], ResourceMapping>>;
  /** IANA zone in which the periods of recurring top-ups begin. */
  readonly timeZone: string;
  /** How long an action waits for its payment. */
  readonly paymentWaitMs: number;
  /** Told of a due command that cannot be done, which is a bug: the others go on. */
  readonly reportStuck: (error: unknown, command: DueCommand) => void;
}

/**
 * Applies commands, in order, inside a transaction of the caller: locks, loads, decides each on the
 * state its predecessors left, and writes everything with one statement per table. The results come in
 * the order of the requests. Throws DueWorkPending, when asked to, if the time has to act before they may.
 */
export async function applyIn(
  tx: Transaction,
  dependencies: BalanceDependencies,
  tenantId: string,
  requests: readonly BalanceRequest[],
  options: { unlessDue: boolean } = { unlessDue: true },
): Promise<BalanceResult[]> {
  const { results } = await applyUnlocked(tx, dependencies, tenantId, requests, options);
  return results.map((result) => {
    if (result === undefined) throw new Error('no bucket was to be passed by');
    return result;
  });
}

export interface Applied {
  /** In the order of the requests; undefined for one that needs a bucket which was passed by: nothing of it was done. */
  readonly results: readonly (BalanceResult | undefined)[];
  readonly taken: ReadonlySet<string>;
}

/** The same for those requests alone whose buckets nobody else has locked, of the buckets that may be passed by. */
export async function applyUnlocked(
  tx: Transaction,
  dependencies: BalanceDependencies,
  tenantId: string,
  requests: readonly BalanceRequest[],
  options: LoadOptions,
): Promise<Applied> {
  const keys = requests.flatMap(({ idempotency }) => idempotency?.key ?? []);
  const commands = requests.flatMap((request) => request.commands);
  const state = await LockedState.load(tx, dependencies, tenantId, commands, options);
  // Under the locks: whoever held them may have decided under the same key.
  const known = await loadOutcomes(tx, tenantId, keys);
  const batch = new UnitOfWork();
  const results = requests.map((request): BalanceResult | undefined => {
    const { idempotency } = request;
    if (request.commands.some((command) => state.blocked.has(command))) return undefined;
    try {
      const earlier = findOutcome(known, idempotency);
      if (earlier) return { outcome: earlier, replayed: true };
      const outcome = request.isBulk
        ? applyAll(request, state, dependencies, batch)
        : new CommandProcessor(dependencies, state, batch).apply(request.commands[0]);
      if (idempotency) {
        known.set(idempotency.key, { fingerprint: idempotency.fingerprint, outcome });
        batch.outcomes.push({ ...idempotency, outcome });
      }
      return { outcome, replayed: false };
    } catch (error) {
      if (error instanceof DomainError) return { error };
      throw error;
    }
  });
  await batch.write(tx, dependencies, tenantId, state);
  return { results, taken: state.taken };
}

/** All or nothing: decided on a copy of the world, which becomes the world when no command is refused. */
function applyAll(
  { commands, refusedAs = refusedElement }: BalanceRequest,
  state: LockedState,
  dependencies: BalanceDependencies,
  batch: UnitOfWork,
): Outcome {
  const trial = state.copy();
  const part = new UnitOfWork();
  const answers: JsonObject[] = [];
  for (const [index, command] of commands.entries()) {
    // The record of a refusal is kept, whatever becomes of the others: it is decided on a batch of its own.
    const own = new UnitOfWork();
    const outcome = new CommandProcessor(dependencies, trial, own).apply(command);
    if ('refusal' in outcome) {
      batch.merge(own);
      return { refusal: { ...outcome.refusal, message: refusedAs(outcome.refusal.message, index) } };
    }
    part.merge(own);
    answers.push(outcome.answer);
  }
  state.adopt(trial);
  batch.merge(part);
  return { answer: { items: answers } };
}

function refusedElement(message: string, index: number): string {
  return `element ${index}: ${message}; none was applied`;
}

/** Steps of one transaction; a recurring top-up that catches up takes one for each of its periods. */
const stepsMax = 1_000;

/**
 * Does what the time asks for, each thing dated at the instant it was due, in the order of these instants: the
 * story of a balance is the same, whether somebody looked in time or not. Goes no further than `until`: what is
 * due later may have to wait for something that is not among these commands. Answers how much of it is no longer due,
 * whoever did it: another server may have been faster.
 */
export async function applyDue(
  tx: Transaction,
  dependencies: BalanceDependencies,
  tenantId: string,
  commands: readonly DueCommand[],
  until: Date,
): Promise<number> {
  return (await applyDueIn(tx, dependencies, tenantId, commands, until, new Set())).applied;
}

/** The same for those alone whose buckets nobody else has locked; `blocked` are the others. */
export async function applyDueUnlocked(
  tx: Transaction,
  dependencies: BalanceDependencies,
  tenantId: string,
  commands: readonly DueCommand[],
  until: Date,
): Promise<DueApplied> {
  return applyDueIn(tx, dependencies, tenantId, commands, until, 'all');
}

interface DueApplied {
  readonly applied: number;
  readonly blocked: ReadonlySet<BalanceCommand | DueCommand>;
}

async function applyDueIn(
  tx: Transaction,
  dependencies: BalanceDependencies,
  tenantId: string,
  asked: readonly DueCommand[],
  until: Date,
  passBy: SkippedBuckets,
): Promise<DueApplied> {
  const state = await LockedState.load(tx, dependencies, tenantId, asked, { unlessDue: false, passBy });
  const commands = asked.filter((command) => !state.blocked.has(command));
  const batch = new UnitOfWork();
  const { now } = state;
  // Dated in the past, but made now: lists in the order of ids go on where they were.
  const processor = new CommandProcessor({ ...dependencies, nextId: () => dependencies.nextId(now) }, state, batch);
  const open = new Set(commands);
  const end = until < now ? until : now;
  for (let step = 0; step < stepsMax; step++) {
    const command = earliest(open, state, end);
    if (command === undefined) break;
    const dueAt = dueDateOf(command, state);
    if (command.type === 'topupDue') topUpDue(processor, command.actionId, now);
    else if (command.type === 'lapse') lapseReservation(processor, command.actionId, now);
    else if (command.type === 'unpaid') endUnpaid(processor, command.actionId, now);
    else expireBucket(processor, command.bucketId, now);
    // What could not be done now is found again.
    if (dueDateOf(command, state)?.getTime() === dueAt?.getTime()) open.delete(command);
  }
  await batch.write(tx, dependencies, tenantId, state);
  return {
    applied: commands.filter((command) => (dueDateOf(command, state) ?? Infinity) > end).length,
    blocked: state.blocked,
  };
}

/** The command whose time came first, if it came by then. */
function earliest(commands: Iterable<DueCommand>, state: LockedState, until: Date): DueCommand | undefined {
  let found: { command: DueCommand; dueAt: Date } | undefined;
  for (const command of commands) {
    const dueAt = dueDateOf(command, state);
    if (dueAt && dueAt <= until && (found === undefined || dueAt < found.dueAt)) found = { command, dueAt };
  }
  return found?.command;
}

/** When it is due as the world stands; undefined when it is over. */
function dueDateOf(command: DueCommand, state: LockedState): Date | undefined {
  if (command.type !== 'expire') return state.actions.get(command.actionId)?.dueAt;
  const bucket = state.buckets.get(command.bucketId);
  return bucket?.status === 'active' ? bucket.validUntil : undefined;
}

function lapseReservation(processor: CommandProcessor, id: string, now: Date): void {
  const reservation = processor.state.actions.get(id);
  if (reservation?.dueAt === undefined || reservation.dueAt > now || !isLive(reservation)) return;
  const buckets = processor.state.bucketsOf(reservation);
  const at = latest(reservation.dueAt, buckets, now);
  const posting = processor.post(lapse(reservation, buckets), reservation, at);
  processor.end(reservation, 'cancelled', impactsOf(reservation, posting), at);
}

/**
 * What remains in an expired bucket stays, out of reach until a top-up extends its validity (DESIGN §12). A suspended
 * bucket stays suspended: expired, a top-up could lift what somebody has decided.
 */
function expireBucket(processor: CommandProcessor, id: string, now: Date): void {
  const bucket = processor.state.buckets.get(id);
  const row = processor.state.bucketRows.get(id);
  if (row === undefined || bucket?.validUntil === undefined || bucket.validUntil > now || bucket.status !== 'active')
    return;
  const { nextId } = processor.dependencies;
  const at = latest(bucket.validUntil, [bucket], now);
  processor.put({ ...bucket, status: 'expired' });
  const { remaining, reserved, units } = bucket;
  const balance: JsonObject =
    units === undefined
      ? {}
      : {
          remainingValue: toJsonObject({ amount: remaining, units }),
          reservedValue: toJsonObject({ amount: reserved, units }),
        };
  const after: JsonObject = {
    ...row,
    ...balance,
    status: 'expired',
    revision: Number(row['revision']) + 1,
    updatedAt: at.toISOString(),
  };
  processor.emit([changeEvent('bucket', 'AttributeValueChange', withoutNulls(after), at, nextId)]);
}
