import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../database/database.js';
import type { JsonObject } from '../json-object.js';
import type { Tracing } from '../tracing.js';
import { JobStore, type JobCounts, type JobWait, type NewJob, type Queue } from './jobs.store.js';
import { Worker, type JobContext, type Work } from './worker.js';

/** How often a queue is polled. Jobs that this process sends outside a transaction are seen at once. */
const POLL_MS = 2_000;
/** Repeating work is polled at its own interval, but at least this often. */
const REPEAT_POLL_MAX_MS = 60_000;
/** Lease of a job, which its process renews while the job runs. The death of a process is noticed after this time. */
const LEASE_SECONDS = 15;
/** Renewals within one lease, so that some of them may fail. */
const RENEWALS_PER_LEASE = 4;
/** How often jobs of dead processes are looked for. */
const MAINTENANCE_SECONDS = 10;
/** How long dead jobs are kept for inspection. */
const DEAD_KEPT_DAYS = 30;
/** How long running jobs may take to end when the server stops. */
const STOP_MAX_MS = 4_000;
/** How often processes may die during one run of repeating work before it waits for the next start. */
const REPEAT_CRASH_MAX = 100;
/** Repeating work that fails is delayed by its interval times 2 to the power of this at most ... */
const REPEAT_DELAY_EXPONENT_MAX = 6;
/** ... and no longer than this, unless its interval is longer. */
const REPEAT_DELAY_MAX_SECONDS = 3_600;
/** The one key of repeating work, so that there is one job of it at a time. */
const REPEAT_KEY = 'repeat';

export type { JobContext } from './worker.js';

export interface JobSettings {
  /** Retries after a failure or the death of its process; after those the job is dead. */
  retryLimit: number;
  /** Delay of the first retry, at least 1; each further one waits about twice as long. */
  retryDelaySeconds: number;
  /** Timeout of one run, which then counts as failed. */
  expireInSeconds: number;
  /** Jobs that one process runs at the same time. */
  concurrency: number;
}

export type RepeatSettings = Pick<JobSettings, 'expireInSeconds'>;

export interface SendOptions {
  /** When it is due; by default at once. */
  startAfter?: Date;
  /** The same in seconds from now. */
  startAfterSeconds?: number;
  /** At most one job with the same key waits. */
  singletonKey?: string;
  /** The job is sent when this transaction commits. Required inside a transaction. */
  tx?: Transaction;
}

export type JobHandler<Data extends JsonObject> = (data: Data, context: JobContext) => Promise<void>;

/** One kind of job. */
export interface Job<Data extends JsonObject> {
  /** @returns false when a job with the same singletonKey already waits */
  send(data: Data, options?: SendOptions): Promise<boolean>;
  /** Makes this process look for jobs now: call it after the commit of a transaction that sent some. */
  wake(): void;
}

export interface JobsOptions {
  pollMs?: number;
  maintenanceSeconds?: number;
  leaseSeconds?: number;
  stopMaxMs?: number;
  deadKeptDays?: number;
  /** Where traces are configured: each run is one. */
  tracing?: Tracing | undefined;
}

type Definition = Work &
  Queue & { /** Sends the next run of repeating work when there is none. */ repeat?: () => Promise<void> };

/**
 * Background jobs. Each runs at least once, on any of the servers that share the database. Call define() and every()
 * first, then prepare(), which every process that sends jobs needs, and start() in processes that run them.
 */
export class Jobs {
  private readonly store: JobStore;
  private readonly definitions = new Map<string, Definition>();
  private readonly workers = new Map<string, Worker>();
  private readonly pollMs: number;
  private readonly maintenanceMs: number;
  private readonly leaseSeconds: number;
  private readonly stopMaxMs: number;
  private readonly prepared = new Set<string>();
  private deadKnown = 0;
  private stopMaintenance: (() => Promise<void>) | undefined;
  private stopRenewal: (() => Promise<void>) | undefined;

  constructor(
    database: Database,
    private readonly logger: Logger,
    private readonly options: JobsOptions = {},
  ) {
    this.store = new JobStore(database, logger, options.deadKeptDays ?? DEAD_KEPT_DAYS);
    this.pollMs = options.pollMs ?? POLL_MS;
    this.maintenanceMs = (options.maintenanceSeconds ?? MAINTENANCE_SECONDS) * 1_000;
    this.leaseSeconds = options.leaseSeconds ?? LEASE_SECONDS;
    this.stopMaxMs = options.stopMaxMs ?? STOP_MAX_MS;
  }

  /** Defines a kind of job. The handler may run more than once for the same job and must be idempotent. */
  define<Data extends JsonObject>(name: string, handler: JobHandler<Data>, settings: JobSettings): Job<Data> {
    const { retryLimit, retryDelaySeconds, expireInSeconds, concurrency } = settings;
    this.add({
      name,
      isExclusive: false,
      concurrency,
      expireInSeconds,
      pollMs: this.pollMs,
      // What is fetched is what send() took.
      run: (data, context) => handler(data as Data, context),
      succeeded: ({ id }) => this.store.remove(name, id),
      failed: ({ id }, error) => this.store.fail(name, id, error),
    });
    return {
      send: async (
        data,
        { startAfterSeconds, startAfter = startAfterSeconds, singletonKey = randomUUID(), tx } = {},
      ) => {
        // pg-boss silently drops a job of an unknown queue.
        if (!this.prepared.has(name)) throw new Error(`job '${name}' was not prepared`);
        const job: NewJob = {
          data,
          key: singletonKey,
          startAfter,
          retryLimit,
          retryDelaySeconds,
          isBackoff: true,
          leaseSeconds: this.leaseSeconds,
        };
        const isNew = await this.store.send(name, job, tx);
        if (!startAfter && !tx) this.workers.get(name)?.wake();
        return isNew;
      },
      wake: () => this.workers.get(name)?.wake(),
    };
  }

