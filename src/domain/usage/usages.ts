import type { Clock } from '../../platform/clock.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { ExtensionSchemas } from '../../platform/extension-schemas.js';
import type { IdSource } from '../../platform/ids.js';
import { canonicalJson, toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import type { Shape } from '../../platform/read/shape.js';
import { runCommand, type Answer } from '../../platform/write/command.js';
import { idempotencyOf } from '../../platform/write/idempotency.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { deleteRow, insertRows, lockRow, readRows, updateRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changed, requestedInput, requireRevision, type Change, type WriteContext } from '../changes.js';
import { changeEvent } from '../events.js';
import { eachOf } from '../input.js';
import { requireTransition } from '../transitions.js';
import { claimOf, claimOrigins, releaseOrigin } from './origins.js';
import { usageTransitions } from './transitions.js';
import { fromUsageChange, fromUsageInput, requireRated, type UsageInput } from './usage-input.js';
import { requireFit } from './validation.js';

export interface UsageTools {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly extensions: ExtensionSchemas;
  readonly shapes: Readonly<Record<'usage' | 'usageSpecification', Shape>>;
}

/** What became of a usage that was handed over. */
interface Taken {
  row: Plain;
  isNew: boolean;
}

/** TMF635 usages: taken once, checked by their specification, led through their lifecycle. */
export class Usages {
  constructor(
    private readonly database: Database,
    private readonly tools: UsageTools,
  ) {}

  create(context: WriteContext, input: UsageInput): Promise<Answer> {
    const given = fromUsageInput(input);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createUsage', withoutNulls(toPlainObject(input)));
    return runCommand(this.database, this.tools.clock, { tenantId: context.tenantId, idempotency }, async (tx, now) => {
      const [taken] = await this.take(tx, context.tenantId, [given], now);
      if (taken === undefined) throw new Error('a usage that was handed over was taken');
      return { answer: taken.row, events: this.created([taken], now), replayed: !taken.isNew };
    });
  }

  /** Several usages, all or none; the answer is `{ items: [...] }`. Those that were taken before are among them. */
  createMany(context: WriteContext, inputs: readonly UsageInput[]): Promise<Answer> {
    const given = eachOf(inputs, fromUsageInput);
    const idempotency = idempotencyOf(context.idempotencyKey, 'createUsages', { items: inputs.map((input) => withoutNulls(toPlainObject(input))) });
    return runCommand(this.database, this.tools.clock, { tenantId: context.tenantId, idempotency }, async (tx, now) => {
      const taken = await this.take(tx, context.tenantId, given, now);
      const replayed = taken.length > 0 && taken.every(({ isNew }) => !isNew);
      return { answer: { items: taken.map(({ row }) => row) }, events: this.created(taken, now), replayed };
    });
  }

  async update(context: WriteContext, { id, input, ifRevision }: Change): Promise<Answer> {
    const changes = fromUsageChange(input);
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'updateUsage', requestedInput(context, { id, ...changes }));
    return runCommand(this.database, this.tools.clock, { tenantId, idempotency }, async (tx, now) => {
      const before = requireRevision(await lockRow(tx, this.tools.shapes.usage, tenantId, id), 'usage', id, ifRevision);
      if (typeof changes['status'] === 'string') {
        requireTransition(usageTransitions, `usage '${id}'`, String(before['status']), changes['status']);
      }
      const after = changed(before, changes, now);
      if (after === undefined) return { answer: before, events: [] };
      requireNotBilled(before, 'changed');
      requireRated(after);
      this.tools.extensions.check(after);
      if (!isSame(before, after, ['usageCharacteristic', 'usageSpecification'])) await this.requireFits(tx, tenantId, [after]);
      await writeAll(tx, [updateRows(this.tools.shapes.usage, tenantId, Object.keys(changes), [after])]);
      return { answer: after, events: this.changedEvents(before, after, now) };
    });
  }

  async delete(context: WriteContext, id: string): Promise<Answer> {
    const { tenantId } = context;
    const idempotency = idempotencyOf(context.idempotencyKey, 'deleteUsage', { id });
    return runCommand(this.database, this.tools.clock, { tenantId, idempotency }, async (tx, now) => {
      const before = requireRevision(await lockRow(tx, this.tools.shapes.usage, tenantId, id), 'usage', id, undefined);
      requireNotBilled(before, 'deleted');
      await writeAll(tx, [deleteRow(this.tools.shapes.usage, tenantId, id), releaseOrigin(tenantId, before)]);
      return { answer: { id }, events: [changeEvent('usage', 'Delete', before, now, this.tools.nextId)] };
    });
  }

  /** Inserts those that are new, and finds those that were taken before; in the order they were handed over. */
  private async take(tx: Transaction, tenantId: string, given: readonly Plain[], now: Date): Promise<Taken[]> {
    const rows = given.map((data) => newUsage(data, this.tools.nextId(now), now));
    const claims = given.flatMap((data, index) => claimOf(data, idOf(rows[index])) ?? []);
    const earlierIds = await claimOrigins(tx, tenantId, claims);
    const fresh = rows.filter((row) => !earlierIds.has(idOf(row)));
    eachOf(fresh, (row) => this.tools.extensions.check(row));
    await this.requireFits(tx, tenantId, fresh);
    await writeAll(tx, [insertRows(this.tools.shapes.usage, tenantId, fresh)]);
    const known = new Map(fresh.map((row) => [idOf(row), row]));
    const sought = [...new Set(earlierIds.values())].filter((id) => !known.has(id));
    for (const [id, row] of await readRows(tx, this.tools.shapes.usage, tenantId, sought)) known.set(id, withoutNulls(row));
    return rows.map((row) => {
      const earlierId = earlierIds.get(idOf(row));
      const found = known.get(earlierId ?? idOf(row));
      if (found === undefined) throw new Error(`the usage ${earlierId} has a name and is not there`);
      return { row: found, isNew: earlierId === undefined };
    });
  }

  /** Where the specification is none of ours there is nothing to check by (DESIGN §8). */
  private async requireFits(tx: Transaction, tenantId: string, rows: readonly Plain[]): Promise<void> {
    const ids = new Set(rows.map(specificationIdOf));
    const specifications = await readRows(tx, this.tools.shapes.usageSpecification, tenantId, [...ids]);
    const check = (row: Plain): void => {
      const specification = specifications.get(specificationIdOf(row));
      if (specification) requireFit(row, specification);
    };
    if (rows.length === 1) rows.forEach(check);
    else eachOf(rows, check);
  }

  private created(taken: readonly Taken[], now: Date): DomainEvent[] {
    return taken.filter(({ isNew }) => isNew).map(({ row }) => changeEvent('usage', 'Create', row, now, this.tools.nextId));
  }

  /** The attribute is called status, its event StateChange (DIGEST §2d). A PATCH may be both. */
  private changedEvents(before: Plain, after: Plain, now: Date): DomainEvent[] {
    const described = ({ status, revision, updatedAt, ...rest }: Plain): string => canonicalJson(rest);
    const kinds = [
      ...(before['status'] === after['status'] ? [] : ['StateChange']),
      ...(described(before) === described(after) ? [] : ['AttributeValueChange']),
    ];
    return kinds.map((kind) => changeEvent('usage', kind, after, now, this.tools.nextId));
  }
}

function newUsage(given: Plain, id: string, now: Date): Plain {
  const at = now.toISOString();
  return { usageDate: at, ...given, id, revision: 1, updatedAt: at };
}

function idOf(row: Plain | undefined): string {
  return String(row?.['id']);
}

function specificationIdOf(row: Plain): string {
  return String((row['usageSpecification'] as Plain)['id']);
}

function isSame(before: Plain, after: Plain, attributes: readonly string[]): boolean {
  return attributes.every((name) => canonicalJson(before[name] ?? null) === canonicalJson(after[name] ?? null));
}

/** What is on a bill stays as it was billed. */
function requireNotBilled({ id, status }: Plain, what: string): void {
  if (status === 'billed') throw new DomainError('CONFLICT', `usage '${String(id)}' is billed and cannot be ${what}`, { path: 'status' });
}
