import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import type { Database } from '../../platform/database/database.js';
import { applyMigrations } from '../../platform/database/migrations.js';
import { keepTenantWall } from '../../platform/database/tenant-wall.js';
import { openPostgresql } from '../../platform/database/postgresql.js';
import { createLogger } from '../logger.js';
import { createServer } from '../server.js';
import { onlyWorker, type Workers } from '../workers/workers.js';
import { announce } from './announce.js';
import { lifeAfterSignalMs } from './deadlines.js';
import { exitOnUncaught } from './fatal.js';
import { killAfterSignal } from './watchdog.js';

/** How long closing the database may take. */
const closeMaxMs = 2_000;

/** What a process does beside answering requests, and whom it tells. */
export interface ProcessRole {
  readonly logger: Logger;
  readonly workers: Workers;
  /** Whether it brings the database up to date before it listens. */
  readonly isPreparing: boolean;
  /** Called when the database is up to date. */
  prepared(): void;
  /** Called when requests are answered. */
  listening(origin: string): void;
  /** Resolves when background jobs are to run in this process. */
  readonly leading: Promise<void>;
}

/** Serves in this process alone until SIGTERM or SIGINT, then ends it. Throws when it cannot start. */
export async function runAlone(config: Config): Promise<void> {
  await serve(config, {
    logger: createLogger(config.logLevel),
    workers: onlyWorker(),
    isPreparing: true,
    prepared: () => undefined,
    listening: (origin) => announce(origin, config),
    leading: Promise.resolve(),
  });
}

/** Serves until SIGTERM or SIGINT, then ends the process. Throws when it cannot start. */
export async function serve(config: Config, role: ProcessRole): Promise<void> {
  const { logger, workers } = role;
  exitOnUncaught(logger);
  const database = await open(config);
  try {
    if (role.isPreparing) {
      const applied = await applyMigrations(database);
      if (applied.length > 0) logger.info({ applied }, 'migrations applied');
      const isWalled = config.isRowLevelSecurityOn;
      const tables = await keepTenantWall(database, isWalled);
      if (tables.length > 0) logger.info({ tables }, `row level security is ${isWalled ? 'on' : 'off'} from now on`);
    }
    const server = await createServer({ config, database, logger, workers });
    if (role.isPreparing) {
      await server.backfill();
      await server.seed();
    }
    role.prepared();
    const origin = await server.listen();
    const delayMs = config.shutdownDelaySeconds * 1_000;
    const lifeMs = lifeAfterSignalMs(config);
    const stopping = new AbortController();
    const stopped = untilStopped().finally(() => stopping.abort());
    if (!(await killAfterSignal(lifeMs)))
      logger.warn(
        'this version of Node lets no thread watch for signals: a statement that blocks the embedded database delays the end of the process',
      );
    role.listening(origin);
    void role.leading.then(() => {
      if (!config.areJobsEnabled || stopping.signal.aborted) return;
      server.startJobs();
      logger.debug('background jobs run in this process');
    });
    await stopped;
    logger.info('stopping');
    server.retire();
    await sleep(delayMs);
    await withDeadline(lifeMs - delayMs - closeMaxMs - 500, server.close());
  } finally {
    await withDeadline(closeMaxMs, database.close());
  }
  process.exit(0);
}

async function open(config: Config): Promise<Database> {
  const { databasePoolSize: poolSize, readStatementMaxMs: readMs, reportStatementMaxMs: reportMs } = config;
  const { databaseUrl, isRowLevelSecurityOn: isolatesTenants, isDatabasePooled: isPooled, areStatementsNamed } = config;
  const readTimes = { readMs, reportMs };
  const { databaseReplicaUrl, databaseReplicaLagMs: lagMs, databaseReplicaReportLagMs: reportLagMs } = config;
  const replica = databaseReplicaUrl === undefined ? undefined : { url: databaseReplicaUrl, lagMs, reportLagMs };
  if (databaseUrl)
    return openPostgresql(databaseUrl, { poolSize, readTimes, isolatesTenants, isPooled, areStatementsNamed, replica });
  // A PostgreSQL in WebAssembly is not loaded for one that runs elsewhere.
  const { openEmbedded } = await import('../../platform/database/embedded.js');
  return openEmbedded(config.dataDir);
}

/** Resolves when the work is done, or after `maxMs`; work that takes longer ends with the process. */
async function withDeadline(maxMs: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, sleep(maxMs, undefined, { ref: false })]);
}

/** A worker may get the signal twice: from whoever stops all processes of the server, and from the primary process. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
}
