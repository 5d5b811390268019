import { checkBooks, type BucketKey, type WrongBucket } from '../../../domain/prepay-balance/index.js';
import { readHubFigures } from '../../../domain/hub/index.js';
import { readTenants } from '../../../domain/tenancy/index.js';
import type { Config } from '../../../platform/config.js';
import type { Database } from '../../../platform/database/database.js';
import { readSchemaState } from '../../../platform/database/migrations.js';
import { fine, problem, warning, type Finding } from './findings.js';
import { deadJobs, invalidIndexes, unanalyzedTables, type ServerFacts } from './server.store.js';

/** Buckets whose books are read in one statement. */
const bucketsMax = 500;
/** Wrong buckets that are named. */
const namedMax = 20;
const clockAheadMaxMs = 5_000;
const transactionMaxSeconds = 600;
/** Half of what PostgreSQL allows. */
const transactionAgeMax = 1_000_000_000;
/** Connections that a server takes beside its pool: migrations, long downloads. */
const connectionsBeside = 5;

/** What is checked of a server of PostgreSQL; of the embedded database there is nothing to be set. */
export function checkServer(facts: ServerFacts, config: Config): Finding[] {
  const { version, role } = facts;
  const lossy = (['fsync', 'synchronousCommit', 'fullPageWrites'] as const).filter((name) => facts[name] === 'off');
  const needed = config.databasePoolSize + connectionsBeside;
  const aheadMs = Math.abs(facts.clockMs - Date.now());
  return [
    fine('version', `PostgreSQL ${version}`),
    facts.encoding === 'UTF8'
      ? fine('encoding', facts.encoding)
      : problem('encoding', facts.encoding, 'dump it, and restore it into a database made with ENCODING UTF8'),
    lossy.length === 0
      ? fine('durability', 'a commit is on disk when it is acknowledged')
      : problem(
          'durability',
          `off: ${lossy.join(', ')}`,
          'turn on fsync, synchronous_commit and full_page_writes: a crash of PostgreSQL loses what was acknowledged',
        ),
    facts.autovacuum === 'on'
      ? fine('autovacuum', 'on')
      : problem('autovacuum', facts.autovacuum, 'turn it on: without statistics reads take the wrong indexes'),
    facts.maxConnections >= needed
      ? fine('connections', `${facts.maxConnections} at most, a server of these settings takes up to ${needed}`)
      : problem(
          'connections',
          `${facts.maxConnections} at most, a server of these settings takes up to ${needed}`,
          'raise max_connections, or lower DATABASE_POOL_SIZE',
        ),
    facts.hasJobSchema || facts.mayCreateSchemas
      ? fine('rights', `role ${role}`)
      : problem('rights', `role ${role} may not create the schema pgboss`, `GRANT CREATE ON DATABASE … TO ${role}`),
    ...(config.isRowLevelSecurityOn && (facts.isSuperuser || facts.bypassesRls)
      ? [problem('row level security', `role ${role} is not bound by it`, 'use a role without SUPERUSER and BYPASSRLS')]
      : []),
    aheadMs <= clockAheadMaxMs
      ? fine('clock', 'that of this machine agrees')
      : warning('clock', `that of this machine differs by ${Math.round(aheadMs)} ms`, 'synchronize the clocks (NTP)'),
    facts.oldestTransaction <= transactionMaxSeconds
      ? fine('open transactions', 'none is old')
      : warning(
          'open transactions',
          `one is open for ${Math.round(facts.oldestTransaction)} s`,
          'end it (pg_stat_activity, pg_terminate_backend): events wait behind it, and nothing can be vacuumed',
        ),
    facts.transactionAge <= transactionAgeMax
      ? fine('transaction ids', 'far from their end')
      : problem('transaction ids', `${facts.transactionAge} old`, 'VACUUM FREEZE, and look why autovacuum does not'),
  ];
}

export async function checkSchema(database: Database): Promise<Finding[]> {
  const { pending, problem: why } = await readSchemaState(database);
  if (why !== undefined)
    return [problem('schema', why, 'use the version of the server that made it, or restore a backup')];
  const invalid = await invalidIndexes(database);
  const unanalyzed = await unanalyzedTables(database);
  return [
    pending.length === 0
      ? fine('schema', 'as this version has it')
      : warning(
          'schema',
          `${pending.length} migrations are missing, from ${pending[0]} on`,
          'start the server, or migrate',
        ),
    invalid.length === 0
      ? fine('indexes', 'all are valid')
      : problem('indexes', `invalid: ${invalid.join(', ')}`, 'REINDEX INDEX CONCURRENTLY "…"'),
    unanalyzed.length === 0
      ? fine('statistics', 'there')
      : warning('statistics', `never made of ${unanalyzed.join(', ')}`, 'ANALYZE'),
  ];
}

export async function checkWork(database: Database): Promise<Finding[]> {
  const dead = Object.entries(await deadJobs(database));
  const { failing, deadLetters } = await readHubFigures(database);
  return [
    dead.length === 0
      ? fine('background jobs', 'none has failed for good')
      : warning('background jobs', dead.map(([name, count]) => `${count} of ${name}`).join(', '), 'the log says why'),
    failing === 0 && deadLetters === 0
      ? fine('events', 'all registrations take them')
      : warning('events', `${failing} registrations fail, ${deadLetters} dead letters`, 'see hubs and hubDeadLetters'),
  ];
}

/** Every bucket against its ledger and its reservations. */
export async function checkBalances(database: Database, progress: (checked: number) => void): Promise<Finding> {
  const wrong: WrongBucket[] = [];
  let count = 0;
  let checked = 0;
  for (let after: BucketKey | undefined = ['', '']; after !== undefined;) {
    const part: Awaited<ReturnType<typeof checkBooks>> = await checkBooks(database, after, bucketsMax);
    checked += part.checked;
    count += part.wrong.length;
    wrong.push(...part.wrong.slice(0, namedMax - wrong.length));
    after = part.next;
    progress(checked);
  }
  if (count === 0) return fine('books', `${checked} buckets equal their ledgers`);
  const names = new Map((await readTenants(database)).map(({ id, handle }) => [id, handle]));
  const named = wrong.map(
    ({ tenantId, id, problem: what }) => `bucket ${id} of ${names.get(tenantId) ?? tenantId}: ${what}`,
  );
  return problem(
    'books',
    `${count} of ${checked} buckets do not: ${named.join('; ')}${count > named.length ? '; …' : ''}`,
    'stop what writes to the database beside the server, and restore what it changed from a backup',
  );
}
