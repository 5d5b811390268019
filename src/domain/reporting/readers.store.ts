import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Statements } from '../../platform/database/database.js';
import { StartError } from '../../platform/start-error.js';

/** A role of the database that reads reports. */
export interface ReportReader {
  readonly role: string;
  readonly tenantId: string;
}

/**
 * Lets a role that is there read the views, and only the rows of this tenant; a role that read those of another one changes over.
 * @throws StartError when there is no such role
 */
export function admitReader(database: Database, { role, tenantId }: ReportReader): Promise<void> {
  return database.transaction(async (tx) => {
    const name = await quotedRole(tx, role);
    await tx.query(Prisma.sql`
      INSERT INTO "ReportReader" ("role", "tenantId") VALUES (${role}, ${tenantId})
      ON CONFLICT ("role") DO UPDATE SET "tenantId" = excluded."tenantId"`);
    await tx.query(Prisma.raw(`GRANT USAGE ON SCHEMA reporting TO ${name}`));
    await tx.query(Prisma.raw(`GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO ${name}`));
  });
}

/**
 * Takes that back.
 * @throws StartError when the role reads no reports
 */
export function dismissReader(database: Database, role: string): Promise<void> {
  return database.transaction(async (tx) => {
    const gone = await tx.query(Prisma.sql`DELETE FROM "ReportReader" WHERE "role" = ${role} RETURNING 1`);
    if (gone.length === 0) throw new StartError(`the role '${role}' reads no reports`);
    const name = await quotedRole(tx, role).catch(() => undefined);
    // Whoever dropped the role took its rights back before.
    if (name === undefined) return;
    await tx.query(Prisma.raw(`REVOKE ALL ON ALL TABLES IN SCHEMA reporting FROM ${name}`));
    await tx.query(Prisma.raw(`REVOKE USAGE ON SCHEMA reporting FROM ${name}`));
  });
}

/** All roles that read reports, by name. */
export function listReaders(database: Database): Promise<ReportReader[]> {
  return database.query<ReportReader>(Prisma.sql`SELECT "role", "tenantId" FROM "ReportReader" ORDER BY "role"`);
}

/** As a statement names the role, which takes no parameter there. */
async function quotedRole(tx: Statements, role: string): Promise<string> {
  const [found] = await tx.query<{ name: string }>(
    Prisma.sql`SELECT quote_ident(rolname::text) AS "name" FROM pg_catalog.pg_roles WHERE rolname = ${role}`,
  );
  if (found === undefined) throw new StartError(`there is no role '${role}' in the database`);
  return found.name;
}
