import { Prisma } from '../../../../prisma/generated/client.js';
import type { Write } from '../../../platform/write/write-all.js';
import type { BalanceActionRow } from '../model.js';

/** An action, and a bucket that it names or moved. */
export interface ActionLink {
  readonly bucketId: string;
  readonly actionId: string;
}

/** No bucket has a longer id, and only an index entry of bounded length can be made of one. */
const idBytesMax = 64;

/** The buckets that an action names or moved. */
function bucketsNamedBy({ bucket, impactedBucket, receiverBucket }: BalanceActionRow): Set<string> {
  const named = [bucket?.id, receiverBucket?.id, ...(impactedBucket ?? []).map((one) => one.bucket?.id)];
  return new Set(named.filter((id) => typeof id === 'string' && Buffer.byteLength(id) <= idBytesMax) as string[]);
}

/** The links of an action that it has now, and had not before; undefined: there was no such action. */
export function newLinks(after: BalanceActionRow, before?: BalanceActionRow): ActionLink[] {
  const known = before && bucketsNamedBy(before);
  return [...bucketsNamedBy(after)]
    .filter((bucketId) => !known?.has(bucketId))
    .map((bucketId) => ({ bucketId, actionId: after.id }));
}

/** SQL that links actions to buckets; links that there are stay. */
export function insertLinks(tenantId: string, links: readonly ActionLink[]): Write {
  if (links.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "BucketAction" ("tenantId", "bucketId", "actionId")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS r("bucketId" text, "actionId" text)
    ON CONFLICT DO NOTHING`;
}

/** SQL that takes links away. */
export function deleteLinks(tenantId: string, links: readonly ActionLink[]): Write {
  if (links.length === 0) return undefined;
  return Prisma.sql`
    DELETE FROM "BucketAction" l
    USING jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS r("bucketId" text, "actionId" text)
    WHERE l."tenantId" = ${tenantId} AND l."bucketId" = r."bucketId" AND l."actionId" = r."actionId"`;
}
