import type { Database, Transaction } from '../../platform/database/database.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import type { Refusal } from '../../platform/write/idempotency.js';
import { lockRow, readRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import {
  type Change,
  changed,
  ownRow,
  requestedInput,
  requireRevision,
  type RowChanges,
  withChanges,
  type WriteContext,
} from '../changes.js';
import { areSameIn, mapNamingElement } from '../input.js';
import type { ApplyCharges, Charge } from '../prepay-balance/index.js';
import type { ResourceChanges } from '../resource-changes.js';
import { ResourceWriter, type Done, type Writing } from '../resource-writer.js';
import { requireTransition } from '../transitions.js';
import { ratedAttributes, requireNoRate } from './billing.js';
import { chargeOf, chargesBetween } from './charging.js';
import { externalKeyOf, registerKeys } from './deduplication.js';
import { deleteKeys } from './deduplication.store.js';
import type { DeliveredUsage, ExternalKey, UsageDependencies, UsageRow } from './model.js';
import { withEarlierDigests } from './same-values.js';
import { usageTransitions } from './transitions.js';
import { fromRating, fromUsageChange, fromUsageInput, requireRated, type UsageInput } from './usage-input.js';
import { requireFit } from './validation.js';

/** What rating found. chargeTo: null charges no bucket any more, an absent one the bucket that was charged before. */
export interface Rating extends Pick<UsageInput, 'ratedProductUsage' | 'chargeTo'> {
  readonly id: string;
  readonly ifRevision?: number;
}

/** What became of a usage that was delivered. */
interface Taken {
  row: UsageRow;
  isNew: boolean;
}

/** TMF635 usages: taken once, checked by their specification, led through their lifecycle, charged to buckets. */
export class Usages extends ResourceWriter<'usage', UsageRow, UsageInput, DeliveredUsage> {
  constructor(
    database: Database,
    private readonly usageDependencies: UsageDependencies,
  ) {
    super(database, usageDependencies, {
      resource: 'usage',
      mapping: usageDependencies.mappings.usage,
      state: 'status',
      fromInput: fromUsageInput,
      fromChange: fromUsageChange,
      complete: (given) => newUsage(given, given),
      release: async (usage, { tx, tenantId }, changes) => {
        requireNotBilled(usage, 'deleted');
        requireNotCharged(usage);
        await requireNoRate(tx, tenantId, usage);
        changes.also(deleteKeys(tenantId, keysOf([usage])));
      },
    });
  }

  /** Takes a usage; one that was taken before, by its externalId and with the same data, is answered as it is now. */
  override async create(context: WriteContext, input: UsageInput): Promise<Answer<UsageRow>> {
    const given = fromUsageInput(input);
    return this.charging(
      context,
      'createUsage',
      withoutNulls(toJsonObject(input)),
      async (writing, changes, charge) => {
        const result = await this.take(writing, changes, [given], charge);
        if ('refusal' in result) return result;
        const [taken] = result.taken;
        if (taken === undefined) throw new Error('a usage that was delivered was taken');
        return { answer: taken.row, replayed: !taken.isNew };
      },
    );
  }

  /** Several usages, all or none; the answer is `{ items: [...] }`. Those that were taken before are among them. */
  override async createMany(
    context: WriteContext,
    inputs: readonly UsageInput[],
  ): Promise<Answer<{ items: UsageRow[] }>> {
    const given = mapNamingElement(inputs, fromUsageInput);
    const items = inputs.map((input) => withoutNulls(toJsonObject(input)));
    return this.charging(context, 'createUsages', { items }, async (writing, changes, charge) => {
      const result = await this.take(writing, changes, given, charge);
      if ('refusal' in result) return result;
      const { taken } = result;
      const replayed = taken.length > 0 && taken.every(({ isNew }) => !isNew);
      return { answer: { items: taken.map(({ row }) => row) }, replayed };
    });
  }

  /** The results of rating, of the first time or again: the usage becomes rated. */
  async rate(context: WriteContext, { id, ifRevision, ...rating }: Rating): Promise<Answer<UsageRow>> {
    const changes = fromRating(rating);
    return this.change(context, 'rateUsage', { id, ifRevision }, changes, () => ({
      ...changes,
      status: 'rated',
    }));
  }

  /** As of every resource, with the rules of a usage: its status, its rating, its bill, its specification and what it charges. */
  override change(
    context: WriteContext,
    operation: string,
    { id, ifRevision }: Omit<Change, 'input'>,
    asked: JsonObject | RowChanges<UsageRow>,
    toChanges: (before: UsageRow) => RowChanges<UsageRow>,
  ): Promise<Answer<UsageRow>> {
    const { mappings, extensions } = this.usageDependencies;
    const input = requestedInput(context, { id, ...(asked as JsonObject) });
    return this.charging(context, operation, input, async ({ tx, tenantId, now }, collected, charge) => {
      const before = requireRevision(
        await ownRow(tx, context, mappings.usage, await lockRow(tx, mappings.usage, tenantId, id)),
        'usage',
        id,
        ifRevision,
      );
      const changes = toChanges(before);
      if (typeof changes.status === 'string')
        requireTransition(usageTransitions, `usage '${id}'`, before.status, changes.status);
      const wanted = withChanges(before, changes);
      requireRated(wanted);
      const set = { ...changes, chargeTo: chargeOf(wanted, before) ?? null };
      const after = changed(before, set, now);
      if (after === undefined) return { answer: before };
      requireNotBilled(before, 'changed');
      if (!areSameIn(before, after, ratedAttributes)) await requireNoRate(tx, tenantId, before);
      extensions.check(after);
      if (!areSameIn(before, after, ['usageCharacteristic', 'usageSpecification']))
        await this.requireFits(tx, tenantId, [after]);
      const charged = await charge(tx, chargesBetween(before, after));
      if ('refusal' in charged) return charged;
      const adjustBalance = adjustmentsOf(charged.actions);
      const row = collected.update(mappings.usage, before, { ...set, ...adjustBalance }, { state: 'status' });
      return { answer: row ?? after };
    });
  }

  /** A command that may charge buckets. */
  private charging<Json extends JsonObject>(
    context: WriteContext,
    operation: string,
    input: JsonObject,
    work: (
      writing: Writing,
      changes: ResourceChanges,
      charge: ApplyCharges,
    ) => Promise<Done<Json> | { refusal: Refusal }>,
  ): Promise<Answer<Json>> {
    return this.usageDependencies.charges.within(context, (charge) =>
      this.run(context, operation, input, (writing, changes) => work(writing, changes, charge)),
    );
  }

  /**
   * Inserts those that are new, charging what they are to be charged to, and finds those that were taken before; in the
   * order in which they were delivered.
   */
  private async take(
    { tx, tenantId, now }: Writing,
    changes: ResourceChanges,
    given: readonly DeliveredUsage[],
    charge: ApplyCharges,
  ): Promise<{ taken: Taken[] } | { refusal: Refusal }> {
    const { mappings, nextId, extensions } = this.usageDependencies;
    const isBulk = given.length > 1;
    const rows = given.map((data) => newUsage(data, { id: nextId(now), revision: 1, updatedAt: now.toISOString() }));
    const keys = given.flatMap((data, index) => {
      const key = externalKeyOf(data, rows[index]?.id ?? '');
      return key ? [isBulk ? { ...key, element: index } : key] : [];
    });
    const byId = new Map(rows.map((row) => [row.id, row]));
    const compared = await withEarlierDigests(tx, mappings, tenantId, keys, byId, { isFile: false });
    const earlierIds = await registerKeys(tx, tenantId, compared);
    const fresh = rows.filter(({ id }) => !earlierIds.has(id));
    mapNamingElement(fresh, (row) => extensions.check(row));
    await this.requireFits(tx, tenantId, fresh);
    const charges = fresh.flatMap((row) => firstCharges(row, isBulk ? rows.indexOf(row) : undefined));
    const charged = await charge(tx, charges);
    if ('refusal' in charged) {
      // Only the record of the refusal is to stay.
      await writeAll(tx, [deleteKeys(tenantId, keysOf(fresh))]);
      return charged;
    }
    const made = fresh.map((row) => ({
      ...row,
      ...adjustmentsOf(charged.actions.filter((_, index) => charges[index]?.usageId === row.id)),
    }));
    changes.create(mappings.usage, made);
    const known = new Map(made.map((row) => [row.id, row]));
    const sought = [...new Set(earlierIds.values())].filter((id) => !known.has(id));
    for (const [id, row] of await readRows(tx, mappings.usage, tenantId, sought)) known.set(id, withoutNulls(row));
    const taken = rows.map(({ id }) => {
      const earlierId = earlierIds.get(id);
      const row = known.get(earlierId ?? id);
      // Its key stays when it goes into an archive, so that it is taken once for ever.
      if (row === undefined)
        throw new DomainError('CONFLICT', `usage '${abbreviated(earlierId ?? id)}' was taken before, and is archived`, {
          path: 'externalId',
        });
      return { row, isNew: earlierId === undefined };
    });
    return { taken };
  }

  /** A specification that is not ours gives nothing to check against. */
  private async requireFits(tx: Transaction, tenantId: string, rows: readonly UsageRow[]): Promise<void> {
    const ids = new Set(rows.map(({ usageSpecification: { id } }) => id));
    const specifications = await readRows(tx, this.usageDependencies.mappings.usageSpecification, tenantId, [...ids]);
    const check = (row: UsageRow): void => {
      const specification = specifications.get(row.usageSpecification.id);
      if (specification) requireFit(row, specification);
    };
    if (rows.length === 1) rows.forEach(check);
    else mapNamingElement(rows, check);
  }
}

/** A usage as it begins, from what was delivered. Its date is now where none is given. */
export function newUsage(
  given: DeliveredUsage,
  { id, revision, updatedAt }: Pick<UsageRow, 'id' | 'revision' | 'updatedAt'>,
): UsageRow {
  return withoutNulls<UsageRow>({
    usageDate: updatedAt,
    ...given,
    chargeTo: chargeOf(given) ?? null,
    id,
    revision,
    updatedAt,
  });
}

/** The external keys of usages that are there. */
function keysOf(usages: readonly UsageRow[]): ExternalKey[] {
  return usages.flatMap((usage) => externalKeyOf(usage, usage.id) ?? []);
}

/** What a new usage is charged; its place among several is what a refusal begins with. */
function firstCharges(row: UsageRow, index: number | undefined): Charge[] {
  return chargesBetween({}, row).map((charge) =>
    index === undefined ? charge : { ...charge, subject: `element ${index}` },
  );
}

/** The adjustments that the usage made last, as references; nothing when it made none. */
function adjustmentsOf(actions: readonly { readonly id?: unknown }[]): Pick<UsageRow, 'adjustBalance'> {
  return actions.length === 0 ? {} : { adjustBalance: actions.map(({ id }) => ({ id: String(id) })) };
}

/** What is on a bill stays as it was billed. */
function requireNotBilled({ id, status }: UsageRow, what: string): void {
  if (status === 'billed')
    throw new DomainError('CONFLICT', `usage '${id}' is billed and cannot be ${what}`, { path: 'status' });
}

/** What it consumed would be lost. */
function requireNotCharged({ id, chargeTo }: UsageRow): void {
  if (chargeTo)
    throw new DomainError(
      'CONFLICT',
      `usage '${id}' is charged to a bucket and cannot be deleted: remove its chargeTo first`,
      { path: 'chargeTo' },
    );
}
