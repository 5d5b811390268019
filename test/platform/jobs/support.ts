import { pino } from 'pino';
import type { Database } from '../../../src/platform/database/database.js';
import { Jobs, type JobsOptions } from '../../../src/platform/jobs/jobs.js';

/** Jobs in a hurry, and what they log. */
export function createJobs(
  database: Database,
  options: JobsOptions = {},
): { jobs: Jobs; log: Record<string, unknown>[] } {
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  return { jobs: new Jobs(database, logger, { pollMs: 50, maintenanceSeconds: 1, ...options }), log };
}

export const settings = { retryLimit: 0, retryDelaySeconds: 1, expireInSeconds: 60, concurrency: 5 };
