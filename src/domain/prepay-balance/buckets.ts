import type { Database, Transaction } from '../../platform/database/database.js';
import { zero, type Decimal } from '../../platform/decimal.js';
import { DomainError } from '../../platform/errors.js';
import type { IdSource } from '../../platform/ids.js';
import { canonicalJson, toJsonForm, toJsonObject, withoutNulls } from '../../platform/json-object.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { deleteRow, insertRows, lockRow, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { requireOpeningAmount } from '../amount.js';
import {
  changed,
  namesOf,
  ownRow,
  requestedInput,
  requireOwn,
  requireRevision,
  requireStillOwn,
  withChanges,
  type Change,
  type RowChanges,
  type WriteContext,
} from '../changes.js';
import { Names, namesSomebody, writesOfNames } from '../customer-directory/index.js';
import {
  invalid,
  isGiven,
  mapNamingElement,
  missing,
  requireIndexable,
  requireName,
  requireValidity,
  type Validity,
} from '../input.js';
import type { Quantity } from '../row.js';
import { isOver, statusAfter } from './bucket-status.js';
import { completeLogicalResources } from './command/input-parts.js';
import { post } from './decide/bookkeeping.js';
import { checkBalanceLimit } from './decide/refusals.js';
import type { BucketState } from './decide/state.js';
import type { BalanceDependencies } from './dependencies.js';
import type { DueWork } from './due/due-work.js';
import { changeEvent } from '../events.js';
import type { Amount, BucketRow, BucketThreshold } from './model.js';
import { lockBuckets, writeBuckets } from './store/bucket.store.js';
import { groupingAttributes, groupOwned, leaveGroups } from './store/group.store.js';
import { insertEntries } from './store/ledger.store.js';
import { checkThresholds, startThresholds, type ThresholdInput } from './thresholds.js';

/** What a request says of a bucket; null removes. */
export interface BucketInput extends Omit<
  RowChanges<BucketRow>,
  | 'id'
  | 'revision'
  | 'updatedAt'
  | 'requestedDate'
  | 'confirmationDate'
  | 'remainingValue'
  | 'reservedValue'
  | 'validFor'
  | 'threshold'
  | 'lastReachedThreshold'
  | 'depletedAt'
> {
  remainingValue?: Amount | null;
  reservedValue?: Amount | null;
  validFor?: Validity | null;
  threshold?: ThresholdInput[] | null;
}

/** A change of a bucket; null removes. */
type BucketChange = Change & { readonly input: BucketInput };

