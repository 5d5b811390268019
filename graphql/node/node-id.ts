import { DomainError } from '../../src/platform/errors.js';
import { isStorable } from '../../src/platform/storable-text.js';

// The id of a resource among all resources: its type and its own id, as a text that nobody has to look into. It tells by its first
// character how it is made, so that it may be made otherwise one day and be told apart.

const version = '1';

/** What stands before the id of a resource, before both are encoded; the planner has the database do so, too. */
export function nodePrefix(typeName: string): string {
  return `${version}:${typeName}:`;
}

export function nodeIdOf(typeName: string, id: string): string {
  return Buffer.from(nodePrefix(typeName) + id).toString('base64url');
}

/** A resource by its type and its id. */
export interface Named {
  readonly typeName: string;
  readonly id: string;
}

/** Which resource is meant; undefined for what nodeIdOf cannot have made. */
export function nodeIn(nodeId: unknown): Named | undefined {
  if (typeof nodeId !== 'string') return undefined;
  const parts = /^(\w+):(\w+):([^]*)$/.exec(Buffer.from(nodeId, 'base64url').toString());
  const [, made, typeName = '', id = ''] = parts ?? [];
  if (made !== version || nodeIdOf(typeName, id) !== nodeId || !isStorable(id)) return undefined;
  return { typeName, id };
}

/** The same. Throws INVALID_QUERY in its place. */
export function parseNodeId(nodeId: string): Named {
  const named = nodeIn(nodeId);
  if (named === undefined) throw notOurs(nodeId);
  return named;
}

/** The refusal of what is no nodeId of this schema. */
export function notOurs(nodeId: string): DomainError {
  const shown = nodeId.length > 40 ? `${nodeId.slice(0, 40)}...` : nodeId;
  return new DomainError('INVALID_QUERY', `id: '${shown}' is no nodeId of this server: pass what a nodeId says`, {
    path: 'id',
  });
}
