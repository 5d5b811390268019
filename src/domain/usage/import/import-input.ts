import type { JsonObject } from '../../../platform/json-object.js';
import { requireOneOf } from '../../input.js';
import type { Transitions } from '../../transitions.js';
import { contentTypeOf } from '../content-types.js';

/** What becomes of the lines that can be taken when some cannot. */
const importModes = ['skipBad', 'allOrNothing'] as const;

/** Of the server, not of clients: a failed import whose file never came to its end goes on with the next upload. */
export const importTransitions: Transitions = {
  notStarted: ['running', 'failed'],
  running: ['succeeded', 'failed'],
  failed: ['running'],
  succeeded: [],
};

export interface ImportInput {
  mode?: string | null;
  contentType?: string | null;
}

/** A new task as it is kept. */
export function fromImportInput({ mode: given, contentType, ...described }: ImportInput): JsonObject {
  const mode = given ?? 'skipBad';
  requireOneOf('mode', importModes, mode);
  return { ...(described as JsonObject), mode, contentType: contentTypeOf(contentType) };
}
