import { Prisma } from '../../../prisma/generated/client.js';
import { runInWorkClass } from '../../platform/database/work-class.js';
import type { Database, Statements } from '../../platform/database/database.js';
import { operatorTenant, type TenantSettings } from './model.js';

/** What a server keeps in mind of a tenant. */
export interface KnownTenant {
  readonly id: string;
  readonly state: string;
  readonly settings: TenantSettings;
}

/** All tenants there are. */
export async function readTenants(database: Database): Promise<KnownTenant[]> {
  // What lets requests in does not wait behind them.
  const rows = await runInWorkClass('control', () =>
    database.query<{ id: string; state: string; settings: string | null }>(Prisma.sql`
      SELECT "id", "state", "settings"::text AS "settings" FROM "Tenant" WHERE "tenantId" = ${operatorTenant}`),
  );
  return rows.map(({ id, state, settings }) => ({
    id,
    state,
    settings: settings === null ? {} : (JSON.parse(settings) as TenantSettings),
  }));
}

/** The ids of all tenants, in order. */
export async function tenantsOf(database: Database): Promise<string[]> {
  return (await readTenants(database)).map(({ id }) => id).sort();
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

/** All tenants for people, by their ids. */
export function listTenants(
  database: Database,
): Promise<{ id: string; state: string; name: string; createdAt: Date }[]> {
  return database.client.tenant.findMany({
    where: { tenantId: operatorTenant },
    select: { id: true, state: true, name: true, createdAt: true },
    orderBy: { id: 'asc' },
  });
}
