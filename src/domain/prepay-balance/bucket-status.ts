import { canonicalJson } from '../../platform/json-object.js';
import { withChanges, type RowChanges } from '../changes.js';
import { requireTransition } from '../transitions.js';
import type { BucketRow } from './model.js';
import { bucketTransitions } from './transitions.js';

/**
 * The status that a change comes to: an expired bucket becomes active with a new validity, and one whose validity is over
 * expires.
 */
export function statusAfter(before: BucketRow, changes: RowChanges<BucketRow>, now: Date): string {
  const was = before.status;
  const isOther =
    'validFor' in changes && canonicalJson(changes.validFor ?? null) !== canonicalJson(before.validFor ?? null);
  const after = withChanges(before, changes);
  const from = was === 'expired' && isOther && !isOver(after, now) ? 'active' : was;
  // A status that is sent back as it was is no wish.
  const wanted = changes.status && changes.status !== was ? changes.status : from;
  requireTransition(bucketTransitions, `bucket '${before.id}'`, from, wanted);
  return wanted === 'active' && isOver(after, now) ? 'expired' : wanted;
}

/** Whether its validity has ended. */
export function isOver({ validFor }: BucketRow, now: Date): boolean {
  const end = validFor?.endDateTime;
  return typeof end === 'string' && new Date(end) <= now;
}
