import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isUnavailable } from '../database/failures.js';
import { runForAllTenants } from '../database/tenant-scope.js';
import { runInWorkClass } from '../database/work-class.js';
import type { JsonObject } from '../json-object.js';
import { spanned, type Span, type Tracing } from '../tracing.js';
import type { JobStore, StoredJob } from './jobs.store.js';

/** What a running job gets besides its data. */
export interface JobContext {
  /** Aborted when the job times out or the server stops: end early, and leave the rest to the next run. */
  readonly signal: AbortSignal;
  /** 1 for the first run. */
  readonly attempt: number;
}

/** What a worker does with the jobs of one queue. */
export interface Work {
  readonly name: string;
  readonly concurrency: number;
  readonly expireInSeconds: number;
  readonly pollMs: number;
  run(data: JsonObject, context: JobContext): Promise<void>;
  succeeded(job: StoredJob): Promise<void>;
  failed(job: StoredJob, error: unknown): Promise<void>;
}

/** Takes the jobs of one queue as they come due, and runs a bounded number of them at once. */
export class Worker {
  private readonly running = new Map<StoredJob, Promise<void>>();
  private readonly stopping = new AbortController();
  /** Once true, nothing is written any more: the database is about to be closed. */
  private isAbandoned = false;
  private hasNews = false;
  private wakeUp: (() => void) | undefined;
  private readonly looping: Promise<void>;

  constructor(
    private readonly work: Work,
    private readonly store: JobStore,
    private readonly logger: Logger,
    private readonly tracing: Tracing | undefined,
  ) {
    this.looping = this.loop();
  }

  /** Looks for jobs now instead of at the next poll. */
  wake(): void {
    this.hasNews = true;
    this.wakeUp?.();
  }

  /** Takes no more jobs and aborts those that run; resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the server stops'));
    this.wake();
    await this.looping;
    await Promise.all(this.running.values());
  }

  /** Gives jobs back that did not end in time: another server, or the next start, runs them again. */
  async abandon(): Promise<void> {
    this.isAbandoned = true;
    for (const job of this.running.keys()) {
      this.logger.warn({ job: this.work.name, id: job.id }, 'job given back: it did not end in time');
      await this.store.giveBack(this.work.name, job).catch((error: unknown) => {
        this.logger.error(
          { err: error, job: this.work.name, id: job.id },
          'cannot give a job back: it runs again when its lease is over',
        );
      });
    }
  }

  /** Renews the leases of the jobs that run here. */
  async renew(): Promise<void> {
    if (this.running.size > 0 && !this.isAbandoned) await this.store.renew(this.work.name, [...this.running.keys()]);
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async loop(): Promise<void> {
    const { name, concurrency, pollMs } = this.work;
    while (!this.isStopping) {
      this.hasNews = false;
      const free = concurrency - this.running.size;
      const jobs = await this.store.fetch(name, free);
      for (const job of jobs) this.begin(job);
      if (this.running.size >= concurrency) await Promise.race([...this.running.values()]);
      else if (jobs.length === 0) await this.pause(pollMs);
    }
  }

  /** Waits until the time is over or `wake` is called. */
  private async pause(milliseconds: number): Promise<void> {
    if (this.hasNews) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
  }

  private begin(job: StoredJob): void {
    const ending = this.runJob(job).finally(() => this.running.delete(job));
    this.running.set(job, ending);
  }

  private async runJob(job: StoredJob): Promise<void> {
    const { name, expireInSeconds } = this.work;
    const log = this.logger.child({ job: name, id: job.id, attempt: job.attempt });
    const timeUp = AbortSignal.timeout(expireInSeconds * 1_000);
    const deadline = performance.now() + expireInSeconds * 1_000;
    try {
      const signal = AbortSignal.any([timeUp, this.stopping.signal]);
      // Leases are renewed on connections of another work class, which jobs cannot use up.
      const run = runForAllTenants(() =>
        runInWorkClass('job', () =>
          spanned(this.spanOf(job), () => this.work.run(job.data, { signal, attempt: job.attempt })),
        ),
      );
      await orTimeUp(run, timeUp, expireInSeconds);
    } catch (error) {
      if (this.isStopping) await this.persist(log, deadline, () => this.store.giveBack(name, job));
      else {
        if (job.isLastAttempt) log.error({ err: error }, 'job failed for the last time and is dead');
        else log.warn({ err: error }, 'job failed, and will run again');
        await this.persist(log, deadline, () => this.work.failed(job, error));
      }
      return;
    }
    log.debug('job done');
    await this.persist(log, deadline, () => this.work.succeeded(job));
  }

  private spanOf({ id, attempt }: StoredJob): Span | undefined {
    const { name } = this.work;
    const attributes = { 'tmf.job.name': name, 'tmf.job.id': id, 'tmf.job.attempt': attempt };
    return this.tracing?.begin(`job ${name}`, { kind: 'consumer', attributes });
  }

  /** Writes how a job ended. During an outage it retries until the job's timeout; after that its lease ends. */
  private async persist(log: Logger, deadline: number, write: () => Promise<void>): Promise<void> {
    for (;;) {
      if (this.isAbandoned) return;
      try {
        await write();
        return;
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > deadline) {
          log.error({ err: error }, 'cannot write how a job ended: it will run again');
          return;
        }
        await sleep(this.work.pollMs);
      }
    }
  }
}

/** Rejects on timeout: a running function cannot be stopped, but one that hangs must not occupy its slot for ever. */
async function orTimeUp(run: Promise<void>, timeUp: AbortSignal, seconds: number): Promise<void> {
  let onTimeUp: (() => void) | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    onTimeUp = () => reject(new Error(`the job took longer than ${seconds} s`));
    timeUp.addEventListener('abort', onTimeUp);
  });
  try {
    await Promise.race([run, late]);
  } finally {
    if (onTimeUp) timeUp.removeEventListener('abort', onTimeUp);
  }
}
