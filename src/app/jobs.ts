import type { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Database } from '../platform/database/database.js';
import { keepPartitionsByTime } from '../platform/database/partition-by-time.js';
import type { JobContext, Jobs, JobSettings } from '../platform/jobs/jobs.js';
import { forgetOutcomes } from '../platform/write/idempotency.js';
import { OutboxRetention } from '../platform/write/outbox-retention.js';
import { outboxCursors } from '../domain/outbox-cursors.js';
import { tablesByTime } from '../domain/partitioned-tables.js';
import type { AppContext } from './app-context.js';

const DAY_MS = 24 * 3_600_000;

/** Background work that is repeated at an interval. */
export interface RepeatingWork {
  name: string;
  /** From the end of one run to the start of the next. */
  everySeconds: number;
  /** How long one run may take. */
  expireInSeconds: number;
  run(context: JobContext): Promise<unknown>;
}

/** For jobs that work in steps: one that needs longer than a run sends the rest as a new job. */
export const steppedJobSettings: JobSettings = {
  retryLimit: 1_000,
  retryDelaySeconds: 1,
  expireInSeconds: 60,
  concurrency: 4,
};

export interface KeyRetentionDependencies {
  config: Config;
  database: Database;
  clock: Clock;
}

/** Deletes the outcomes of idempotency keys that are older than IDEMPOTENCY_KEY_DAYS. */
export function forgetIdempotencyKeys({ config, database, clock }: KeyRetentionDependencies): RepeatingWork {
  return forgetting('forget-idempotency-keys', config.idempotencyKeyDays, clock, (before, signal) =>
    forgetOutcomes(database, before, signal),
  );
}

/** Drops events that are older than OUTBOX_RETENTION_DAYS, and than what is still tried again. */
export function keepOutbox({ config, database, clock, logger }: AppContext): {
  readonly prepare: () => Promise<void>;
  readonly work: RepeatingWork;
} {
  const keptMs = Math.max(config.outboxRetentionDays * DAY_MS, config.callbackRetrySeconds * 1_000);
  const retention = new OutboxRetention(database, { cursors: outboxCursors, keptMs, log: logger });
  return {
    prepare: () => retention.prepare(clock.now()),
    work: {
      name: 'drop-old-events',
      everySeconds: 3_600,
      expireInSeconds: 600,
      run: () => retention.run(clock.now()),
    },
  };
}

/** Makes the partitions that the next rows of big tables go to, where an operator has given them partitions. */
export function keepPartitions({ database, clock, logger }: AppContext): RepeatingWork {
  return {
    name: 'keep-partitions',
    everySeconds: 3_600,
    expireInSeconds: 600,
    run: async () => {
      for (const table of tablesByTime) await keepPartitionsByTime(database, table, clock.now(), logger);
    },
  };
}

/** Background work that forgets, once an hour, what is older than so many days. */
export function forgetting(
  name: string,
  days: number,
  clock: Clock,
  forget: (before: Date, signal: AbortSignal) => Promise<unknown>,
): RepeatingWork {
  return {
    name,
    everySeconds: 3_600,
    expireInSeconds: 600,
    run: ({ signal }) => forget(new Date(clock.now().getTime() - days * DAY_MS), signal),
  };
}

/** Registers the works with the job library; they run once jobs are started. */
export function defineRepeatingWork(jobs: Jobs, works: readonly RepeatingWork[]): void {
  for (const { name, everySeconds, expireInSeconds, run } of works) {
    jobs.every(name, everySeconds, async (context) => void (await run(context)), { expireInSeconds });
  }
}
