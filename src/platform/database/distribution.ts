import { StartError } from '../start-error.js';
import { identifier, literal } from '../read/columns.js';
import type { Database, DedicatedConnection } from './database.js';
import { ofNodes } from './session-settings.js';

/** Serializes whoever distributes tables. */
const ADVISORY_LOCK_KEY = 72_707_372;
/** By what rows are told apart: all of one tenant lie on one node. */
const distributionColumn = 'tenantId';

/** Tables cannot be distributed here, or not as they are. */
export class DistributionError extends StartError {
  override readonly name = 'DistributionError';
}

/**
 * Where the rows of a table lie: `distributed` on the nodes, those of one tenant together; `local` on the coordinator, as without
 * nodes.
 */
export type TablePlace = 'distributed' | 'local';
export type TablePlaces = Readonly<Record<string, TablePlace>>;

/** The tables of this database that lie on several nodes (Citus). */
export async function distributedTables(connection: Pick<DedicatedConnection, 'query'>): Promise<ReadonlySet<string>> {
  return new Set((await hasCitus(connection)) ? (await placesNow(connection)).keys() : []);
}

/** How tables lie, and are to lie. */
export interface DistributionState {
  /** Nodes that take rows, as host:port. */
  readonly nodes: readonly string[];
  /** Tables that are distributed. */
  readonly distributed: readonly string[];
  /** Tables that are still to be. */
  readonly missing: readonly string[];
}

/**
 * Throws DistributionError where the engine is not installed, no node is known, or tables are distributed in another way.
 */
export async function readDistribution(
  connection: Pick<DedicatedConnection, 'query'>,
  places: TablePlaces,
): Promise<DistributionState> {
  if (!(await hasCitus(connection)))
    throw new DistributionError('Citus is not installed in this database: CREATE EXTENSION citus on each node first');
  const nodes = await connection.query<{ node: string }>(
    `SELECT nodename || ':' || nodeport AS "node" FROM pg_dist_node WHERE isactive AND shouldhaveshards AND noderole = 'primary' ORDER BY 1`,
  );
  if (nodes.length === 0)
    throw new DistributionError(
      `the coordinator knows no worker: SELECT citus_set_coordinator_host('…'), then citus_add_node('…', 5432) for each`,
    );
  const now = await placesNow(connection);
  const wanted = Object.keys(places).filter((table) => places[table] === 'distributed');
  for (const [table, column] of now) {
    if (places[table] === 'distributed' && column === distributionColumn) continue;
    throw new DistributionError(
      `table '${table}' is distributed by ${column ?? 'nothing'}: take that back with undistribute_table first`,
    );
  }
  return {
    nodes: nodes.map(({ node }) => node),
    distributed: wanted.filter((table) => now.has(table)),
    missing: wanted.filter((table) => !now.has(table)),
  };
}

/**
 * Distributes what is still to be, table after table, each in a transaction of its own: what was interrupted goes on with the next
 * call. No server may run on the database. `report` is told of each table.
 */
export async function distribute(
  database: Database,
  places: TablePlaces,
  report: (table: string) => void,
): Promise<DistributionState> {
  if (database.kind === 'pglite')
    throw new DistributionError('the embedded database is one process: only PostgreSQL with Citus has nodes');
  return database.dedicated(async (connection) => {
    await connection.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK_KEY]);
    const { missing, distributed } = await readDistribution(connection, places);
    await setOnNodes(connection);
    const [first = missing[0]] = distributed;
    for (const table of missing) {
      await connection.script(statementsOf(table, await triggersOf(connection, table), first).join(';'));
      report(table);
    }
    return readDistribution(connection, places);
  });
}

/** Citus repeats it on each node, for sessions to come. */
async function setOnNodes(connection: DedicatedConnection): Promise<void> {
  const [row] = await connection.query<{ name: string }>('SELECT current_database()::text AS "name"');
  for (const [setting, value] of Object.entries(ofNodes))
    await connection.script(`ALTER DATABASE ${identifier(row?.name ?? '')} SET ${setting} = ${literal(String(value))}`);
}

/** Several statements that are sent as one are one transaction. */
function statementsOf(table: string, triggers: readonly string[], first: string | undefined): string[] {
  const name = `public.${identifier(table)}`;
  const beside = table === first ? 'none' : `public.${identifier(first ?? '')}`;
  return [
    `SET LOCAL client_min_messages = warning`,
    ...triggers.map((trigger) => `DROP TRIGGER ${identifier(trigger)} ON ${name}`),
    `SELECT create_distributed_table(${literal(name)}, ${literal(distributionColumn)}, colocate_with => ${literal(beside)})`,
  ];
}

async function triggersOf(connection: DedicatedConnection, table: string): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT tgname::text AS "name" FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = $1::regclass ORDER BY 1`,
    [`public.${identifier(table)}`],
  );
  return rows.map(({ name }) => name);
}

async function hasCitus(connection: Pick<DedicatedConnection, 'query'>): Promise<boolean> {
  const [row] = await connection.query<{ isThere: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') AS "isThere"`,
  );
  return row?.isThere ?? false;
}

/** The distributed tables and by which column; partitions go with their table. */
async function placesNow(connection: Pick<DedicatedConnection, 'query'>): Promise<Map<string, string | undefined>> {
  const rows = await connection.query<{ table: string; column: string | null }>(
    `SELECT c.relname::text AS "table", column_to_column_name(d.logicalrelid, d.partkey)::text AS "column"
     FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition ORDER BY 1`,
  );
  return new Map(rows.map(({ table, column }) => [table, column ?? undefined]));
}
