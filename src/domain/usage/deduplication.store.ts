import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import type { Write } from '../../platform/write/write-all.js';
import type { Digests, ExternalKey } from './model.js';

type Queries = Pick<Transaction, 'query'>;
type KeyRow = Omit<ExternalKey, 'digests'> & { digests: string };

/** Keeps keys that no usage has, and answers the ids of their usages. Sorted, so that two requests with the same keys wait for each other in one direction only. */
export async function insertKeys(
  tx: Transaction,
  tenantId: string,
  keys: readonly ExternalKey[],
): Promise<Set<string>> {
  const rows = await tx.query<{ usageId: string }>(Prisma.sql`
    INSERT INTO "UsageOrigin" ("tenantId", "source", "externalId", "usageId", "digests")
    SELECT ${tenantId}::text, r."source", r."externalId", r."usageId", r."digests"
    FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS r("source" text, "externalId" text, "usageId" text, "digests" jsonb)
    ORDER BY r."source" COLLATE "C", r."externalId" COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING "usageId"`);
  return new Set(rows.map(({ usageId }) => usageId));
}

/** The same keys as usages have them, locked against deletion, so that the usage is there when it is read. */
export async function lockKeys(
  tx: Transaction,
  tenantId: string,
  keys: readonly ExternalKey[],
): Promise<ExternalKey[]> {
  if (keys.length === 0) return [];
  const rows = await tx.query<KeyRow>(Prisma.sql`
    SELECT o."source", o."externalId", o."usageId", o."digests"::text AS "digests"
    FROM "UsageOrigin" o JOIN jsonb_to_recordset(${jsonOf(keys)}::jsonb) AS r("source" text, "externalId" text)
      ON o."source" = r."source" AND o."externalId" = r."externalId"
    WHERE o."tenantId" = ${tenantId} ORDER BY o."source", o."externalId" FOR KEY SHARE OF o`);
  return rows.map((row) => ({ ...row, digests: JSON.parse(row.digests) as Digests }));
}

/** The usage that has a key already, and what that was delivered with. */
export interface EarlierUsage {
  earlierId: string;
  digests: Digests;
}

/** Which usages have the keys already, by the ids of the usages that come with them now. */
export async function findEarlier(
  queries: Queries,
  tenantId: string,
  keys: readonly ExternalKey[],
): Promise<Map<string, EarlierUsage>> {
  if (keys.length === 0) return new Map();
  const found = await queries.query<{ usageId: string; earlierId: string; digests: string }>(Prisma.sql`
    SELECT r."usageId", o."usageId" AS "earlierId", o."digests"::text AS "digests"
    FROM jsonb_to_recordset(${jsonOf(keys)}::jsonb) AS r("source" text, "externalId" text, "usageId" text)
    JOIN "UsageOrigin" o ON o."tenantId" = ${tenantId} AND o."source" = r."source" AND o."externalId" = r."externalId"`);
  return new Map(
    found.map(({ usageId, earlierId, digests }) => [usageId, { earlierId, digests: JSON.parse(digests) as Digests }]),
  );
}

/** Frees keys; undefined when there are none. */
export function deleteKeys(tenantId: string, keys: readonly ExternalKey[]): Write {
  if (keys.length === 0) return undefined;
  return Prisma.sql`
    DELETE FROM "UsageOrigin" o USING jsonb_to_recordset(${jsonOf(keys)}::jsonb) AS r("source" text, "externalId" text)
    WHERE o."tenantId" = ${tenantId} AND o."source" = r."source" AND o."externalId" = r."externalId"`;
}

function jsonOf(keys: readonly ExternalKey[]): string {
  return JSON.stringify(keys.map(({ source, externalId, usageId }) => ({ source, externalId, usageId })));
}
