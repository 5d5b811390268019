import type { Clock } from '../../platform/clock.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError, shown } from '../../platform/errors.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import { toPlainObject, type Plain } from '../../platform/plain.js';
import type { Shape } from '../../platform/read/shape.js';
import {
  findOutcome,
  insertOutcomes,
  loadOutcomes,
  type Idempotency,
  type Outcome,
  type OutcomeRow,
  type Replayable,
} from '../../platform/write/idempotency.js';
import { insertEvents, type DomainEvent } from '../../platform/write/outbox.js';
import { insertRows, updateRows } from '../../platform/write/rows.js';
import { patchableAttributes } from './actions.js';
import { book, bookRefusal, type Booking, type LedgerEntry } from './bookkeeping.js';
import type { ActionKind, BalanceCommand, CommitCommand, Locator, ReserveCommand } from './commands.js';
import { invalid } from './inputs.js';
import type { Refusal } from './refusals.js';
import { decide, isLive, isRefusal } from './rules.js';
import type { BucketState, ReservationState } from './state.js';
import * as store from './store.js';

/** One command, or several that apply together or not at all; their answer is then `{ items: [...] }`. */
export interface BalanceRequest {
  readonly commands: readonly [BalanceCommand, ...BalanceCommand[]];
  readonly isBulk: boolean;
  readonly idempotency?: Idempotency;
}

/** What a request comes to: an outcome that is kept, or a refusal that leaves no trace. */
export type BalanceResult = Replayable | { error: DomainError };

export interface BalanceTools {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  /** How the actions lie in their table. */
  readonly shapes: Readonly<Record<ActionKind, Shape>>;
}

/**
 * Applies commands, in order, inside a transaction of the caller: locks, loads, decides each on the
 * state its predecessors left, and writes everything with one statement per table. The results come in
 * the order of the requests.
 */
