import PgBoss from 'pg-boss';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../database/database.js';
import { isUnavailable, isUniqueViolation } from '../database/failures.js';
import type { JsonObject } from '../json-object.js';
import { StartError } from '../start-error.js';

/** pg-boss's tables have a schema of their own, which no migration of ours knows. */
const SCHEMA = 'pgboss';
/**
 * Held while the schema and its queues are created, because two servers that create queues at the same time deadlock over
 * pg-boss's foreign keys, and while repeating work is sent for the first time, so that only one server sends it.
 */
const ADVISORY_LOCK_KEY = 72_707_370;
/** How long a due job is kept that no server ran: for ever. By default pg-boss drops it after two weeks. */
const WAITING_KEPT_DAYS = 36_500;
const DAY_SECONDS = 24 * 3_600;

/** The tables of pg-boss cannot be created or used, e.g. because the user may not create a schema. The message is one line. */
export class JobStoreError extends StartError {
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
  /** 1 for the first run. */
  attempt: number;
  /** True when a failure makes it a dead job. */
  isLastAttempt: boolean;
}

export interface NewJob {
  data: JsonObject;
  key: string;
  /** An instant, or seconds from now; by default at once. */
  startAfter?: Date | number;
  retryLimit: number;
  retryDelaySeconds: number;
  isBackoff: boolean;
  leaseSeconds: number;
}

/** Numbers of the jobs of one queue by state. A job that succeeded leaves no row. */
export interface JobCounts {
  /** Not yet due, due, or to be retried. */
  waiting: number;
  active: number;
  /** Failed on their last attempt. */
  dead: number;
}

export interface JobWait {
  readonly job: string;
  /** Repeating work is sent anew when it has run. */
  readonly sentSeconds: number;
  readonly overdueSeconds: number;
}

type Sql = PgBoss.Db['executeSql'];

/**
 * Stores jobs; the only file that knows pg-boss. It uses the tables and statements of pg-boss but not its workers, which
 * do not wait until the end of a job is written, so that an outage at that moment ends the process.
 */
export class JobStore {
  private readonly boss: PgBoss;
  private readonly fetchDb: PgBoss.Db;

  constructor(
    private readonly database: Database,
    logger: Logger,
    /** How long dead jobs are kept for inspection; then they lie in its archive for a week. */
    private readonly deadKeptDays: number,
  ) {
    const executeSql = loggingOutages((sql, values) => execute(database, sql, values), logger);
    this.boss = bossOf(executeSql, deadKeptDays);
    // Without a listener an error event would end the process.
    this.boss.on('error', (error) => logger.error({ err: error }, 'pg-boss failed'));
    this.fetchDb = { executeSql: loggingFailures(executeSql, logger) };
  }

