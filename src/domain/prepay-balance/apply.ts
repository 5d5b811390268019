import type { Clock } from '../../platform/clock.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import type { Shape } from '../../platform/read/shape.js';
import {
  findOutcome,
  loadOutcomes,
  type Idempotency,
  type Outcome,
  type Replayable,
} from '../../platform/write/idempotency.js';
import { Applier, impactsOf } from './applier.js';
import { Batch } from './batch.js';
import { latest } from './bookkeeping.js';
import type { balanceResources, BalanceCommand, DueCommand } from './commands.js';
import { endUnpaid } from './awaited-actions.js';
import { changeEvent } from './events.js';
import { isLive } from './refusals.js';
import { lapse } from './rules.js';
import { topUpDue } from './scheduled-topups.js';
import type { PassBy } from './store.js';
import { World, type LoadOptions } from './world.js';

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

export interface BalanceTools {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** How buckets and actions lie in their tables. */
  readonly shapes: Readonly<Record<(typeof balanceResources)[number], Shape>>;
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
 * the order of the requests. Throws DueFirst, when asked to, if the time has to act before they may.
 */
export async function applyIn(
  tx: Transaction,
  tools: BalanceTools,
  tenantId: string,
  requests: readonly BalanceRequest[],
  options: { unlessDue: boolean } = { unlessDue: true },
): Promise<BalanceResult[]> {
  const { results } = await applyFree(tx, tools, tenantId, requests, options);
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
export async function applyFree(
  tx: Transaction,
  tools: BalanceTools,
  tenantId: string,
  requests: readonly BalanceRequest[],
  options: LoadOptions,
): Promise<Applied> {
  const keys = requests.flatMap(({ idempotency }) => idempotency?.key ?? []);
  const commands = requests.flatMap((request) => request.commands);
  const world = await World.load(tx, tools, tenantId, commands, options);
  // Under the locks: whoever held them may have decided under the same key.
  const known = await loadOutcomes(tx, tenantId, keys);
  const batch = new Batch();
  const results = requests.map((request): BalanceResult | undefined => {
    const { idempotency } = request;
    if (request.commands.some((command) => world.blocked.has(command))) return undefined;
    try {
      const earlier = findOutcome(known, idempotency);
      if (earlier) return { outcome: earlier, replayed: true };
      const outcome = request.isBulk
        ? applyAll(request, world, tools, batch)
        : new Applier(tools, world, batch).apply(request.commands[0]);
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
  await batch.write(tx, tools, tenantId, world);
  return { results, taken: world.taken };
}

/** All or nothing: decided on a copy of the world, which becomes the world when no command is refused. */
function applyAll(
  { commands, refusedAs = refusedElement }: BalanceRequest,
  world: World,
  tools: BalanceTools,
  batch: Batch,
): Outcome {
  const trial = world.copy();
  const part = new Batch();
  const answers: Plain[] = [];
  for (const [index, command] of commands.entries()) {
    // The record of a refusal is kept, whatever becomes of the others: it is decided on a batch of its own.
    const own = new Batch();
    const outcome = new Applier(tools, trial, own).apply(command);
    if ('refusal' in outcome) {
      batch.join(own);
      return { refusal: { ...outcome.refusal, message: refusedAs(outcome.refusal.message, index) } };
    }
    part.join(own);
    answers.push(outcome.answer);
  }
  world.become(trial);
  batch.join(part);
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
  tools: BalanceTools,
  tenantId: string,
  commands: readonly DueCommand[],
  until: Date,
): Promise<number> {
  return (await applyDueIn(tx, tools, tenantId, commands, until, new Set())).applied;
}

/** The same for those alone whose buckets nobody else has locked; `blocked` are the others. */
export async function applyDueFree(
  tx: Transaction,
  tools: BalanceTools,
  tenantId: string,
  commands: readonly DueCommand[],
  until: Date,
): Promise<DueApplied> {
  return applyDueIn(tx, tools, tenantId, commands, until, 'all');
}

interface DueApplied {
  readonly applied: number;
  readonly blocked: ReadonlySet<BalanceCommand | DueCommand>;
}

async function applyDueIn(
  tx: Transaction,
  tools: BalanceTools,
  tenantId: string,
  asked: readonly DueCommand[],
  until: Date,
  passBy: PassBy,
): Promise<DueApplied> {
  const world = await World.load(tx, tools, tenantId, asked, { unlessDue: false, passBy });
  const commands = asked.filter((command) => !world.blocked.has(command));
  const batch = new Batch();
  const { now } = world;
  // Dated in the past, but made now: lists in the order of ids go on where they were.
  const applier = new Applier({ ...tools, nextId: () => tools.nextId(now) }, world, batch);
  const open = new Set(commands);
  const end = until < now ? until : now;
  for (let step = 0; step < stepsMax; step++) {
    const command = earliest(open, world, end);
    if (command === undefined) break;
    const dueAt = dueDateOf(command, world);
    if (command.type === 'topupDue') topUpDue(applier, command.actionId, now);
    else if (command.type === 'lapse') lapseReservation(applier, command.actionId, now);
    else if (command.type === 'unpaid') endUnpaid(applier, command.actionId, now);
    else expireBucket(applier, command.bucketId, now);
    // What could not be done now is found again.
    if (dueDateOf(command, world)?.getTime() === dueAt?.getTime()) open.delete(command);
  }
  await batch.write(tx, tools, tenantId, world);
  return {
    applied: commands.filter((command) => (dueDateOf(command, world) ?? Infinity) > end).length,
    blocked: world.blocked,
  };
}

/** The command whose time came first, if it came by then. */
function earliest(commands: Iterable<DueCommand>, world: World, until: Date): DueCommand | undefined {
  let found: { command: DueCommand; dueAt: Date } | undefined;
  for (const command of commands) {
    const dueAt = dueDateOf(command, world);
    if (dueAt && dueAt <= until && (found === undefined || dueAt < found.dueAt)) found = { command, dueAt };
  }
  return found?.command;
}

/** When it is due as the world stands; undefined when it is over. */
function dueDateOf(command: DueCommand, world: World): Date | undefined {
  if (command.type !== 'expire') return world.actions.get(command.actionId)?.dueAt;
  const bucket = world.buckets.get(command.bucketId);
  return bucket?.status === 'active' ? bucket.validUntil : undefined;
}

function lapseReservation(applier: Applier, id: string, now: Date): void {
  const reservation = applier.world.actions.get(id);
  if (reservation?.dueAt === undefined || reservation.dueAt > now || !isLive(reservation)) return;
  const buckets = applier.world.bucketsOf(reservation);
  const at = latest(reservation.dueAt, buckets, now);
  const posting = applier.post(lapse(reservation, buckets), reservation, at);
  applier.end(reservation, 'cancelled', impactsOf(reservation, posting), at);
}

/**
 * What remains in an expired bucket stays, out of reach until a top-up extends its validity (DESIGN §12). A suspended
 * bucket stays suspended: expired, a top-up could lift what somebody has decided.
 */
function expireBucket(applier: Applier, id: string, now: Date): void {
  const bucket = applier.world.buckets.get(id);
  const row = applier.world.bucketRows.get(id);
  if (row === undefined || bucket?.validUntil === undefined || bucket.validUntil > now || bucket.status !== 'active')
    return;
  const { nextId } = applier.tools;
  const at = latest(bucket.validUntil, [bucket], now);
  applier.put({ ...bucket, status: 'expired' });
  const { remaining, reserved, units } = bucket;
  const balance: Plain =
    units === undefined
      ? {}
      : {
          remainingValue: toPlainObject({ amount: remaining, units }),
          reservedValue: toPlainObject({ amount: reserved, units }),
        };
  const after: Plain = {
    ...row,
    ...balance,
    status: 'expired',
    revision: Number(row['revision']) + 1,
    updatedAt: at.toISOString(),
  };
  applier.tell([changeEvent('bucket', 'AttributeValueChange', withoutNulls(after), at, nextId)]);
}
