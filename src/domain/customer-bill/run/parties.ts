import { canonicalJson, type JsonObject } from '../../../platform/json-object.js';

/** Parties that one bill names. */
const partiesMax = 100;

/** Parties without those that say again who has which role, in the order in which they come first; null when there are none. */
export function distinctParties(parties: Iterable<JsonObject>): JsonObject[] | null {
  const distinct = new Map<string, JsonObject>();
  for (const party of parties) {
    if (distinct.size === partiesMax) break;
    const { id, role, atReferredType } = party;
    const key = canonicalJson([id ?? null, role ?? null, atReferredType ?? null]);
    if (!distinct.has(key)) distinct.set(key, party);
  }
  return distinct.size === 0 ? null : [...distinct.values()];
}
