import { identifier, literal } from '../read/columns.js';
import type { DedicatedConnection } from './database.js';

// What hangs on a table, as statements that make it again for one of the same name.

type Connection = Pick<DedicatedConnection, 'query'>;

/** What is to be done for a table that takes the place, and the name, of another one. */
export interface TableParts {
  /** The key, and the indexes. */
  readonly indexes: readonly { readonly name: string; readonly make: string }[];
  readonly triggers: readonly { readonly name: string; readonly make: string }[];
  /** Options of columns, rights of roles. */
  readonly others: readonly string[];
  /** Functions and views that name it, in the order in which they need each other. */
  readonly dependents: readonly string[];
  /** Functions that take a row of it: of another table it is another type, so they are made beside these. */
  readonly functionsOfRow: readonly string[];
}

/** Reads what hangs on a table of the schema public, while it has its name. */
export async function readParts(connection: Connection, table: string): Promise<TableParts> {
  const whole = `public.${identifier(table)}`;
  const ofTable = `${literal(whole)}::regclass`;
  const indexes = await connection.query<{ name: string; make: string }>(
    `SELECT c.relname::text AS "name", COALESCE('ALTER TABLE ${whole.replaceAll("'", "''")} ADD CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid),
       pg_get_indexdef(i.indexrelid)) AS "make"
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
     WHERE i.indrelid = ${ofTable} AND i.indisvalid ORDER BY i.indisprimary DESC, 1`,
  );
  const triggers = await connection.query<{ name: string; make: string }>(
    `SELECT tgname::text AS "name", pg_get_triggerdef(oid) AS "make" FROM pg_trigger
     WHERE tgrelid = ${ofTable} AND NOT tgisinternal ORDER BY 1`,
  );
  const grants = await connection.query<{ make: string }>(
    `SELECT format('GRANT %s ON ${whole.replaceAll("'", "''").replaceAll('%', '%%')} TO %s', a.privilege_type, COALESCE(quote_ident(r.rolname), 'PUBLIC')) AS "make"
     FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.oid = ${ofTable} AND a.grantee <> c.relowner`,
  );
  const dependents = await connection.query<{ make: string; rowFunction: string | null }>(
    `WITH RECURSIVE found("class", "oid", "depth") AS (
       SELECT d.classid, d.objid, 1 FROM pg_depend d JOIN pg_class c ON c.oid = ${ofTable} AND d.refobjid IN (c.oid, c.reltype)
       WHERE d.classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass)
       UNION ALL SELECT d.classid, d.objid, f."depth" + 1 FROM found f
       LEFT JOIN pg_rewrite w ON f."class" = 'pg_rewrite'::regclass AND w.oid = f."oid"
       JOIN pg_depend d ON d.refobjid = COALESCE(w.ev_class, f."oid") AND d.objid <> f."oid"
       WHERE d.classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass) AND f."depth" < 20
     ), latest AS (SELECT "class", "oid", max("depth") AS "depth" FROM found GROUP BY 1, 2)
     SELECT CASE WHEN p.oid IS NOT NULL THEN pg_get_functiondef(p.oid) ELSE
         format('CREATE OR REPLACE VIEW %s%s AS %s', v.oid::regclass, ' WITH (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)) END AS "make",
       CASE WHEN (SELECT reltype FROM pg_class WHERE oid = ${ofTable}) = ANY(p.proargtypes) THEN p.oid::text END AS "rowFunction"
     FROM latest l LEFT JOIN pg_proc p ON l."class" = 'pg_proc'::regclass AND p.oid = l."oid"
     LEFT JOIN pg_rewrite w ON l."class" = 'pg_rewrite'::regclass AND w.oid = l."oid" LEFT JOIN pg_class v ON v.oid = w.ev_class
     ORDER BY l."depth", p.oid IS NULL, l."oid"`,
  );
  return {
    indexes,
    triggers,
    others: [...(await optionsOfColumns(connection, table)), ...grants.map(({ make }) => make)],
    dependents: dependents.map(({ make }) => make),
    functionsOfRow: dependents.flatMap(({ rowFunction }) => (rowFunction === null ? [] : [rowFunction])),
  };
}

/** Statements that give a table the options that the columns of another one have. */
export async function optionsOfColumns(connection: Connection, from: string, to = from): Promise<string[]> {
  const rows = await connection.query<{ column: string; options: string[] }>(
    `SELECT attname::text AS "column", attoptions AS "options" FROM pg_attribute
     WHERE attrelid = ${literal(`public.${identifier(from)}`)}::regclass AND attoptions IS NOT NULL`,
  );
  return rows.map(({ column, options }) => {
    const distinct = options.find((option) => option.startsWith('n_distinct='));
    const all = new Set([...options, ...(distinct ? [distinct.replace('n_distinct', 'n_distinct_inherited')] : [])]);
    return `ALTER TABLE public.${identifier(to)} ALTER COLUMN ${identifier(column)} SET (${[...all].join(', ')})`;
  });
}
