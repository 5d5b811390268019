import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, readConfig, type Config, type Mode } from '../../platform/config.js';
import type { Database } from '../../platform/database/database.js';
import { DirectoryLockedError } from '../../platform/database/directory-lock.js';
import { DataDirectoryError, openEmbedded } from '../../platform/database/embedded.js';
import { applyMigrations, MigrationError } from '../../platform/database/migrations.js';
import { DatabaseOpenError, openPostgresql } from '../../platform/database/postgresql.js';
import { JobStoreError } from '../../platform/jobs/jobs.store.js';
import { exitOnUncaught } from './fatal.js';
import { createLogger } from '../logger.js';
import { createServer } from '../server.js';
import { killAfterSignal } from './watchdog.js';

/** The process ends at the latest this long after the signal to stop, whatever it is doing. */
const endMaxMs = 9_500;
/** Time that remains for stopping after a long SHUTDOWN_DELAY_SECONDS. */
const endAfterDelayMinMs = 6_500;
/** How long closing the database may take. */
const closeMaxMs = 2_000;

/** Starts the server and serves until SIGTERM or SIGINT. A problem that the user can fix ends the process with one line. */
export async function run(mode: Mode): Promise<void> {
  try {
    await serve(readConfig(process.env, mode));
  } catch (error) {
    const isForUser =
      [ConfigError, DataDirectoryError, DirectoryLockedError, MigrationError, DatabaseOpenError, JobStoreError].some(
        (kind) => error instanceof kind,
      ) || isAddressError(error);
    process.stderr.write(isForUser ? `${(error as Error).message}\n` : `${String((error as Error).stack ?? error)}\n`);
    process.exit(1);
  }
}

async function serve(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  exitOnUncaught(logger);
  const database = await open(config);
  try {
    const applied = await applyMigrations(database);
    if (applied.length > 0) logger.info({ applied }, 'migrations applied');
    const server = await createServer({ config, database, logger });
    await server.backfill();
    if (config.seed === 'demo') await server.seed();
    const origin = await server.listen();
    const delayMs = config.shutdownDelaySeconds * 1_000;
    const lifeMs = Math.max(endMaxMs, delayMs + endAfterDelayMinMs);
    const stopped = untilStopped();
    if (!(await killAfterSignal(lifeMs)))
      logger.warn(
        'this version of Node lets no thread watch for signals: a statement that blocks the embedded database delays the end of the process',
      );
    announce(origin, config);
    if (config.areJobsEnabled) server.startJobs();
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

function open(config: Config): Promise<Database> {
  const { databasePoolSize: poolSize, readStatementMaxMs: readMs, reportStatementMaxMs: reportMs } = config;
  if (config.databaseUrl) return openPostgresql(config.databaseUrl, { poolSize, readTimes: { readMs, reportMs } });
  return openEmbedded(config.dataDir);
}

function announce(origin: string, config: Config): void {
  const lines = [
    `GraphQL  ${origin}/graphql`,
    `REST     ${origin}/tmf-api/prepayBalanceManagement/v4/bucket`,
    `Docs     ${origin}/docs`,
    `Data     ${config.databaseUrl ? 'PostgreSQL' : config.dataDir}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Resolves when the work is done, or after `maxMs`; work that takes longer ends with the process. */
async function withDeadline(maxMs: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, sleep(maxMs, undefined, { ref: false })]);
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

function isAddressError(error: unknown): boolean {
  return ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
}
