import { Prisma, type ApiKey } from '../../../prisma/generated/client.js';
import type { Database, Statements } from '../../platform/database/database.js';
import type { Principal } from '../../platform/principal.js';

/** What a server keeps in mind of a key. */
export interface KnownKey {
  readonly principal: Principal;
  readonly expiresAt: Date | undefined;
  readonly isRevoked: boolean;
}

interface KeyColumns {
  hash: string;
  tenantId: string;
  id: string;
  owned: string;
  expiresAt: string | null;
  isRevoked: boolean;
}

/** The keys with these hashes, whichever tenant they are of; those that there are, by hash. */
export function findKeys(database: Database, hashes: readonly string[]): Promise<Map<string, KnownKey>> {
  return readKeys(database, Prisma.sql`"hash" = ANY(${hashes}::text[])`);
}

/** A key by its id; undefined: there is none. */
export async function findKey(database: Database, tenantId: string, id: string): Promise<KnownKey | undefined> {
  const found = await readKeys(database, Prisma.sql`"tenantId" = ${tenantId} AND "id" = ${id}`);
  return [...found.values()][0];
}

async function readKeys(database: Database, condition: Prisma.Sql): Promise<Map<string, KnownKey>> {
  const rows = await database.read<KeyColumns>(
    Prisma.sql`
      SELECT "hash", "tenantId", "id", to_char("expiresAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "expiresAt",
        "revokedAt" IS NOT NULL AS "isRevoked", jsonb_build_object('roles', "roles", 'parties', "parties",
        'accounts', "accounts", 'logicalResources', "logicalResources")::text AS "owned"
      FROM "ApiKey" WHERE ${condition}`,
    { isPlanKept: true },
  );
  return new Map(
    rows.map(({ hash, tenantId, id, owned, expiresAt, isRevoked }) => [
      hash,
      {
        principal: {
          tenantId,
          id,
          kind: 'machine',
          keyId: id,
          ...(JSON.parse(owned) as Pick<Principal, 'roles' | 'parties' | 'accounts' | 'logicalResources'>),
        },
        expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
        isRevoked,
      },
    ]),
  );
}

/** How many keys of a tenant are not revoked. */
export async function countKeys(tx: Statements, tenantId: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    Prisma.sql`SELECT count(*)::int AS "count" FROM "ApiKey" WHERE "tenantId" = ${tenantId} AND "revokedAt" IS NULL`,
  );
  return row?.count ?? 0;
}

/** When a key was used last. */
export interface KeyUse {
  readonly tenantId: string;
  readonly id: string;
  readonly at: Date;
}

/** Notes the last uses of keys, of all tenants; what somebody else is writing is left to the next time. */
export async function writeUses(database: Database, uses: readonly KeyUse[]): Promise<void> {
  await database.transaction(
    (tx) =>
      tx.execute(Prisma.sql`
        UPDATE "ApiKey" k SET "lastUsedAt" = u."at"
        FROM (
          SELECT l."tenantId", l."id", r."at"
          FROM jsonb_to_recordset(${JSON.stringify(uses)}::jsonb) AS r("tenantId" text, "id" text, "at" timestamptz)
          JOIN "ApiKey" l ON l."tenantId" = r."tenantId" AND l."id" = r."id"
          WHERE l."lastUsedAt" IS NULL OR l."lastUsedAt" < r."at"
          FOR UPDATE OF l SKIP LOCKED
        ) u
        WHERE k."tenantId" = u."tenantId" AND k."id" = u."id"`),
    { workClass: 'job' },
  );
}

/** A key as people look it up. */
export type ListedKey = Pick<ApiKey, 'id' | 'name' | 'roles' | 'expiresAt' | 'lastUsedAt' | 'createdAt' | 'revokedAt'>;

/** Keys that are listed at most: the newest. */
const listedMax = 10_000;

/** The keys of a tenant, the newest first. */
export function listKeys(database: Database, tenantId: string): Promise<ListedKey[]> {
  return database.client.apiKey.findMany({
    where: { tenantId },
    select: { id: true, name: true, roles: true, expiresAt: true, lastUsedAt: true, createdAt: true, revokedAt: true },
    orderBy: { id: 'desc' },
    take: listedMax,
  });
}
