import type { Logger } from 'pino';
import type { PrepayBalance } from '../domain/prepay-balance/index.js';
import type { Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Database } from '../platform/database/database.js';
import type { JobContext, Jobs } from '../platform/jobs/jobs.js';
import { forgetOutcomes } from '../platform/write/idempotency.js';

const DAY_MS = 24 * 3_600_000;

export interface JobTools {
  config: Config;
  database: Database;
  clock: Clock;
  prepayBalance: PrepayBalance;
  logger: Logger;
}

interface RepeatingWork {
  name: string;
  /** From the end of one round to the begin of the next. */
  everySeconds: number;
  /** A round may take so long; also how soon it goes on after a crash. */
  expireInSeconds: number;
  run(context: JobContext): Promise<unknown>;
}

/** All that the server does without being asked: one row each. */
function repeatingWork({ config, database, clock, prepayBalance, logger }: JobTools): RepeatingWork[] {
  const settleBalances = async ({ signal }: JobContext): Promise<void> => {
    const settled = await prepayBalance.settler.settleTenants(signal);
    if (settled > 0) logger.info({ settled }, 'settled what was due');
  };
  const keysBegin = (): Date => new Date(clock.now().getTime() - config.idempotencyKeyDays * DAY_MS);
  return [
    { name: 'settle-balances', everySeconds: 5, expireInSeconds: 300, run: settleBalances },
    { name: 'forget-idempotency-keys', everySeconds: 3_600, expireInSeconds: 600, run: ({ signal }) => forgetOutcomes(database, keysBegin(), signal) },
  ];
}

export function defineJobs(jobs: Jobs, tools: JobTools): void {
  for (const { name, everySeconds, expireInSeconds, run } of repeatingWork(tools)) {
    jobs.every(name, everySeconds, async (context) => void (await run(context)), { expireInSeconds });
  }
}
