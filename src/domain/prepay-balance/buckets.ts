import type { Clock } from '../../platform/clock.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import { zero } from '../../platform/decimal.js';
import { DomainError } from '../../platform/errors.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { deleteRow, insertRows, lockRow, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { requireOpeningAmount } from '../amount.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { mapNamingElement, invalid, requireName, requireValidity, type Validity } from '../input.js';
import { requireTransition } from '../transitions.js';
import { post } from './decide/bookkeeping.js';
import type { Amount } from './command/commands.js';
import { checkBalanceLimit } from './decide/refusals.js';
import { changeEvent } from './events.js';
import { completeLogicalResources, type LogicalResourceReference } from './command/input-parts.js';
import type { DueWork } from './due/due-work.js';
import type { BucketState } from './decide/state.js';
import { insertEntries, lockBuckets, writeBuckets } from './store/balance.store.js';
import { bucketTransitions } from './transitions.js';

export interface BucketInput {
  usageType?: string | null;
  status?: string | null;
  remainingValue?: Amount | null;
  reservedValue?: Amount | null;
  validFor?: Validity | null;
  logicalResource?: LogicalResourceReference[] | null;
}

export interface BucketDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  readonly mapping: ResourceMapping;
}

/** TMF654 buckets: created with an opening balance, changed in everything but their balance, deleted when empty. */
export class Buckets {
  constructor(
    private readonly database: Database,
    private readonly dueWork: DueWork,
    private readonly dependencies: BucketDependencies,
  ) {}

  /** `id` is chosen only by the seed, for the bucket that the conformance kit expects. */
  async create(context: WriteContext, input: BucketInput, id?: string): Promise<Answer> {
    checkNew(input);
    await this.dueWork.processIfDue(context.tenantId);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createBucket', withoutNulls(toJsonObject(input)));
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const { row, event } = await this.insert(tx, context.tenantId, input, id ?? this.dependencies.nextId(now), now);
        return { answer: row, events: [event] };
      },
    );
  }

  /** Several buckets, all or none; the answer is `{ items: [...] }`. */
  async createMany(context: WriteContext, inputs: readonly BucketInput[]): Promise<Answer> {
    mapNamingElement(inputs, checkNew);
    await this.dueWork.processIfDue(context.tenantId);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createBuckets', {
      items: inputs.map((input) => withoutNulls(toJsonObject(input))),
    });
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const made: { row: JsonObject; event: DomainEvent }[] = [];
        for (const input of inputs)
          made.push(await this.insert(tx, context.tenantId, input, this.dependencies.nextId(now), now));
        return { answer: { items: made.map(({ row }) => row) }, events: made.map(({ event }) => event) };
      },
    );
  }

  private async insert(
    tx: Transaction,
    tenantId: string,
    input: BucketInput,
    id: string,
    now: Date,
  ): Promise<{ row: JsonObject; event: DomainEvent }> {
    const row = newBucket(input, id, now);
    this.dependencies.extensions.check(row);
    await writeAll(tx, [insertRows(this.dependencies.mapping, tenantId, [row])]);
    if (input.remainingValue) {
      const { bucket, entry } = opening(row, input.remainingValue, now, this.dependencies.nextId);
      await writeAll(tx, [
        writeBuckets(tenantId, [bucket], now, { keepRevision: true }),
        insertEntries(tenantId, [entry]),
      ]);
    }
    return { row, event: changeEvent('bucket', 'Create', row, now, this.dependencies.nextId) };
  }

  async update(context: WriteContext, change: Change & { input: BucketInput }): Promise<Answer> {
    checkInput(change.input);
    await this.dueWork.processIfDue(context.tenantId);
    const input = toJsonObject(complete(change.input));
    const idempotency = idempotencyOf(
      context.idempotencyKey,
      'updateBucket',
      requestedInput(context, { id: change.id, ...input }),
    );
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const locked = await lockRow(tx, this.dependencies.mapping, context.tenantId, change.id);
        const before = requireRevision(locked, 'bucket', change.id, change.ifRevision);
        const { remainingValue, reservedValue, ...changes } = input;
        requireSameBalance('remainingValue', before, remainingValue);
        requireSameBalance('reservedValue', before, reservedValue);
        const set: JsonObject = { ...changes, status: statusAfter(before, changes, now) };
        const after = changed(before, set, now);
        if (after === undefined) return { answer: before, events: [] };
        this.dependencies.extensions.check(after);
        await writeAll(tx, [updateRows(this.dependencies.mapping, context.tenantId, Object.keys(set), [after])]);
        return {
          answer: after,
          events: [changeEvent('bucket', 'AttributeValueChange', after, now, this.dependencies.nextId)],
        };
      },
    );
  }

  /** Only an empty bucket may go: money does not vanish with its container (DESIGN §8). Its ledger stays. */
  async delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    await this.dueWork.processIfDue(context.tenantId);
    const idempotency = idempotencyOf(context.idempotencyKey, 'deleteBucket', { id });
    return runCommand(
      this.database,
      this.dependencies.clock,
      { tenantId: context.tenantId, idempotency },
      async (tx, now) => {
        const before = requireRevision(
          await lockRow(tx, this.dependencies.mapping, context.tenantId, id),
          'bucket',
          id,
          ifRevision,
        );
        for (const attribute of ['remainingValue', 'reservedValue']) {
          const value = before[attribute] as { amount: number; units: string } | undefined;
          if (value && value.amount !== 0) {
            throw new DomainError(
              'BUCKET_NOT_EMPTY',
              `bucket '${id}' has a ${attribute} of ${value.amount} ${value.units}: empty it first`,
            );
          }
        }
        const { autoTopup } = (await lockBuckets(tx, context.tenantId, [id], now)).buckets.get(id) ?? {};
        if (autoTopup)
          throw new DomainError(
            'CONFLICT',
            `bucket '${id}' is filled by topupBalance '${autoTopup.topupBalanceId}': cancel that first`,
          );
        await writeAll(tx, [deleteRow(this.dependencies.mapping, context.tenantId, id)]);
        return { answer: { id }, events: [changeEvent('bucket', 'Delete', before, now, this.dependencies.nextId)] };
      },
    );
  }
}

