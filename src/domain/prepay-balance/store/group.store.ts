import { Prisma } from '../../../../prisma/generated/client.js';
import type { Write } from '../../../platform/write/write-all.js';
import type { BucketRow } from '../model.js';

// A group has the buckets of one owner that count the same in the same units ("balanceGroupsOf"). It has a row for each bucket that
// began it, so that transactions that begin the same one do not wait for each other.

const owners = ['logicalResource', 'partyAccount', 'product', 'relatedParty'] as const;

/** Attributes by which a bucket belongs to its groups. */
export const groupingAttributes: ReadonlySet<string> = new Set(['usageType', ...owners]);

/** The groups n of rows r under these names. */
const groupsOf = (alias: string): Prisma.Sql =>
  Prisma.raw(
    `"balanceGroupsOf"(${alias}."usageType", ${alias}."units", ${owners.map((name) => `${alias}."${name}"`).join(', ')})`,
  );

/** The bucket as rows r. */
function recordOf({ id, usageType, remainingValue, ...row }: BucketRow): Prisma.Sql {
  const record = {
    id,
    usageType,
    units: remainingValue?.units,
    ...Object.fromEntries(owners.map((name) => [name, row[name]])),
  };
  // The limit tells the planner that it is one.
  return Prisma.sql`(SELECT * FROM jsonb_to_recordset(${JSON.stringify([record])}::jsonb) AS r(
      "id" text, "usageType" text, "units" text, "logicalResource" jsonb, "partyAccount" jsonb, "product" jsonb, "relatedParty" jsonb) LIMIT 1) r`;
}

/** SQL that makes rows r members of their groups n: `from` has both. */
function join(tenantId: string, from: Prisma.Sql): Write[] {
  return [
    Prisma.sql`
    INSERT INTO "BalanceGroupBucket" ("tenantId", "groupId", "bucketId")
    SELECT ${tenantId}::text, n."groupId", r."id" FROM ${from}
    ON CONFLICT DO NOTHING`,
    // Groups are looked up one by one: a join would be planned for as few as there were when it was planned. The id says it all, but
    // with the usageType either index leads straight there.
    Prisma.sql`
    INSERT INTO "BalanceGroup" ("tenantId", "id", "bucketId", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
    SELECT ${tenantId}::text, n."groupId", r."id", r."usageType", r."units",
      ${told('logicalResource')}, ${told('partyAccount')}, ${told('product')}, ${told('relatedParty')}
    FROM ${from}
    WHERE (
      SELECT TRUE FROM "BalanceGroup" g WHERE g."tenantId" = ${tenantId} AND g."usageType" = r."usageType" AND g."id" = n."groupId" LIMIT 1
    ) IS NULL
    ON CONFLICT DO NOTHING`,
  ];
}

/** What a group n tells of its owner in the column of this attribute. */
function told(attribute: (typeof owners)[number]): Prisma.Sql {
  // Within CASE, Citus takes only what is immutable: jsonb_build_array is not.
  const reference = attribute === 'partyAccount' ? 'n."reference"' : `jsonb_insert('[]', '{0}', n."reference")`;
  return Prisma.raw(`CASE WHEN n."attribute" = '${attribute}' THEN ${reference} END`);
}

/** Makes buckets members of their groups that have just got their units, which is what balance actions do. */
export function groupCounting(
  tenantId: string,
  buckets: readonly { readonly id: string; readonly units: string }[],
): Write[] {
  if (buckets.length === 0) return [];
  return join(
    tenantId,
    Prisma.sql`(
      SELECT b."id", b."usageType", u."units", b."logicalResource", b."partyAccount", b."product", b."relatedParty"
      FROM "Bucket" b JOIN jsonb_to_recordset(${JSON.stringify(buckets)}::jsonb) AS u("id" text, "units" text) ON b."id" = u."id"
      WHERE b."tenantId" = ${tenantId}
    ) r CROSS JOIN LATERAL ${groupsOf('r')} n`,
  );
}

/**
 * Makes a bucket whose owners were written a member of its groups, and of those alone: `before` is as it was. The groups then
 * tell of their owner what it tells.
 */
export function groupOwned(tenantId: string, after: BucketRow, before?: BucketRow): Write[] {
  const from = Prisma.sql`${recordOf(after)} CROSS JOIN LATERAL ${groupsOf('r')} n`;
  return [
    before && leave(tenantId, before, Prisma.sql`EXCEPT SELECT n."groupId" FROM ${from}`),
    ...join(tenantId, from),
    // The offset has the groups of the bucket found once, and not for each group of the tenant.
    Prisma.sql`
    UPDATE "BalanceGroup" g SET "logicalResource" = ${told('logicalResource')}, "partyAccount" = ${told('partyAccount')},
      "product" = ${told('product')}, "relatedParty" = ${told('relatedParty')}
    FROM (SELECT r."usageType", n.* FROM ${from} OFFSET 0) n
    WHERE g."tenantId" = ${tenantId} AND g."usageType" = n."usageType" AND g."id" = n."groupId"
      AND n."reference" IS DISTINCT FROM COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)`,
  ];
}

/** SQL that takes a bucket out of its groups. */
export function leaveGroups(tenantId: string, bucket: BucketRow): Write {
  return leave(tenantId, bucket, Prisma.empty);
}

function leave(tenantId: string, bucket: BucketRow, but: Prisma.Sql): Write {
  return Prisma.sql`
    DELETE FROM "BalanceGroupBucket" WHERE "tenantId" = ${tenantId} AND "bucketId" = ${bucket.id} AND "groupId" = ANY(ARRAY(
      SELECT r."groupId" FROM (SELECT n."groupId" FROM ${recordOf(bucket)} CROSS JOIN LATERAL ${groupsOf('r')} n) r ${but}))`;
}
