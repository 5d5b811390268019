import { Prisma, type Tenant } from '../../../prisma/generated/client.js';
import { runInWorkClass } from '../../platform/database/work-class.js';
import type { Database, Statements } from '../../platform/database/database.js';
import { operatorTenant, type TenantSettings } from './model.js';

/** What a server keeps in mind of a tenant. */
export interface KnownTenant {
  /** As rows have it in `tenantId`. */
  readonly id: string;
  /** As tokens and people name it ... */
  readonly handle: string;
  /** ... and as they named it before, which is let in as well. */
  readonly formerHandle: string | null;
  readonly state: string;
  readonly settings: TenantSettings;
}

/** All tenants there are, by their handles. */
export async function readTenants(database: Database): Promise<KnownTenant[]> {
  // What lets requests in does not wait behind them.
  const rows = await runInWorkClass('control', () =>
    database.query<Omit<KnownTenant, 'settings'> & { settings: string | null }>(Prisma.sql`
      SELECT "id", "handle", "formerHandle", "state", "settings"::text AS "settings" FROM "Tenant"
      WHERE "tenantId" = ${operatorTenant} ORDER BY "handle"`),
  );
  return rows.map(({ settings, ...row }) => ({
    ...row,
    settings: settings === null ? {} : (JSON.parse(settings) as TenantSettings),
  }));
}

/** Tenants that any of these texts name, by id, handle or former handle. Ask it behind countTenants. */
export function findTenantsNamed(tx: Statements, names: readonly string[]): Promise<{ id: string; name: string }[]> {
  return tx.query(Prisma.sql`
    SELECT t."id", n."name" FROM "Tenant" t JOIN unnest(${[...names]}::text[]) n("name") ON n."name" IN (t."id", t."handle", t."formerHandle")
    WHERE t."tenantId" = ${operatorTenant}`);
}

/** How many tenants there are; those who ask for it in their transactions wait for each other. */
export async function countTenants(tx: Statements): Promise<number> {
  await tx.query(
    Prisma.sql`SELECT "id" FROM "Tenant" WHERE "tenantId" = ${operatorTenant} AND "id" = ${operatorTenant} FOR UPDATE`,
  );
  const [row] = await tx.query<{ count: number }>(
    Prisma.sql`SELECT count(*)::int AS "count" FROM "Tenant" WHERE "tenantId" = ${operatorTenant}`,
  );
  return row?.count ?? 0;
}

/** A tenant as people look it up. */
export type ListedTenant = Pick<Tenant, 'id' | 'handle' | 'formerHandle' | 'state' | 'name' | 'createdAt'>;

/** All tenants for people, by their handles. */
export function listTenants(database: Database): Promise<ListedTenant[]> {
  return database.client.tenant.findMany({
    where: { tenantId: operatorTenant },
    select: { id: true, handle: true, formerHandle: true, state: true, name: true, createdAt: true },
    orderBy: { handle: 'asc' },
  });
}