function checkInput({ status, usageType, validFor, remainingValue, reservedValue }: BucketInput): void {
  if (usageType === null) throw invalid('usageType', 'cannot be removed');
  if (usageType !== undefined) requireName('usageType', usageType);
  if (status === null) throw invalid('status', 'cannot be removed');
  if (status !== undefined && !(status in bucketTransitions)) {
    throw invalid('status', `must be one of ${Object.keys(bucketTransitions).join(', ')}: '${status}'`);
  }
  requireValidity(validFor);
  for (const [name, value] of Object.entries({ remainingValue, reservedValue })) {
    if (!value) continue;
    requireName(`${name}.units`, value.units);
    requireOpeningAmount(value.amount, `${name}.amount`);
  }
}

function checkNew(input: BucketInput): void {
  checkInput(input);
  if (input.reservedValue && !input.reservedValue.amount.isZero()) {
    throw invalid('reservedValue', 'must be zero on creation: reserve with reserveBalance');
  }
}

function complete(input: BucketInput): BucketInput {
  const { logicalResource } = input;
  return logicalResource ? { ...input, logicalResource: completeLogicalResources(logicalResource) } : input;
}

function newBucket(input: BucketInput, id: string, now: Date): JsonObject {
  const at = now.toISOString();
  const { remainingValue } = input;
  const given = toJsonObject(complete(input));
  const status = input.status ?? 'active';
  return withoutNulls({
    ...given,
    id,
    revision: 1,
    status: status === 'active' && isOver(given, now) ? 'expired' : status,
    reservedValue: remainingValue ? { amount: 0, units: remainingValue.units } : null,
    requestedDate: at,
    confirmationDate: at,
    updatedAt: at,
  });
}

/** The status that a change comes to: an expired bucket comes back with a validity that goes on, and one whose validity is over expires. */
function statusAfter(before: JsonObject, changes: JsonObject, now: Date): string {
  const was = String(before['status']);
  const isOther =
    'validFor' in changes && canonicalJson(changes['validFor'] ?? null) !== canonicalJson(before['validFor'] ?? null);
  const validity = { ...before, ...changes };
  const from = was === 'expired' && isOther && !isOver(validity, now) ? 'active' : was;
  // Who sends the status that was there says nothing of it.
  const wanted = typeof changes['status'] === 'string' && changes['status'] !== was ? changes['status'] : from;
  requireTransition(bucketTransitions, `bucket '${String(before['id'])}'`, from, wanted);
  return wanted === 'active' && isOver(validity, now) ? 'expired' : wanted;
}

function isOver({ validFor }: JsonObject, now: Date): boolean {
  const { endDateTime } = (validFor ?? {}) as { endDateTime?: string | null };
  return typeof endDateTime === 'string' && new Date(endDateTime) <= now;
}

function opening(row: JsonObject, { amount, units }: Amount, now: Date, nextId: IdSource): ReturnType<typeof post> {
  const bucketId = String(row['id']);
  const empty: BucketState = emptyState(row, units);
  const refusal = checkBalanceLimit(empty, amount, amount);
  if (refusal) throw new DomainError(refusal.code, refusal.message);
  const movement = { bucketId, entryType: 'opening' as const, units, remainingDelta: amount, reservedDelta: zero };
  return post(empty, movement, { kind: 'bucket', id: bucketId }, now, nextId);
}

function emptyState(row: JsonObject, units: string): BucketState {
  const { endDateTime } = (row['validFor'] ?? {}) as { endDateTime?: string | null };
  return {
    id: String(row['id']),
    status: String(row['status']),
    usageType: String(row['usageType']),
    units,
    remaining: zero,
    reserved: zero,
    priority: undefined,
    amountScale: 0,
    validFrom: undefined,
    validUntil: endDateTime ? new Date(endDateTime) : undefined,
    entrySequence: 0,
    lastEntryAt: undefined,
    autoTopup: undefined,
  };
}

function requireSameBalance(name: string, before: JsonObject, given: JsonObject[string] | undefined): void {
  if (given === undefined) return;
  if (canonicalJson(before[name] ?? null) === canonicalJson(given)) return;
  throw invalid(name, 'is changed only by balance actions: use adjustBalance');
}
