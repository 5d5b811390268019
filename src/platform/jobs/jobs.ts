import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../database/database.js';
import type { JsonObject } from '../json-object.js';
import { JobStore, type JobCounts, type NewJob, type Queue } from './jobs.store.js';
import { Worker, type JobContext, type Work } from './worker.js';

/** How often a queue is looked at. Jobs that this process sends outside a transaction are seen at once. */
const POLL_MS = 2_000;
/** Work that repeats is looked for at its own pace, but not more seldom than this. */
const REPEAT_POLL_MAX_MS = 60_000;
/** For so long a job is its process's, which renews that while it runs the job: the longest time a death goes unnoticed. */
const LEASE_SECONDS = 15;
/** How often in that time; an outage or a busy moment may cost some of them. */
const RENEWALS_PER_LEASE = 4;
/** How often jobs are looked for whose process died. */
const MAINTENANCE_SECONDS = 10;
/** How long running jobs may take to end when the server stops. */
const STOP_MAX_MS = 4_000;
/** A process may die this often over one piece of repeating work before it waits for the next start. */
const REPEAT_CRASH_MAX = 100;
/** Repeating work that fails is put off to its interval times 2 to the power of this at most. */
const REPEAT_DELAY_EXPONENT_MAX = 6;
/** And never longer than this, unless its interval is. */
const REPEAT_DELAY_MAX_SECONDS = 3_600;
/** Of all waiting and running pieces of repeating work there is one. */
const REPEAT_KEY = 'repeat';

export type { JobContext } from './worker.js';

export interface JobSettings {
  /** How often it runs again after a failure, or after its process died; then it is dead. */
  retryLimit: number;
  /** Before the first repetition; each further one waits about twice as long. From 1 on. */
  retryDelaySeconds: number;
  /** How long it may take; then it has failed. */
  expireInSeconds: number;
  /** How many run at once in one process. */
  concurrency: number;
}

export type RepeatSettings = Pick<JobSettings, 'expireInSeconds'>;

export interface SendOptions {
  /** When it is due; without it, at once. */
  startAfter?: Date;
  /** Or so many seconds from now. */
  startAfterSeconds?: number;
  /** Of the jobs that wait with the same key there is one. */
  singletonKey?: string;
  /** The job comes into being with the commit. Inside a transaction it must be given. */
  tx?: Transaction;
}

export type JobHandler<Data extends JsonObject> = (data: Data, context: JobContext) => Promise<void>;

/** One kind of job. */
export interface Job<Data extends JsonObject> {
  /** Answers false when one with the same singletonKey waits already. */
  send(data: Data, options?: SendOptions): Promise<boolean>;
  /** Looks for jobs at once, where this process runs them: for those that a transaction sent, after its commit. */
  wake(): void;
}

export interface JobsOptions {
  pollMs?: number;
  maintenanceSeconds?: number;
  leaseSeconds?: number;
  stopMaxMs?: number;
}

type Definition = Work & Queue & { /** Set for work that repeats by itself. */ repeat?: () => Promise<void> };

/**
 * Everything that happens later: at least once, on any of the servers that share the database (see README.md).
 * First define() and every(), then prepare(), which every process needs that sends jobs; start() where they run.
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
    options: JobsOptions = {},
  ) {
    this.store = new JobStore(database, logger);
    this.pollMs = options.pollMs ?? POLL_MS;
    this.maintenanceMs = (options.maintenanceSeconds ?? MAINTENANCE_SECONDS) * 1_000;
    this.leaseSeconds = options.leaseSeconds ?? LEASE_SECONDS;
    this.stopMaxMs = options.stopMaxMs ?? STOP_MAX_MS;
  }

  /** A kind of job. The handler may run more than once for one job, and must then change nothing more. */
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
        // pg-boss puts a job into no queue without a word.
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
   * Work that repeats: so many seconds after its end it begins anew, on one server at a time. After a failure it
   * waits longer and longer, and never gives up.
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
      // In this order: should we die in between, there is one piece too many, which the key makes one again.
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

  /** Makes what the jobs need in the database. Throws JobStoreError. */
  async prepare(): Promise<void> {
    await this.store.prepare([...this.definitions.values()]);
    for (const name of this.definitions.keys()) this.prepared.add(name);
  }

  /** Begins to run jobs. */
  start(): void {
    for (const definition of this.definitions.values()) {
      this.workers.set(definition.name, new Worker(definition, this.store, this.logger));
    }
    this.stopRenewal = repeatedly((this.leaseSeconds * 1_000) / RENEWALS_PER_LEASE, () => this.keep());
    this.stopMaintenance = repeatedly(this.maintenanceMs, () => this.maintain());
  }

  /** Takes no more jobs and waits for those that run; what does not end in time is given back. */
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

  /** How many jobs of each kind wait, run, and are dead. */
  async counts(): Promise<Record<string, JobCounts>> {
    const counts = await this.store.counts();
    const none: JobCounts = { waiting: 0, active: 0, dead: 0 };
    return Object.fromEntries([...this.definitions.keys()].map((name) => [name, counts.get(name) ?? none]));
  }

  /** Renews the leases of all that runs here. */
  private async renew(): Promise<void> {
    for (const worker of this.workers.values()) await worker.renew();
  }

  private async keep(): Promise<void> {
    try {
      await this.renew();
    } catch (error) {
      this.logger.warn({ err: error }, 'cannot renew the leases of background jobs, and try again');
    }
  }

  private async maintain(): Promise<void> {
    try {
      // A process that was too busy to renew them must not take its own jobs for dead.
      await this.renew();
      await this.store.maintain();
      for (const { repeat } of this.definitions.values()) await repeat?.();
      const counts = await this.counts();
      const dead = Object.values(counts).reduce((sum, { dead: count }) => sum + count, 0);
      // A job that takes its process with it has nobody else who tells of it.
      if (dead > this.deadKnown) this.logger.error({ jobs: counts }, 'there are dead jobs');
      this.deadKnown = dead;
    } catch (error) {
      this.logger.warn({ err: error }, 'maintenance of background jobs failed, and is tried again');
    }
  }
}

/** How long repeating work waits that failed so many times in a row. */
function backOffSeconds(intervalSeconds: number, failures: number): number {
  const doubled = intervalSeconds * 2 ** Math.min(failures, REPEAT_DELAY_EXPONENT_MAX);
  return Math.max(intervalSeconds, Math.min(doubled, REPEAT_DELAY_MAX_SECONDS));
}

/** At once and then at this distance. Answers how to end it: resolves when the last round is over. */
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
