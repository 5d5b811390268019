import { DomainError, abbreviated } from '../platform/errors.js';
import { canonicalJson, withoutNulls, type JsonObject } from '../platform/json-object.js';

// What every write of a resource has in common, whatever it is about.

/** Who writes, and under which idempotency key. */
export interface WriteContext {
  readonly tenantId: string;
  readonly idempotencyKey?: string;
  /** Who asks, where that is recorded. */
  readonly principalId?: string;
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
