import PgBoss from 'pg-boss';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../database/database.js';
import { isUnavailable, isUniqueViolation } from '../database/failures.js';
import type { JsonObject } from '../json-object.js';

/** pg-boss's tables have a schema of their own, which no migration of ours knows. */
const SCHEMA = 'pgboss';
/**
 * Held while queues are created, because two servers that do it at once deadlock over pg-boss's foreign keys, and
 * while work that repeats begins for the first time, because then each would begin it.
 */
const ADVISORY_LOCK_KEY = 72_707_370;
/** How long after it was due a job is kept that nobody ran: for ever. Without it pg-boss drops it after two weeks. */
const WAITING_KEPT_DAYS = 36_500;
/** How long a dead job can be looked at. */
const DEAD_KEPT_SECONDS = 30 * 24 * 3_600;

/** The tables of pg-boss cannot be made or used, e.g. because the user may not create a schema. One line. */
export class JobStoreError extends Error {
  override readonly name = 'JobStoreError';
}

export interface Queue {
  name: string;
  /** True when only one job of a key may run at a time; otherwise only one of a key may wait. */
  isExclusive: boolean;
}

export interface StoredJob {
  id: string;
  data: JsonObject;
  /** From 1 on. */
  attempt: number;
  /** True when a failure makes it a dead job. */
  isLastAttempt: boolean;
}

export interface NewJob {
  data: JsonObject;
  key: string;
  /** An instant, or so many seconds from now; without it, at once. */
  startAfter?: Date | number;
  retryLimit: number;
  retryDelaySeconds: number;
  isBackoff: boolean;
  leaseSeconds: number;
}

/** Jobs of one queue by what becomes of them. One that succeeded leaves no row. */
export interface JobCounts {
  /** Not yet due, due, or to be tried again. */
  waiting: number;
  active: number;
  /** Failed as often as they may. */
  dead: number;
}

type Sql = PgBoss.Db['executeSql'];

/**
 * Jobs in the database: the only file that knows pg-boss. Of pg-boss we use the tables and the statements, not
 * its workers, which do not wait for the end of a job to be written: one outage there ends the process.
 */
export class JobStore {
  private readonly boss: PgBoss;
  private readonly fetchDb: PgBoss.Db;

  constructor(
    private readonly database: Database,
    logger: Logger,
  ) {
    const executeSql = tellingOutages((sql, values) => execute(database, sql, values), logger);
    this.boss = new PgBoss({
      db: { executeSql },
      schema: SCHEMA,
      supervise: false,
      schedule: false,
      retentionDays: WAITING_KEPT_DAYS,
      archiveFailedAfterSeconds: DEAD_KEPT_SECONDS,
    });
    // Without a listener an error event would end the process.
    this.boss.on('error', (error) => logger.error({ err: error }, 'pg-boss failed'));
    this.fetchDb = { executeSql: tellingFailures(executeSql, logger) };
  }

