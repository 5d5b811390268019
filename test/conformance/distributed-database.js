// @ts-check
/** The database that CITUS_URL names: there is one, so that whoever wants an empty one empties it. */
import pg from 'pg';

/** Its address, at the coordinator; undefined: none is given. */
export const citusUrl = process.env['CITUS_URL'] || undefined;

/**
 * Takes away all rows but those that migrations put there.
 * @param {string} url
 */
export async function emptyDatabase(url) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(`
      SELECT string_agg(c.oid::regclass::text, ', ') AS "tables" FROM pg_class c
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.oid NOT IN ('public."Tenant"'::regclass, 'public._prisma_migrations'::regclass)
        AND (c.relnamespace = 'public'::regnamespace OR c.oid = to_regclass('pgboss.job'))`);
    await client.query(`TRUNCATE ${rows[0]?.tables}`);
    await client.query(`DELETE FROM "Tenant" WHERE "id" <> 'default'`);
    await client.query(
      `UPDATE "Tenant" SET "name" = 'The operator', "state" = 'active', "settings" = NULL, "revision" = 1`,
    );
  } finally {
    await client.end();
  }
}
