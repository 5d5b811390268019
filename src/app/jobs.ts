import type { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Database } from '../platform/database/database.js';
import type { JobContext, Jobs, JobSettings } from '../platform/jobs/jobs.js';
import { forgetOutcomes } from '../platform/write/idempotency.js';

const DAY_MS = 24 * 3_600_000;

/** What comes round again and again without being asked. */
export interface RepeatingWork {
  name: string;
  /** From the end of one round to the begin of the next. */
  everySeconds: number;
  /** A round may take so long. */
  expireInSeconds: number;
  run(context: JobContext): Promise<unknown>;
}

/** Of jobs that work in steps: what takes longer sends itself on. */
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

/** What the server does whatever its domains are. */
export function forgetIdempotencyKeys({ config, database, clock }: KeyRetentionDependencies): RepeatingWork {
  const keysBegin = (): Date => new Date(clock.now().getTime() - config.idempotencyKeyDays * DAY_MS);
  return {
    name: 'forget-idempotency-keys',
    everySeconds: 3_600,
    expireInSeconds: 600,
    run: ({ signal }) => forgetOutcomes(database, keysBegin(), signal),
  };
}

export function defineRepeatingWork(jobs: Jobs, works: readonly RepeatingWork[]): void {
  for (const { name, everySeconds, expireInSeconds, run } of works) {
    jobs.every(name, everySeconds, async (context) => void (await run(context)), { expireInSeconds });
  }
}
