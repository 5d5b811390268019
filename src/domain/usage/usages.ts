import type { Clock } from '../../platform/clock.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { runCommand, type Answer, type CommandResult } from '../../platform/write/command.js';
import { idempotencyOf, type Idempotency, type Refusal } from '../../platform/write/idempotency.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { deleteRow, insertRows, lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { changeEvent, kindsOfChange } from '../events.js';
import { mapNamingElement } from '../input.js';
import type { ApplyCharges, Charge, Charges } from '../prepay-balance/index.js';
import { requireTransition } from '../transitions.js';
import { billedBy, requireNoRate } from './billing.js';
import { chargeOf, chargesBetween } from './charging.js';
import { claimOf, claimOrigins, releaseOrigins } from './origins.js';
import { withKnownValues } from './same.js';
import { usageTransitions } from './transitions.js';
import { fromRating, fromUsageChange, fromUsageInput, requireRated, type UsageInput } from './usage-input.js';
import { requireFit } from './validation.js';

/** The resources this domain writes. */
export const usageResources = ['usage', 'usageSpecification', 'usageImport', 'usageExport'] as const;

export interface UsageDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  readonly mappings: Readonly<Record<(typeof usageResources)[number], ResourceMapping>>;
  /** IANA zone of days and months. */
  readonly timeZone: string;
  /** Refuses a query string that is no filter of usages. */
  checkQuery(query: string): void;
  /** Through which usages consume prepay buckets. */
  readonly charges: Charges;
}

/** What rating found. chargeTo: null charges no bucket any more, an absent one the bucket that was charged before. */
export interface Rating extends Pick<UsageInput, 'ratedProductUsage' | 'chargeTo'> {
  readonly id: string;
  readonly ifRevision?: number;
}

/** What became of a usage that was handed over. */
interface Taken {
  row: JsonObject;
  isNew: boolean;
}

/** TMF635 usages: taken once, checked by their specification, led through their lifecycle. */
export class Usages {
  constructor(
    private readonly database: Database,
    private readonly dependencies: UsageDependencies,
  ) {}

  create(context: WriteContext, input: UsageInput): Promise<Answer> {
    const given = fromUsageInput(input);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createUsage', withoutNulls(toJsonObject(input)));
    return this.write(context, idempotency, async (tx, now, charge) => {
      const result = await this.take(tx, context.tenantId, [given], now, charge);
      if ('refusal' in result) return result;
      const [taken] = result.taken;
      if (taken === undefined) throw new Error('a usage that was handed over was taken');
      return { answer: taken.row, events: this.created([taken], now), replayed: !taken.isNew };
    });
  }