  /** Makes the tables and queues that are missing. Several servers may do so at once. */
  async prepare(queues: readonly Queue[]): Promise<void> {
    try {
      // Only makes or updates the schema: supervision and schedules are off, and nothing has to be stopped.
      await this.boss.start();
      if ((await this.missing(queues)).length === 0) return;
      await this.alone(async () => {
        for (const { name, isExclusive } of await this.missing(queues)) {
          await this.boss.createQueue(name, { name, policy: isExclusive ? 'stately' : 'short' });
        }
      });
    } catch (error) {
      throw new JobStoreError(
        `cannot prepare the tables of background jobs (schema ${SCHEMA}): ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** What several servers must not do at once. The lock ends with its connection. */
  private async alone<T>(work: () => Promise<T>): Promise<T> {
    return this.database.dedicated(async (connection) => {
      await connection.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK_KEY]);
      return work();
    });
  }

  private async missing(queues: readonly Queue[]): Promise<Queue[]> {
    const known = new Set((await this.boss.getQueues()).map(({ name }) => name));
    return queues.filter(({ name }) => !known.has(name));
  }

  /** Answers false when a job of that key waits already. With a transaction the job is there when it commits. */
  async send(name: string, job: NewJob, tx?: Transaction): Promise<boolean> {
    const id = await this.boss.send(name, job.data, {
      singletonKey: job.key,
      startAfter: job.startAfter,
      retryLimit: job.retryLimit,
      retryDelay: job.retryDelaySeconds,
      retryBackoff: job.isBackoff,
      expireInSeconds: job.leaseSeconds,
      ...(tx && { db: { executeSql: (sql, values) => execute(tx, sql, values) } }),
    });
    return id !== null;
  }

  /** Takes due jobs, each for its lease. Answers none, too, while the database is away. */
  async fetch(name: string, count: number): Promise<StoredJob[]> {
    const jobs = await this.boss.fetch<JsonObject>(name, { batchSize: count, includeMetadata: true, db: this.fetchDb });
    return jobs.map(({ id, data, retryCount, retryLimit }) => ({
      id,
      data,
      attempt: retryCount + 1,
      isLastAttempt: retryCount >= retryLimit,
    }));
  }

  /** The lease of each of these begins anew; of those that somebody else has taken meanwhile it does not. */
  async renew(name: string, jobs: readonly StoredJob[]): Promise<void> {
    const [ids, retries] = [jobs.map(({ id }) => id), jobs.map(({ attempt }) => attempt - 1)];
    await this.database.statement(
      `UPDATE ${SCHEMA}.job SET started_on = now() WHERE name = $1 AND state = 'active'
        AND (id, retry_count) IN (SELECT * FROM unnest($2::uuid[], $3::int[]))`,
      [name, ids, retries],
    );
  }

  /** The job is done. What remains of it is what it did. */
  async remove(name: string, id: string): Promise<void> {
    await this.boss.deleteJob(name, id);
  }

  /** The job runs again after its delay, or is dead when it was its last attempt. */
  async fail(name: string, id: string, error: unknown): Promise<void> {
    await this.boss.fail(name, id, { message: error instanceof Error ? error.message : String(error) });
  }

  /** The job runs again, even when this was its last attempt: it is not to blame. */
  async giveBack(name: string, job: StoredJob): Promise<void> {
    await this.fail(name, job.id, 'the server stopped');
    if (job.isLastAttempt) await this.boss.retry(name, job.id);
  }

  /** Sends the job when none of its queue waits or runs; answers whether it did. */
  async sendFirst(name: string, job: NewJob): Promise<boolean> {
    if (await this.hasOpen(name)) return false;
    return this.alone(async () => !(await this.hasOpen(name)) && (await this.send(name, job)));
  }

  private async hasOpen(name: string): Promise<boolean> {
    return (await this.boss.getQueueSize(name, { before: 'completed' })) > 0;
  }

  /** Fails the jobs whose lease is over, because their process died, and forgets old dead ones. */
  async maintain(): Promise<void> {
    await this.boss.maintain();
  }

  async counts(): Promise<Map<string, JobCounts>> {
    const { queues } = await (this.boss as BossThatCounts).countStates();
    const counts = Object.entries(queues).map(([name, { created, retry, active, failed }]): [string, JobCounts] => [
      name,
      { waiting: created + retry, active, dead: failed },
    ]);
    return new Map(counts);
  }
}

/** pg-boss has it, and its types lack it. */
type BossThatCounts = PgBoss & { countStates(): Promise<PgBoss.MonitorStates> };

/** What pg-boss wraps around the statements that it wants to have in one transaction. */
const SCRIPT = /^\s*BEGIN;(.*)COMMIT;\s*$/s;

async function execute(
  place: Pick<Database, 'statement' | 'script'> | Transaction,
  sql: string,
  values: readonly unknown[] = [],
): Promise<{ rows: unknown[] }> {
  const script = SCRIPT.exec(sql)?.[1];
  if (script !== undefined && 'script' in place) {
    await place.script(script);
    return { rows: [] };
  }
  return { rows: await place.statement(sql, values.map(toParameter)) };
}

/** Every driver takes JSON as text; not every one makes it of an object. */
function toParameter(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? JSON.stringify(value) : value;
}

/** An outage is told once, by whatever meets it first, and so is its end. */
function tellingOutages(executeSql: Sql, logger: Logger): Sql {
  let isAway = false;
  return async (sql, values) => {
    try {
      const result = await executeSql(sql, values);
      if (isAway) logger.info('the database is back: background jobs go on');
      isAway = false;
      return result;
    } catch (error) {
      if (isUnavailable(error)) {
        if (!isAway) logger.warn({ err: error }, 'the database is away: background jobs wait');
        isAway = true;
      }
      throw error;
    }
  };
}

/** pg-boss takes every failure of a fetch for an empty queue: what is odd is told each time. */
function tellingFailures(executeSql: Sql, logger: Logger): Sql {
  return async (sql, values) => {
    try {
      return await executeSql(sql, values);
    } catch (error) {
      // A unique violation is how an exclusive queue says that another one of the key runs.
      if (!isUnavailable(error) && !isUniqueViolation(error))
        logger.error({ err: error }, 'cannot fetch background jobs');
      throw error;
    }
  };
}