export async function applyIn(
  tx: Transaction,
  tools: BalanceTools,
  tenantId: string,
  requests: readonly BalanceRequest[],
): Promise<BalanceResult[]> {
  const keys = requests.flatMap(({ idempotency }) => idempotency?.key ?? []);
  const world = await load(tx, tools, tenantId, requests);
  // Under the locks: whoever held them may have decided under the same key.
  const known = await loadOutcomes(tx, tenantId, keys);
  const batch = new Batch();
  const results = requests.map((request): BalanceResult => {
    const { idempotency } = request;
    try {
      const earlier = findOutcome(known, idempotency);
      if (earlier) return { outcome: earlier, replayed: true };
      const outcome = request.isBulk ? applyAll(request.commands, world, tools, batch) : applyOne(request.commands[0], world, tools, batch);
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
  await write(tx, tools, tenantId, world, batch);
  return results;
}

/** The locked state of a batch, kept current as its commands are decided. */
interface World {
  readonly buckets: Map<string, BucketState>;
  readonly reservations: Map<string, ReservationState>;
  /** Bucket ids each locator leads to. */
  readonly candidates: Map<Locator, readonly string[]>;
}

/** What a batch will write. */
class Batch {
  readonly touched = new Set<string>();
  readonly created: Record<ActionKind, Plain[]> = { topupBalance: [], adjustBalance: [], reserveBalance: [] };
  readonly ended: Plain[] = [];
  readonly entries: LedgerEntry[] = [];
  readonly holds: (store.HoldRow & { ordinal: number })[] = [];
  readonly events: DomainEvent[] = [];
  readonly outcomes: OutcomeRow[] = [];

  add(booking: Booking): void {
    for (const { id } of booking.buckets) this.touched.add(id);
    if (booking.created) this.created[booking.created.kind].push(booking.created.row);
    if (booking.ended) this.ended.push(booking.ended.row);
    this.entries.push(...booking.entries);
    this.holds.push(...booking.holds.map((hold, ordinal) => ({ ...hold, ordinal })));
    this.events.push(...booking.events);
  }

  /** Takes over what a part of the batch has come to. */
  join(part: Batch): void {
    for (const id of part.touched) this.touched.add(id);
    for (const kind of Object.keys(part.created) as ActionKind[]) this.created[kind].push(...part.created[kind]);
    this.ended.push(...part.ended);
    this.entries.push(...part.entries);
    this.holds.push(...part.holds);
    this.events.push(...part.events);
  }
}

async function load(tx: Transaction, tools: BalanceTools, tenantId: string, requests: readonly BalanceRequest[]): Promise<World> {
  const commands = requests.flatMap((request) => request.commands);
  const locators = commands.flatMap((command) => ('locator' in command ? [command.locator] : []));
  const matches = locators.filter((locator) => locator.kind === 'match');
  const named = locators.flatMap((locator) => (locator.kind === 'bucket' ? [locator.bucketId] : []));
  const reservationIds = commands.flatMap((command) => ('reservationId' in command ? [command.reservationId] : []));

  const matched = await store.locate(tx, tenantId, matches, tools.clock.now());
  const held = await store.heldBuckets(tx, tenantId, reservationIds);
  const buckets = await store.lockBuckets(tx, tenantId, [...new Set([...named, ...matched.flat(), ...held])]);
  const confirmed = await store.locate(tx, tenantId, matches, tools.clock.now(), [...buckets.keys()]);
  const reservations = await store.lockReservations(tx, tenantId, tools.shapes.reserveBalance, reservationIds);
  for (const reservation of reservations.values()) {
    // Made by a transaction that ended after ours had asked for its buckets: for this batch it does not exist yet.
    if (reservation.holds.some(({ bucketId }) => !buckets.has(bucketId))) reservations.delete(reservation.id);
  }
  const candidates = new Map<Locator, readonly string[]>(matches.map((locator, index) => [locator, confirmed[index] ?? []]));
  return { buckets, reservations, candidates };
}

/** All or nothing: decided on a copy of the world, which becomes the world when no command is refused. */
function applyAll(commands: readonly BalanceCommand[], world: World, tools: BalanceTools, batch: Batch): Outcome {
  const trial: World = { ...world, buckets: new Map(world.buckets), reservations: new Map(world.reservations) };
  const part = new Batch();
  const answers: Plain[] = [];
  for (const [index, command] of commands.entries()) {
    // The record of a refusal is kept, whatever becomes of the others: it is decided on a batch of its own.
    const own = new Batch();
    const outcome = applyOne(command, trial, tools, own);
    if ('refusal' in outcome) {
      batch.join(own);
      return { refusal: { ...outcome.refusal, message: `element ${index}: ${outcome.refusal.message}; none was applied` } };
    }
    part.join(own);
    answers.push(outcome.answer);
  }
  for (const [id, bucket] of trial.buckets) world.buckets.set(id, bucket);
  for (const [id, reservation] of trial.reservations) world.reservations.set(id, reservation);
  batch.join(part);
  return { answer: { items: answers } };
}

function applyOne(command: BalanceCommand, world: World, tools: BalanceTools, batch: Batch): Outcome {
  const reservation = 'reservationId' in command ? world.reservations.get(command.reservationId) : undefined;
  const ids = 'locator' in command ? candidateIds(command.locator, world) : (reservation?.holds ?? []).map((hold) => hold.bucketId);
  const candidates = ids.flatMap((id) => world.buckets.get(id) ?? []);
  const now = latest(tools.clock.now(), candidates);
  if (command.type === 'release') checkRevision(command, reservation);
  if (command.type === 'reserve') checkExpiration(command, now);
  if (command.type === 'commit') checkBucket(command, reservation);

  const verdict = decide(command, { candidates, reservation, now });
  if (isRefusal(verdict)) return refuse(command, verdict, candidates, reservation, now, tools, batch);

  const booking = book(command, verdict, (id) => bucketIn(world, id), now, tools.nextId);
  for (const bucket of booking.buckets) world.buckets.set(bucket.id, bucket);
  if (verdict.ends && booking.ended) {
    const { reservation: before, status } = verdict.ends;
    world.reservations.set(before.id, { ...before, status, holds: [], snapshot: booking.ended.row });
  }
  batch.add(booking);
  return { answer: booking.answer };
}

function candidateIds(locator: Locator, world: World): readonly string[] {
  return locator.kind === 'bucket' ? [locator.bucketId] : (world.candidates.get(locator) ?? []);
}

function bucketIn(world: World, id: string): BucketState {
  const bucket = world.buckets.get(id);
  if (bucket === undefined) throw new Error(`bucket ${id} is not locked`);
  return bucket;
}

/** A bucket's clock never runs backwards, whatever the clocks of several servers say. */
function latest(now: Date, buckets: readonly BucketState[]): Date {
  return buckets.reduce((time, { lastEntryAt }) => (lastEntryAt && lastEntryAt > time ? lastEntryAt : time), now);
}

function checkRevision({ reservationId, ifRevision }: { reservationId: string; ifRevision?: number }, reservation?: ReservationState): void {
  if (reservation === undefined) throw new DomainError('NOT_FOUND', `reserveBalance '${shown(reservationId)}' does not exist`);
  const { revision } = reservation.snapshot;
  if (ifRevision !== undefined && ifRevision !== revision) {
    throw new DomainError('REVISION_MISMATCH', `reserveBalance '${reservationId}' has revision ${Number(revision)}, not ${ifRevision}`);
  }
}

/** Checked here and not with the input: the same request, repeated under its key after that date, gets its first answer. */
function checkExpiration({ expirationDate }: ReserveCommand, now: Date): void {
  if (expirationDate && expirationDate <= now) throw invalid('expirationDate', `must be in the future: ${expirationDate.toISOString()}`);
}

/** A commit acts on the buckets of its reservation; naming another one is a mistake. */
function checkBucket({ attributes }: CommitCommand, reservation?: ReservationState): void {
  const bucket = attributes['bucket'] as { id: string } | undefined;
  if (bucket === undefined || reservation === undefined || !isLive(reservation)) return;
  if (reservation.holds.some(({ bucketId }) => bucketId === bucket.id)) return;
  throw invalid('bucket', `'${bucket.id}' is not a bucket in which reserveBalance '${reservation.id}' holds anything`);
}

function refuse(
  command: BalanceCommand,
  refusal: Refusal,
  candidates: readonly BucketState[],
  reservation: ReservationState | undefined,
  now: Date,
  tools: BalanceTools,
  batch: Batch,
): Outcome {
  // The refused PATCH of an action is no action of its own: nothing is kept of it.
  if (command.type === 'release') throw new DomainError(refusal.code, refusal.message);
  const usageType = command.usageType ?? candidates[0]?.usageType ?? reservation?.usageType;
  const adjusts = command.type === 'credit' || command.type === 'debit' || command.type === 'commit';
  if (adjusts && usageType === undefined) {
    // A commit takes it from its reservation: where that does not exist, the client is told so.
    if (command.type === 'commit') throw new DomainError(refusal.code, refusal.message);
    // The record of an adjustBalance must carry a usageType (TMF654 conformance profile), and here is none to inherit.
    throw new DomainError('MISSING_ATTRIBUTE', `usageType is missing, and ${refusal.message}`, { path: 'usageType' });
  }
  const amount = command.amount ? toPlainObject(command.amount) : (reservation?.snapshot['amount'] as Plain | undefined);
  if (amount === undefined) throw new DomainError(refusal.code, refusal.message);
  const { kind, row, event } = bookRefusal({ ...command, usageType }, refusal, amount, now, tools.nextId);
  batch.created[kind].push(row);
  batch.events.push(event);
  return { refusal: { ...refusal, reference: { type: kind, id: String(row['id']) } } };
}

async function write(tx: Transaction, tools: BalanceTools, tenantId: string, world: World, batch: Batch): Promise<void> {
  const ended = batch.ended.map((row) => String(row['id']));
  await store.writeBuckets(tx, tenantId, [...batch.touched].map((id) => bucketIn(world, id)));
  for (const kind of Object.keys(batch.created) as ActionKind[]) {
    await insertRows(tx, tools.shapes[kind], tenantId, batch.created[kind]);
  }
  await updateRows(tx, tools.shapes.reserveBalance, tenantId, ['status', 'updatedAt', ...patchableAttributes.reserveBalance], batch.ended);
  await store.deleteHolds(tx, tenantId, ended);
  await store.insertHolds(tx, tenantId, batch.holds);
  await store.insertEntries(tx, tenantId, batch.entries);
  await insertEvents(tx, tenantId, batch.events);
  await insertOutcomes(tx, tenantId, tools.clock.now(), batch.outcomes);
}