  /** Several usages, all or none; the answer is `{ items: [...] }`. Those that were taken before are among them. */
  createMany(context: WriteContext, inputs: readonly UsageInput[]): Promise<Answer> {
    const given = mapNamingElement(inputs, fromUsageInput);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createUsages', {
      items: inputs.map((input) => withoutNulls(toJsonObject(input))),
    });
    return this.write(context, idempotency, async (tx, now, charge) => {
      const result = await this.take(tx, context.tenantId, given, now, charge);
      if ('refusal' in result) return result;
      const { taken } = result;
      const replayed = taken.length > 0 && taken.every(({ isNew }) => !isNew);
      return { answer: { items: taken.map(({ row }) => row) }, events: this.created(taken, now), replayed };
    });
  }

  async update(context: WriteContext, change: Change): Promise<Answer> {
    const changes = fromUsageChange(change.input);
    const idempotency = idempotencyOf(
      context.idempotencyKey,
      'updateUsage',
      requestedInput(context, { id: change.id, ...changes }),
    );
    return this.change(context, idempotency, change, () => changes);
  }

  /** The results of rating, of the first time or again: the usage becomes rated. */
  async rate(context: WriteContext, { id, ifRevision, ...rating }: Rating): Promise<Answer> {
    const changes = fromRating(rating);
    const idempotency = idempotencyOf(context.idempotencyKey, 'rateUsage', { id, ...changes });
    return this.change(context, idempotency, { id, ifRevision }, () => ({ ...changes, status: 'rated' }));
  }

  private change(
    context: WriteContext,
    idempotency: Idempotency | undefined,
    { id, ifRevision }: Omit<Change, 'input'>,
    changesOf: (before: JsonObject) => JsonObject,
  ): Promise<Answer> {
    const { tenantId } = context;
    return this.write(context, idempotency, async (tx, now, charge) => {
      const before = requireRevision(
        await lockRow(tx, this.dependencies.mappings.usage, tenantId, id),
        'usage',
        id,
        ifRevision,
      );
      const changes = changesOf(before);
      if (typeof changes['status'] === 'string') {
        requireTransition(usageTransitions, `usage '${id}'`, String(before['status']), changes['status']);
      }
      const wanted = withoutNulls({ ...before, ...changes });
      requireRated(wanted);
      const set: JsonObject = { ...changes, chargeTo: chargeOf(wanted, before) ?? null };
      const after = changed(before, set, now);
      if (after === undefined) return { answer: before, events: [] };
      requireNotBilled(before, 'changed');
      if (!isSame(before, after, billedBy)) await requireNoRate(tx, tenantId, before);
      this.dependencies.extensions.check(after);
      if (!isSame(before, after, ['usageCharacteristic', 'usageSpecification']))
        await this.requireFits(tx, tenantId, [after]);
      const charged = await charge(tx, chargesBetween(before, after));
      if ('refusal' in charged) return charged;
      const row = withAdjustments(after, charged.actions);
      await writeAll(tx, [
        updateRows(this.dependencies.mappings.usage, tenantId, [...Object.keys(set), 'adjustBalance'], [row]),
      ]);
      return { answer: row, events: this.changedEvents(before, row, now) };
    });
  }

  async delete(context: WriteContext, id: string, ifRevision?: number): Promise<Answer> {
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'deleteUsage', { id });
    return runCommand(this.database, this.dependencies.clock, { tenantId, idempotency }, async (tx, now) => {
      const before = requireRevision(
        await lockRow(tx, this.dependencies.mappings.usage, tenantId, id),
        'usage',
        id,
        ifRevision,
      );
      requireNotBilled(before, 'deleted');
      requireNotCharged(before);
      await requireNoRate(tx, tenantId, before);
      await writeAll(tx, [
        deleteRow(this.dependencies.mappings.usage, tenantId, id),
        releaseOrigins(tenantId, [before]),
      ]);
      return { answer: { id }, events: [changeEvent('usage', 'Delete', before, now, this.dependencies.nextId)] };
    });
  }

  /** A write that may charge buckets. */
  private write(
    { tenantId }: WriteContext,
    idempotency: Idempotency | undefined,
    work: (tx: Transaction, now: Date, charge: ApplyCharges) => Promise<CommandResult>,
  ): Promise<Answer> {
    return this.dependencies.charges.within(tenantId, (charge) =>
      runCommand(this.database, this.dependencies.clock, { tenantId, idempotency }, (tx, now) => work(tx, now, charge)),
    );
  }

  /**
   * Inserts those that are new, charging what they are to be charged to, and finds those that were taken before; in the
   * order they were handed over.
   */
  private async take(
    tx: Transaction,
    tenantId: string,
    given: readonly JsonObject[],
    now: Date,
    charge: ApplyCharges,
  ): Promise<{ taken: Taken[] } | { refusal: Refusal }> {
    const rows = given.map((data) => newUsage(data, this.dependencies.nextId(now), now));
    const claims = given.flatMap((data, index) => {
      const claim = claimOf(data, idOf(rows[index]));
      return claim ? [given.length > 1 ? { ...claim, element: index } : claim] : [];
    });
    const byId = new Map(rows.map((row) => [idOf(row), row]));
    const earlierIds = await claimOrigins(
      tx,
      tenantId,
      await withKnownValues(tx, this.dependencies.mappings, tenantId, claims, byId, { isFile: false }),
    );
    const fresh = rows.filter((row) => !earlierIds.has(idOf(row)));
    mapNamingElement(fresh, (row) => this.dependencies.extensions.check(row));
    await this.requireFits(tx, tenantId, fresh);
    const charges = fresh.flatMap((row) => firstCharges(row, given.length > 1 ? rows.indexOf(row) : undefined));
    const charged = await charge(tx, charges);
    if ('refusal' in charged) {
      // Only the record of the refusal is to stay.
      await writeAll(tx, [releaseOrigins(tenantId, fresh)]);
      return charged;
    }
    const made = fresh.map((row) =>
      withAdjustments(
        row,
        charged.actions.filter((_, index) => charges[index]?.usageId === idOf(row)),
      ),
    );
    await writeAll(tx, [insertRows(this.dependencies.mappings.usage, tenantId, made)]);
    const known = new Map(made.map((row) => [idOf(row), row]));
    const sought = [...new Set(earlierIds.values())].filter((id) => !known.has(id));
    for (const [id, row] of await readRows(tx, this.dependencies.mappings.usage, tenantId, sought))
      known.set(id, withoutNulls(row));
    const taken = rows.map((row) => {
      const earlierId = earlierIds.get(idOf(row));
      const found = known.get(earlierId ?? idOf(row));
      if (found === undefined) throw new Error(`the usage ${earlierId} has a name and is not there`);
      return { row: found, isNew: earlierId === undefined };
    });
    return { taken };
  }

  /** Where the specification is none of ours there is nothing to check by (DESIGN §8). */
  private async requireFits(tx: Transaction, tenantId: string, rows: readonly JsonObject[]): Promise<void> {
    const ids = new Set(rows.map(specificationIdOf));
    const specifications = await readRows(tx, this.dependencies.mappings.usageSpecification, tenantId, [...ids]);
    const check = (row: JsonObject): void => {
      const specification = specifications.get(specificationIdOf(row));
      if (specification) requireFit(row, specification);
    };
    if (rows.length === 1) rows.forEach(check);
    else mapNamingElement(rows, check);
  }

  private created(taken: readonly Taken[], now: Date): DomainEvent[] {
    return taken
      .filter(({ isNew }) => isNew)
      .map(({ row }) => changeEvent('usage', 'Create', row, now, this.dependencies.nextId));
  }

  /** The attribute is called status, its event StateChange (DIGEST §2d). A PATCH may be both. */
  private changedEvents(before: JsonObject, after: JsonObject, now: Date): DomainEvent[] {
    const kinds = kindsOfChange(before, after, 'status');
    return kinds.map((kind) => changeEvent('usage', kind, after, now, this.dependencies.nextId));
  }
}