  /** Creates missing tables and queues. Several servers may call it at the same time. @throws JobStoreError */
  async prepare(queues: readonly Queue[]): Promise<void> {
    try {
      // This only creates or updates the schema: supervision and schedules are off, and nothing has to be stopped. Two servers
      // that create it at once fail over its name, which they do before pg-boss's own lock.
      await this.exclusively((boss) => boss.start());
      await this.boss.start();
      if ((await missing(this.boss, queues)).length === 0) return;
      await this.exclusively(async (boss) => {
        for (const { name, isExclusive } of await missing(boss, queues)) {
          await boss.createQueue(name, { name, policy: isExclusive ? 'stately' : 'short' });
        }
      });
    } catch (error) {
      throw new JobStoreError(
        `cannot prepare the tables of background jobs (schema ${SCHEMA}): ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** Runs work that only one server may do at a time, in one transaction: by a pg-boss whose statements are of that. */
  private exclusively<T>(work: (boss: PgBoss) => Promise<T>): Promise<T> {
    return this.database.exclusively(ADVISORY_LOCK_KEY, (connection) =>
      work(
        bossOf(
          (sql, values) => execute({ statement: connection.query, script: connection.script }, sql, values),
          this.deadKeptDays,
        ),
      ),
    );
  }

  /** Sends a job; within a transaction, it appears on commit. @returns false when a job with its key already waits */
  async send(name: string, job: NewJob, tx?: Transaction): Promise<boolean> {
    return sendBy(this.boss, name, job, tx && ((sql, values) => execute(tx, sql, values)));
  }

  /** Takes due jobs, each for the length of its lease. @returns none while the database is away */
  async fetch(name: string, count: number): Promise<StoredJob[]> {
    const jobs = await this.boss.fetch<JsonObject>(name, { batchSize: count, includeMetadata: true, db: this.fetchDb });
    return jobs.map(({ id, data, retryCount, retryLimit }) => ({
      id,
      data,
      attempt: retryCount + 1,
      isLastAttempt: retryCount >= retryLimit,
    }));
  }

  /** Renews the leases of these jobs, except of those that another server has taken meanwhile. */
  async renew(name: string, jobs: readonly StoredJob[]): Promise<void> {
    const [ids, retries] = [jobs.map(({ id }) => id), jobs.map(({ attempt }) => attempt - 1)];
    await this.database.statement(
      `UPDATE ${SCHEMA}.job SET started_on = now() WHERE name = $1 AND state = 'active'
        AND (id, retry_count) IN (SELECT * FROM unnest($2::uuid[], $3::int[]))`,
      [name, ids, retries],
    );
  }

  /** Removes a job that succeeded. */
  async remove(name: string, id: string): Promise<void> {
    await this.boss.deleteJob(name, id);
  }

  /** Records a failure: the job is retried after its delay, or is dead after its last attempt. */
  async fail(name: string, id: string, error: unknown): Promise<void> {
    await this.boss.fail(name, id, { message: error instanceof Error ? error.message : String(error) });
  }

  /** Gives back a job that the server interrupted: it is retried even after its last attempt. */
  async giveBack(name: string, job: StoredJob): Promise<void> {
    await this.fail(name, job.id, 'the server stopped');
    if (job.isLastAttempt) await this.boss.retry(name, job.id);
  }

  /** Sends the job unless one of its queue waits or runs. @returns whether it was sent */
  async sendFirst(name: string, job: NewJob): Promise<boolean> {
    if (await hasOpen(this.boss, name)) return false;
    return this.exclusively(async (boss) => !(await hasOpen(boss, name)) && (await sendBy(boss, name, job)));
  }

  /** Fails jobs whose lease has expired because their process died, and deletes old dead jobs. */
  async maintain(): Promise<void> {
    await this.boss.maintain();
  }

  /** @returns the number of jobs in each state, by queue */
  async counts(): Promise<Map<string, JobCounts>> {
    const { queues } = await (this.boss as BossThatCounts).countStates();
    const counts = Object.entries(queues).map(([name, { created, retry, active, failed }]): [string, JobCounts] => [
      name,
      { waiting: created + retry, active, dead: failed },
    ]);
    return new Map(counts);
  }

  /** Of each queue that has jobs which wait, when one was sent last, and for how long one is overdue. */
  async waits(): Promise<JobWait[]> {
    return this.database.statement<JobWait>(`
      SELECT name AS "job", extract(epoch FROM now() - max(created_on))::float8 AS "sentSeconds",
        greatest(0, extract(epoch FROM now() - min(start_after)))::float8 AS "overdueSeconds"
      FROM ${SCHEMA}.job WHERE state IN ('created', 'retry') GROUP BY name`);
  }
}

function bossOf(executeSql: Sql, deadKeptDays: number): PgBoss {
  return new PgBoss({
    db: { executeSql },
    schema: SCHEMA,
    supervise: false,
    schedule: false,
    retentionDays: WAITING_KEPT_DAYS,
    archiveFailedAfterSeconds: deadKeptDays * DAY_SECONDS,
  });
}

async function missing(boss: PgBoss, queues: readonly Queue[]): Promise<Queue[]> {
  const known = new Set((await boss.getQueues()).map(({ name }) => name));
  return queues.filter(({ name }) => !known.has(name));
}

async function hasOpen(boss: PgBoss, name: string): Promise<boolean> {
  return (await boss.getQueueSize(name, { before: 'completed' })) > 0;
}

async function sendBy(boss: PgBoss, name: string, job: NewJob, executeSql?: Sql): Promise<boolean> {
  const id = await boss.send(name, job.data, {
    singletonKey: job.key,
    startAfter: job.startAfter,
    retryLimit: job.retryLimit,
    retryDelay: job.retryDelaySeconds,
    retryBackoff: job.isBackoff,
    expireInSeconds: job.leaseSeconds,
    ...(executeSql && { db: { executeSql } }),
  });
  return id !== null;
}

/** A method of pg-boss that its types lack. */
type BossThatCounts = PgBoss & { countStates(): Promise<PgBoss.MonitorStates> };

/** Matches the statements that pg-boss wants to run in one transaction. */
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

/** All drivers accept JSON as text; not all of them serialize objects. */
function toParameter(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? JSON.stringify(value) : value;
}

/** Logs the beginning and the end of an outage once each. */
function loggingOutages(executeSql: Sql, logger: Logger): Sql {
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

/** pg-boss treats every failure of a fetch as an empty queue, so unexpected ones are logged here. */
function loggingFailures(executeSql: Sql, logger: Logger): Sql {
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
