import type { JsonObject, JsonValue } from '../../platform/json-object.js';
import type { DerivedEvent, DerivedEvents, StoredEvent } from '../../platform/write/outbox-reader.js';
import { eventTypeOf } from '../events.js';
import type { BucketState } from './decide/state.js';
import { actionKinds, type BalanceActionRow } from './model.js';

// Movements of buckets are told by events of the buckets, which are made of the events of actions when these are read: the writer
// adds what the action's own event does not say, and no row.

/** A bucket after an action: a list without names, since every event of an action carries it. Null at the end is left out. */
type Moved = [
  id: string,
  revision: number,
  usageType: string,
  status: string,
  units: string | null,
  remaining: number,
  reserved: number,
  validFrom?: string | null,
  validUntil?: string | null,
  alerts?: JsonObject | null,
];

/** What is told of a bucket that moved. */
type BucketPart = JsonObject & { id: string };

/** What the event of an action keeps of the buckets that changed with it; undefined: there are none. */
export function impactOf(buckets: Iterable<BucketState>): JsonValue | undefined {
  const moved = [...buckets].map(toMoved);
  return moved.length === 0 ? undefined : (moved as JsonValue);
}

function toMoved(bucket: BucketState): Moved {
  const { id, revision, usageType, status, units = null, remaining, reserved, validFrom, validUntil } = bucket;
  const moved: Moved = [id, revision + 1, usageType, status, units, remaining.toNumber(), reserved.toNumber()];
  const rest = [validFrom?.toISOString() ?? null, validUntil?.toISOString() ?? null, alertsOf(bucket)] as const;
  return [...moved, ...rest.slice(0, rest.findLastIndex((part) => part !== null) + 1)] as Moved;
}

/** The attributes of a bucket that its alerts have changed, as far as it has them; null: none. */
function alertsOf({ thresholds, lastReachedThreshold, depletedAt }: BucketState): JsonObject | null {
  if (thresholds.length === 0 && !lastReachedThreshold && !depletedAt) return null;
  return {
    ...(thresholds.length > 0 && { threshold: [...thresholds] }),
    ...(lastReachedThreshold && { lastReachedThreshold }),
    ...(depletedAt && { depletedAt: depletedAt.toISOString() }),
  };
}

function toBucket([
  id,
  revision,
  usageType,
  status,
  units,
  remaining,
  reserved,
  from,
  until,
  alerts,
]: Moved): BucketPart {
  return {
    id,
    revision,
    usageType,
    status,
    ...(units !== null && { remainingValue: { amount: remaining, units }, reservedValue: { amount: reserved, units } }),
    ...((from || until) && {
      validFor: { ...(from && { startDateTime: from }), ...(until && { endDateTime: until }) },
    }),
    ...alerts,
  };
}

/**
 * What can be told by the event of an action that an earlier version of this server wrote: what remained. Other events repeat
 * what the action had done before.
 */
function ofEarlierVersion({ eventType, payload }: StoredEvent): BucketPart[] {
  if (!/(Create|Cancel)Event$/.test(eventType)) return [];
  const { impactedBucket } = payload as JsonObject & Partial<Pick<BalanceActionRow, 'impactedBucket'>>;
  const buckets = new Map<string, BucketPart>();
  for (const { bucket, amountAfter } of impactedBucket ?? [])
    buckets.set(bucket.id, { ...bucket, ...(amountAfter.units !== '' && { remainingValue: amountAfter }) });
  return [...buckets.values()];
}

/** Of each bucket that changed with an action its event, with the bucket as it then stood, as far as actions change buckets. */
export const bucketEvents: DerivedEvents = {
  sources: { bucket: actionKinds },
  of(event) {
    const { impact } = event;
    const buckets = Array.isArray(impact) ? (impact as Moved[]).map(toBucket) : ofEarlierVersion(event);
    return buckets.map((payload): DerivedEvent => {
      const eventType = eventTypeOf('bucket', 'AttributeValueChange');
      return { eventType, resourceType: 'bucket', resourceId: payload.id, payload };
    });
  },
};