  /**
   * Defines repeating work, which runs on one server at a time and starts again `intervalSeconds` after its end. After
   * failures the delay grows; it is never given up.
   */
  every(
    name: string,
    intervalSeconds: number,
    handler: (context: JobContext) => Promise<void>,
    { expireInSeconds }: RepeatSettings,
  ): void {
    const next = (delaySeconds: number, failures: number): NewJob => ({
      data: { failures },
      key: REPEAT_KEY,
      startAfter: delaySeconds,
      retryLimit: REPEAT_CRASH_MAX,
      retryDelaySeconds: 0,
      isBackoff: false,
      leaseSeconds: this.leaseSeconds,
    });
    this.add({
      name,
      isExclusive: true,
      concurrency: 1,
      expireInSeconds,
      pollMs: Math.min(intervalSeconds * 1_000, REPEAT_POLL_MAX_MS),
      run: (_data, context) => handler(context),
      // In this order: if the process dies in between, the key removes the duplicate.
      succeeded: async ({ id }) => {
        await this.store.send(name, next(intervalSeconds, 0));
        await this.store.remove(name, id);
      },
      failed: async ({ id, data }) => {
        const failures = Number(data['failures']) + 1;
        await this.store.send(name, next(backOffSeconds(intervalSeconds, failures), failures));
        await this.store.remove(name, id);
      },
      repeat: async () => {
        if (await this.store.sendFirst(name, next(0, 0))) this.workers.get(name)?.wake();
      },
    });
  }

  private add(definition: Definition): void {
    if (this.definitions.has(definition.name)) throw new Error(`job '${definition.name}' is defined twice`);
    this.definitions.set(definition.name, definition);
  }

  /** Creates the tables and queues of the jobs. @throws JobStoreError */
  async prepare(): Promise<void> {
    await this.store.prepare([...this.definitions.values()]);
    for (const name of this.definitions.keys()) this.prepared.add(name);
  }

  /** Starts to run jobs. */
  start(): void {
    for (const definition of this.definitions.values()) {
      this.workers.set(definition.name, new Worker(definition, this.store, this.logger, this.options.tracing));
    }
    this.stopRenewal = repeatedly((this.leaseSeconds * 1_000) / RENEWALS_PER_LEASE, () => this.renewOrLog());
    this.stopMaintenance = repeatedly(this.maintenanceMs, () => this.maintain());
  }

  /** Takes no more jobs and waits for those that run; those that do not end in time are given back. */
  async stop(): Promise<void> {
    const workers = [...this.workers.values()];
    const stopped = Promise.all([this.stopMaintenance?.(), ...workers.map((worker) => worker.stop())]).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), this.stopMaxMs)));
    const isInTime = await Promise.race([stopped, late]);
    clearTimeout(timer);
    if (!isInTime) await Promise.all(workers.map((worker) => worker.abandon()));
    await this.stopRenewal?.();
    this.workers.clear();
  }

  /** @returns how many jobs of each kind wait, run, and are dead */
  async counts(): Promise<Record<string, JobCounts>> {
    const counts = await this.store.counts();
    const none: JobCounts = { waiting: 0, active: 0, dead: 0 };
    return Object.fromEntries([...this.definitions.keys()].map((name) => [name, counts.get(name) ?? none]));
  }

  /** Of each kind that waits for its time, since when it does, and for how long it is overdue. */
  async waits(): Promise<JobWait[]> {
    return (await this.store.waits()).filter(({ job }) => this.definitions.has(job));
  }

  /** Renews the leases of all jobs that run here. */
  private async renew(): Promise<void> {
    for (const worker of this.workers.values()) await worker.renew();
  }

  private async renewOrLog(): Promise<void> {
    try {
      await this.renew();
    } catch (error) {
      this.logger.warn({ err: error }, 'cannot renew the leases of background jobs, and try again');
    }
  }

  private async maintain(): Promise<void> {
    try {
      // First, so that a process that was too busy to renew does not fail its own jobs.
      await this.renew();
      await this.store.maintain();
      for (const { repeat } of this.definitions.values()) await repeat?.();
      const counts = await this.counts();
      const dead = Object.values(counts).reduce((sum, { dead: count }) => sum + count, 0);
      // A job that kills its process is logged nowhere else.
      if (dead > this.deadKnown) this.logger.error({ jobs: counts }, 'there are dead jobs');
      this.deadKnown = dead;
    } catch (error) {
      this.logger.warn({ err: error }, 'maintenance of background jobs failed, and is tried again');
    }
  }
}

/** @returns the delay of repeating work after this many failures in a row */
function backOffSeconds(intervalSeconds: number, failures: number): number {
  const doubled = intervalSeconds * 2 ** Math.min(failures, REPEAT_DELAY_EXPONENT_MAX);
  return Math.max(intervalSeconds, Math.min(doubled, REPEAT_DELAY_MAX_SECONDS));
}

/** Runs the work now and then at this interval. @returns a function that ends it, and resolves when the last run is over */
function repeatedly(intervalMs: number, work: () => Promise<void>): () => Promise<void> {
  let round: Promise<void> | undefined;
  const begin = (): void => {
    round ??= work().finally(() => (round = undefined));
  };
  begin();
  const timer = setInterval(begin, intervalMs);
  return async () => {
    clearInterval(timer);
    await round;
  };
}
