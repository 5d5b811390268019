import type { AuditedWrite } from '../platform/audit/audit-record.js';
import type { Statements } from '../platform/database/database.js';
import { DomainError, abbreviated } from '../platform/errors.js';
import { canonicalJson, withoutNulls, type JsonObject } from '../platform/json-object.js';
import type { ResourceMapping } from '../platform/read/resource-mapping.js';
import type { WriteGuard } from '../platform/rights/guard.js';

// What every write of a resource has in common, whatever it is about.

/** Who writes, and under which idempotency key. */
export interface WriteContext {
  readonly tenantId: string;
  readonly idempotencyKey?: string;
  /** Whose the key is; absent: everybody's. */
  readonly keyOwner?: string;
  /** Who asks: actions, ledger entries and events say so. */
  readonly principalId: string;
  /** What may be written; absent: everything. */
  readonly guard?: WriteGuard;
  /** The record of the write, where such are kept: it is written in the same transaction. */
  readonly audit?: AuditedWrite;
  /** What the key stands for instead of the input, when the input was computed from it (a JSON Patch). */
  readonly requestedAs?: JsonObject;
}

/** A change of some attributes: null removes, absent leaves alone. */
export interface Change {
  readonly id: string;
  readonly input: object;
  readonly ifRevision?: number;
}

/** What a key stands for: the input, or what it was computed from. */
export function requestedInput({ requestedAs }: WriteContext, input: JsonObject): JsonObject {
  const { id = null } = input;
  return requestedAs ? { id, ...requestedAs } : input;
}

/** New values of some attributes of a row; null removes one, as far as it may be removed. */
export type RowChanges<Row extends JsonObject> = { [Name in keyof Row]?: Row[Name] | null };

/** Names of the attributes that are to change. */
export function namesOf<Row extends JsonObject>(changes: RowChanges<Row>): (keyof Row & string)[] {
  return Object.keys(changes);
}

/** The row with these changes; what is null is left out. */
export function withChanges<Row extends JsonObject>(before: Row, changes: RowChanges<NoInfer<Row>>): Row {
  return withoutNulls({ ...before, ...changes });
}

/** The next version of a resource; undefined when the changes change nothing: then there is no new version and no event. */
export function changed<Row extends JsonObject & { revision: number }>(
  before: Row,
  changes: RowChanges<NoInfer<Row>>,
  now: Date,
): Row | undefined {
  const after = withChanges(before, changes);
  if (canonicalJson(after) === canonicalJson(before)) return undefined;
  return { ...after, revision: before.revision + 1, updatedAt: now.toISOString() };
}

/**
 * The locked row, without what is null in it. Throws NOT_FOUND when there is none, and REVISION_MISMATCH when it is not the
 * version that the client saw.
 */
export function requireRevision<Row extends JsonObject & { revision: number }>(
  row: Row | undefined,
  what: string,
  id: string,
  ifRevision: number | null | undefined,
): Row {
  if (row === undefined) throw new DomainError('NOT_FOUND', `${what} '${abbreviated(id)}' does not exist`);
  // Null is what GraphQL makes of a variable that has no value.
  if (ifRevision !== null && ifRevision !== undefined && row.revision !== ifRevision) {
    throw new DomainError('REVISION_MISMATCH', `${what} '${id}' has revision ${row.revision}, not ${ifRevision}`);
  }
  return withoutNulls(row);
}

/** The locked row, if it is one that may be written: what is somebody else's is not there. */
export async function ownRow<Row extends JsonObject & { id: string }>(
  tx: Pick<Statements, 'query'>,
  { guard, tenantId }: Pick<WriteContext, 'guard' | 'tenantId'>,
  mapping: ResourceMapping<Row>,
  row: Row | undefined,
): Promise<Row | undefined> {
  if (!guard?.isOwnOnly || row === undefined) return row;
  return (await guard.own(tx, mapping as ResourceMapping, tenantId, [row.id])).has(row.id) ? row : undefined;
}

/** Refuses a row that would not be its writer's own. One that names no owner is held against the row it lies below. Throws FORBIDDEN. */
export function requireOwn({ guard }: Pick<WriteContext, 'guard'>, mapping: ResourceMapping, row: JsonObject): void {
  const isBelow = mapping.ownership?.below !== undefined && mapping.ownership.paths.length === 0;
  if (!guard?.isOwnOnly || isBelow || guard.isNamedBy(mapping, row)) return;
  const names = mapping.ownership?.paths.map(({ path }) => path.join('.')) ?? [];
  throw new DomainError(
    'FORBIDDEN',
    `the right ${guard.operation} is only given for what is yours: ${[...new Set(names)].join(' or ')} must name you, and nobody else as its owner`,
  );
}

/** Refuses a change of who owns a row, unless it stays its writer's own. Throws FORBIDDEN. */
export function requireStillOwn(
  context: Pick<WriteContext, 'guard'>,
  mapping: ResourceMapping,
  before: JsonObject,
  after: JsonObject,
): void {
  const owners = new Set(mapping.ownership?.paths.map(({ path }) => path[0] as string));
  const isChanged = [...owners].some(
    (name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null),
  );
  if (!isChanged || !context.guard?.isOwnOnly) return;
  // Who shares a row does not put the others out.
  requireOwn(context, mapping, before);
  requireOwn(context, mapping, after);
}
