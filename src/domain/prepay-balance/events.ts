import type { JsonObject } from '../../platform/json-object.js';
import type { BalanceActionRow } from './model.js';

const actionEvents = ['Create', 'Cancel', 'Failure', 'AttributeValueChange', 'StatusChange', 'Delete'] as const;

/** Events of TMF654, which says StatusChange where the other APIs say StateChange. */
export const prepayBalanceEvents = {
  bucket: ['Create', 'AttributeValueChange', 'ThresholdReached', 'Depleted', 'Expiring', 'Delete'],
  topupBalance: actionEvents,
  adjustBalance: actionEvents,
  reserveBalance: actionEvents,
  transferBalance: actionEvents,
} as const;

/** What can happen to a balance action. */
export type Change = (typeof actionEvents)[number];

/** Ids of the buckets that what an event tells of has moved. */
export function movedBuckets({ payload }: { readonly payload: JsonObject }): string[] {
  const { impactedBucket } = payload as Partial<Pick<BalanceActionRow, 'impactedBucket'>>;
  return (impactedBucket ?? []).map(({ bucket }) => bucket.id);
}