/** TMF654 buckets: created with an opening balance, changed in everything but their balance, deleted when empty. */
export class Buckets {
  constructor(
    private readonly database: Database,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /** `id` is given only by the seed, for the bucket that the conformance kit expects. */
  async create(context: WriteContext, input: BucketInput, id?: string): Promise<Answer> {
    checkNew(input);
    const { tenantId } = context;
    await this.dueWork.processIfDue(tenantId);
    const idempotency = idempotencyOf(context, 'createBucket', withoutNulls(toJsonObject(input)));
    const { clock, nextId } = this.dependencies;
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const { row, event } = await this.insert(tx, context, input, id ?? nextId(now), now);
      return { answer: row, events: [event] };
    });
  }

  /** Several buckets, all or none; the answer is `{ items: [...] }`. */
  async createMany(context: WriteContext, inputs: readonly BucketInput[]): Promise<Answer> {
    mapNamingElement(inputs, checkNew);
    const { tenantId } = context;
    await this.dueWork.processIfDue(tenantId);
    const items = inputs.map((input) => withoutNulls(toJsonObject(input)));
    const idempotency = idempotencyOf(context, 'createBuckets', { items });
    const { clock, nextId } = this.dependencies;
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const made: { row: BucketRow; event: DomainEvent }[] = [];
      for (const input of inputs) made.push(await this.insert(tx, context, input, nextId(now), now));
      return { answer: { items: made.map(({ row }) => row) }, events: made.map(({ event }) => event) };
    });
  }

  private async insert(
    tx: Transaction,
    context: WriteContext,
    input: BucketInput,
    id: string,
    now: Date,
  ): Promise<{ row: BucketRow; event: DomainEvent }> {
    const { extensions, mappings, nextId } = this.dependencies;
    const { tenantId } = context;
    const row = newBucket(input, id, now);
    requireOwn(context, mappings.bucket, row);
    extensions.check(row);
    const names = new Names().add(mappings.bucket.name, [row]);
    await writeAll(tx, [
      ...writesOfNames(tenantId, names),
      insertRows(mappings.bucket, tenantId, [row]),
      ...groupOwned(tenantId, row),
    ]);
    if (input.remainingValue) {
      const { bucket, entry } = opening(row, input.remainingValue, context.principalId, now, nextId);
      await writeAll(tx, [
        writeBuckets(tenantId, [bucket], now, { keepRevision: true }),
        insertEntries(tenantId, [entry]),
      ]);
    }
    return { row, event: changeEvent('bucket', 'Create', row, now, nextId) };
  }

  /** Changes a bucket in everything but its balance, which only balance actions change. */
  async update(context: WriteContext, { id, input, ifRevision }: BucketChange): Promise<Answer> {
    checkInput(input);
    const { tenantId } = context;
    await this.dueWork.processIfDue(tenantId);
    const asked = toJsonForm(withLogicalResources(input));
    const idempotency = idempotencyOf(context, 'updateBucket', requestedInput(context, { id, ...asked }));
    const { clock, extensions, mappings, nextId } = this.dependencies;
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const locked = await ownRow(tx, context, mappings.bucket, await lockRow(tx, mappings.bucket, tenantId, id));
      const before = requireRevision(locked, 'bucket', id, ifRevision);
      const { remainingValue, reservedValue, ...changes } = asked;
      requireSameValue('remainingValue', before, remainingValue);
      requireSameValue('reservedValue', before, reservedValue);
      const set: RowChanges<BucketRow> = {
        ...changes,
        status: statusAfter(before, changes, now),
        ...(changes.threshold && { threshold: await this.thresholdsOf(tx, tenantId, before, changes.threshold, now) }),
      };
      const after = changed(before, set, now);
      if (after === undefined) return { answer: before, events: [] };
      requireStillOwn(context, mappings.bucket, before, after);
      extensions.check(after);
      const attributes = namesOf<BucketRow>(set);
      const names = new Names().add(
        mappings.bucket.name,
        namesSomebody(mappings.bucket.name, attributes) ? [after] : [],
      );
      await writeAll(tx, [
        ...writesOfNames(tenantId, names),
        updateRows(mappings.bucket, tenantId, attributes, [after]),
        ...(attributes.some((name) => groupingAttributes.has(name)) ? groupOwned(tenantId, after, before) : []),
      ]);
      return { answer: after, events: [changeEvent('bucket', 'AttributeValueChange', after, now, nextId)] };
    });
  }

  private async thresholdsOf(
    tx: Transaction,
    tenantId: string,
    { id, threshold }: BucketRow,
    given: readonly BucketThreshold[],
    now: Date,
  ): Promise<BucketThreshold[]> {
    const state = (await lockBuckets(tx, tenantId, [id], now)).buckets.get(id);
    if (state === undefined) throw new Error(`bucket ${id} is locked`);
    return startThresholds(given, threshold ?? [], state, now);
  }

  /** Deletes an empty bucket: money must not vanish with its container. Its ledger stays. */
  async delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    const { tenantId } = context;
    await this.dueWork.processIfDue(tenantId);
    const idempotency = idempotencyOf(context, 'deleteBucket', { id });
    const { clock, mappings, nextId } = this.dependencies;
    return runCommand(this.database, clock, { ...context, idempotency }, async (tx, now) => {
      const locked = await ownRow(tx, context, mappings.bucket, await lockRow(tx, mappings.bucket, tenantId, id));
      const before = requireRevision(locked, 'bucket', id, ifRevision);
      for (const attribute of ['remainingValue', 'reservedValue'] as const) {
        const value = before[attribute];
        if (value && value.amount !== 0) {
          throw new DomainError(
            'BUCKET_NOT_EMPTY',
            `bucket '${id}' has a ${attribute} of ${value.amount} ${value.units}: empty it first`,
          );
        }
      }
      const { autoTopup } = (await lockBuckets(tx, tenantId, [id], now)).buckets.get(id) ?? {};
      if (autoTopup)
        throw new DomainError(
          'CONFLICT',
          `bucket '${id}' is filled by topupBalance '${autoTopup.topupBalanceId}': cancel that first`,
        );
      await writeAll(tx, [deleteRow(mappings.bucket, tenantId, id), leaveGroups(tenantId, before)]);
      return { answer: { id }, events: [changeEvent('bucket', 'Delete', before, now, nextId)] };
    });
  }
}

