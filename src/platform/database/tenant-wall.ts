import { StartError } from '../start-error.js';
import type { Database, DedicatedConnection } from './database.js';
import { withLock } from './exclusively.js';

/** The setting of a connection that names the tenant whose rows it sees. A connection without it sees none. */
export const tenantSetting = 'tmf.tenant';
const policy = 'tmf_tenant';
/** Serializes servers that start at the same time. */
const ADVISORY_LOCK_KEY = 72_707_371;
/** How long to wait for whoever uses a table. */
const tableMs = 5_000;

const setting = `current_setting('${tenantSetting}', true)`;
const condition = `("tenantId" = ${setting} OR ${setting} = '*')`;

/** Row level security cannot be as ROW_LEVEL_SECURITY says. */
export class TenantWallError extends StartError {
  override readonly name = 'TenantWallError';
}

/** Statements that make a table show only rows of the tenant that the connection names, to its owner, too. */
export function raisingOf(table: string): string[] {
  return [
    `DROP POLICY IF EXISTS ${policy} ON public."${table}"`,
    `CREATE POLICY ${policy} ON public."${table}" USING ${condition} WITH CHECK ${condition}`,
    `ALTER TABLE public."${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
  ];
}

function loweringOf(table: string): string[] {
  return [
    `ALTER TABLE public."${table}" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY`,
    `DROP POLICY IF EXISTS ${policy} ON public."${table}"`,
  ];
}

/**
 * Gives every table that has a tenant its policy, or takes it away. Call it when the database is up to date. What is as it
 * should be is not touched.
 * @returns the tables that were changed
 * @throws TenantWallError when the role passes by every policy, or a table cannot be changed
 */
export async function keepTenantWall(database: Database, isOn: boolean): Promise<string[]> {
  if (database.kind === 'pglite') return [];
  return database.dedicated(async (connection) => {
    if (isOn) await requireBoundRole(connection);
    const changed: string[] = [];
    for (;;) {
      // One after the other, so that no table is locked while the next one is waited for.
      const name = await withLock(connection, ADVISORY_LOCK_KEY, () => changeNext(connection, isOn));
      if (name === undefined) return changed;
      changed.push(name);
    }
  });
}

async function changeNext(connection: DedicatedConnection, isOn: boolean): Promise<string | undefined> {
  await connection.script(`SET LOCAL lock_timeout = ${tableMs}`);
  const [table] = (await tablesOf(connection)).filter((one) => one.isWalled !== isOn && (isOn || one.hasPolicy));
  if (table === undefined) return undefined;
  await connection.script((isOn ? raisingOf(table.name) : loweringOf(table.name)).join(';')).catch((error: unknown) => {
    throw new TenantWallError(
      `cannot turn row level security ${isOn ? 'on' : 'off'} for table "${table.name}": ${(error as Error).message}`,
      { cause: error },
    );
  });
  return table.name;
}

async function requireBoundRole(connection: DedicatedConnection): Promise<void> {
  const [role] = await connection.query<{ name: string; isSuperuser: boolean; bypasses: boolean }>(
    `SELECT rolname::text AS "name", rolsuper AS "isSuperuser", rolbypassrls AS "bypasses"
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  const why = role?.isSuperuser ? 'is a superuser' : role?.bypasses ? 'has BYPASSRLS' : undefined;
  if (why !== undefined)
    throw new TenantWallError(
      `cannot use ROW_LEVEL_SECURITY 'on': the role "${role?.name}" of DATABASE_URL ${why}, and no policy holds for it; use a role of its own that owns the database (docs/operations.md)`,
    );
}

interface Table {
  readonly name: string;
  readonly hasPolicy: boolean;
  /** Whether the policy is there, and holds for the owner as well. */
  readonly isWalled: boolean;
}

/** Partitions among them: whoever names one is not asked by the policy of the whole. */
function tablesOf(connection: DedicatedConnection): Promise<Table[]> {
  return connection.query<Table>(
    `SELECT t."name", t."hasPolicy", t."hasPolicy" AND t."isForced" AS "isWalled" FROM (
       SELECT c.relname::text AS "name", c.relrowsecurity AND c.relforcerowsecurity AS "isForced",
         EXISTS (SELECT 1 FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polname = $1) AS "hasPolicy"
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenantId' AND NOT a.attisdropped
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
     ) t ORDER BY t."name"`,
    [policy],
  );
}
