import { ownProperty } from '../../src/platform/json.js';
import { isObject } from '../body/input.js';

/** RFC 7396: objects merge, null removes, everything else (arrays too) replaces. Only what the objects have themselves counts. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergePatch(isObject(target) ? ownProperty(target, name) : undefined, value));
  }
  return Object.fromEntries(members);
}