function checkInput(input: BucketInput): void {
  const { name, status, usageType, validFor, remainingValue, reservedValue, threshold } = input;
  if (usageType === null) throw invalid('usageType', 'cannot be removed');
  if (usageType !== undefined) requireName('usageType', usageType);
  if (isGiven(name)) requireIndexable('name', name);
  if (status === null) throw invalid('status', 'cannot be removed');
  requireValidity(validFor);
  if (threshold) checkThresholds(threshold);
  for (const [path, value] of Object.entries({ remainingValue, reservedValue })) {
    if (!value) continue;
    requireName(`${path}.units`, value.units);
    requireOpeningAmount(value.amount, `${path}.amount`);
  }
}

function checkNew(input: BucketInput): void {
  checkInput(input);
  if (input.reservedValue && !input.reservedValue.amount.isZero()) {
    throw invalid('reservedValue', 'must be zero on creation: reserve with reserveBalance');
  }
}

/** A logical resource that is named by its value has that as its id. */
function withLogicalResources(input: BucketInput): BucketInput {
  const { logicalResource } = input;
  return logicalResource ? { ...input, logicalResource: completeLogicalResources(logicalResource) } : input;
}

function newBucket(input: BucketInput, id: string, now: Date): BucketRow {
  const at = now.toISOString();
  const { remainingValue, usageType } = input;
  if (!usageType) throw missing('usageType', 'it says what the bucket counts');
  const row = {
    id,
    revision: 1,
    usageType,
    status: input.status ?? 'active',
    requestedDate: at,
    confirmationDate: at,
    updatedAt: at,
  };
  const asked = toJsonForm(withLogicalResources(input));
  const { amount: remaining = zero, units } = remainingValue ?? {};
  const level = { units, remaining, lastCredit: creditOf(remaining) };
  const bucket = withChanges<BucketRow>(row, {
    ...asked,
    ...(asked.threshold && { threshold: startThresholds(asked.threshold, [], level, now) }),
    status: row.status,
    reservedValue: remainingValue ? { amount: 0, units: remainingValue.units } : null,
  });
  return bucket.status === 'active' && isOver(bucket, now) ? { ...bucket, status: 'expired' } : bucket;
}

/** The opening balance, as the first entry of the ledger. */
function opening(
  row: BucketRow,
  { amount, units }: Amount,
  principalId: string,
  now: Date,
  nextId: IdSource,
): ReturnType<typeof post> {
  const empty = emptyState(row, units);
  const refusal = checkBalanceLimit(empty, amount, amount);
  if (refusal) throw new DomainError(refusal.code, refusal.message);
  const movement = {
    bucketId: row.id,
    entryType: 'opening' as const,
    units,
    remainingDelta: amount,
    reservedDelta: zero,
  };
  const posted = post(empty, movement, { kind: 'bucket', id: row.id, principalId }, now, nextId);
  return { ...posted, bucket: { ...posted.bucket, lastCredit: creditOf(amount) } };
}

/** An opening balance counts as a credit, unless it is zero. */
function creditOf(opening: Decimal): Decimal | undefined {
  return opening.isZero() ? undefined : opening;
}

function emptyState({ id, revision, status, usageType, validFor, threshold }: BucketRow, units: string): BucketState {
  const end = validFor?.endDateTime;
  return {
    id,
    revision,
    status,
    usageType,
    units,
    remaining: zero,
    reserved: zero,
    priority: undefined,
    amountScale: 0,
    validFrom: undefined,
    validUntil: end ? new Date(end) : undefined,
    entrySequence: 0,
    lastEntryAt: undefined,
    autoTopup: undefined,
    thresholds: threshold ?? [],
    lastReachedThreshold: undefined,
    lastCredit: undefined,
    depletedAt: undefined,
  };
}

function requireSameValue(
  name: 'remainingValue' | 'reservedValue',
  before: BucketRow,
  given: Quantity | null | undefined,
): void {
  if (given === undefined) return;
  if (canonicalJson(before[name] ?? null) === canonicalJson(given)) return;
  throw invalid(name, 'is changed only by balance actions: use adjustBalance');
}
