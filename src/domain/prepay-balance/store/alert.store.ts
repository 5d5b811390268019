import { Prisma } from '../../../../prisma/generated/client.js';
import { toJsonForm, type JsonObject } from '../../../platform/json-object.js';
import { identifier, selectList } from '../../../platform/read/columns.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { insertEventsFrom } from '../../../platform/write/outbox.js';
import type { Write } from '../../../platform/write/write-all.js';
import { eventTypeOf } from '../../events.js';
import type { BucketAlert } from '../decide/alerts.js';
import type { BucketRow } from '../model.js';

/** An alert as it is told: the id of its event, and whose action led to it. */
export interface ToldAlert extends BucketAlert {
  readonly id: string;
  readonly principalId: string;
}

/**
 * Writes the events of buckets that run low. What an action changes of the bucket is known; the rest of what the event shows
 * is taken from the row by the same statement, so that no bucket is read on the chance that it runs low.
 */
export function insertAlerts(
  mapping: ResourceMapping<BucketRow>,
  tenantId: string,
  alerts: readonly ToldAlert[],
): Write {
  if (alerts.length === 0) return undefined;
  const told = alerts.map((alert) => ({
    id: alert.id,
    eventType: eventTypeOf('bucket', alert.change),
    bucketId: alert.bucket.id,
    occurredAt: alert.at,
    principalId: alert.principalId,
    known: knownOf(alert),
  }));
  return insertEventsFrom(
    tenantId,
    Prisma.sql`(
      SELECT a."id", a."eventType", 'bucket' AS "resourceType", a."bucketId" AS "resourceId", a."occurredAt", a."principalId",
        (SELECT jsonb_object_agg(p."key", p."value") FROM jsonb_each(to_jsonb(s) || a."known") p
          WHERE p."value" <> 'null'::jsonb) AS "payload"
      FROM jsonb_to_recordset(${JSON.stringify(told)}::jsonb) AS a(
        "id" text, "eventType" text, "bucketId" text, "occurredAt" timestamptz, "principalId" text, "known" jsonb)
      JOIN "Bucket" b ON b."tenantId" = ${tenantId} AND b."id" = a."bucketId"
      CROSS JOIN LATERAL (SELECT ${Prisma.raw(rowOf(mapping))}, b."revision" + 1 AS "revision") s) r`,
  );
}

/** What the engine changes of a bucket, as it stands after the action; null is absent. */
function knownOf({ bucket, at }: BucketAlert): JsonObject {
  const { remaining, reserved, units = '', status, validFrom, validUntil, thresholds } = bucket;
  const validFor = {
    ...(validFrom && { startDateTime: validFrom.toISOString() }),
    ...(validUntil && { endDateTime: validUntil.toISOString() }),
  };
  return {
    remainingValue: toJsonForm({ amount: remaining, units }),
    reservedValue: toJsonForm({ amount: reserved, units }),
    status,
    validFor: Object.keys(validFor).length > 0 ? validFor : null,
    threshold: thresholds.length > 0 ? [...thresholds] : null,
    lastReachedThreshold: bucket.lastReachedThreshold ?? null,
    depletedAt: bucket.depletedAt?.toISOString() ?? null,
    updatedAt: at.toISOString(),
  };
}

/** The select list of the other attributes, in the form that rows have. */
function rowOf(mapping: ResourceMapping<BucketRow>): string {
  const names = Object.keys(mapping.attributes).filter(
    (name) => !mapping.computed.includes(name) && name !== 'revision',
  );
  const isInstant = (name: string): boolean => {
    const type = mapping.attributes[name]?.type;
    return type?.kind === 'scalar' && type.type === 'dateTime';
  };
  const instants = names
    .filter(isInstant)
    .map(
      (name) =>
        `to_char(b.${identifier(name)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${identifier(name)}`,
    );
  const others = names.filter((name) => !isInstant(name));
  return [selectList(mapping as ResourceMapping, 'b', others), ...instants].join(', ');
}