/** A usage as it begins, from what was handed over. */
export function newUsage(given: JsonObject, id: string, now: Date): JsonObject {
  const at = now.toISOString();
  return withoutNulls({ usageDate: at, ...given, chargeTo: chargeOf(given) ?? null, id, revision: 1, updatedAt: at });
}

/** What a new usage is charged; its place among several is what a refusal begins with. */
function firstCharges(row: JsonObject, index: number | undefined): Charge[] {
  return chargesBetween({}, row).map((charge) =>
    index === undefined ? charge : { ...charge, subject: `element ${index}` },
  );
}

/** Whoever reads the usage finds what moved its bucket last. */
function withAdjustments(row: JsonObject, actions: readonly JsonObject[]): JsonObject {
  return actions.length === 0 ? row : { ...row, adjustBalance: actions.map(({ id }) => ({ id: String(id) })) };
}

function idOf(row: JsonObject | undefined): string {
  return String(row?.['id']);
}

export function specificationIdOf(row: JsonObject): string {
  return String((row['usageSpecification'] as JsonObject)['id']);
}

function isSame(before: JsonObject, after: JsonObject, attributes: readonly string[]): boolean {
  return attributes.every((name) => canonicalJson(before[name] ?? null) === canonicalJson(after[name] ?? null));
}

/** What is on a bill stays as it was billed. */
function requireNotBilled({ id, status }: JsonObject, what: string): void {
  if (status === 'billed')
    throw new DomainError('CONFLICT', `usage '${String(id)}' is billed and cannot be ${what}`, { path: 'status' });
}

/** What it consumed would be lost. */
function requireNotCharged({ id, chargeTo }: JsonObject): void {
  if (chargeTo)
    throw new DomainError(
      'CONFLICT',
      `usage '${String(id)}' is charged to a bucket and cannot be deleted: remove its chargeTo first`,
      { path: 'chargeTo' },
    );
}
