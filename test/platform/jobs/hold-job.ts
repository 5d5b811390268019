import { pino } from 'pino';
import { openEmbedded } from '../../../src/platform/database/embedded.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { Jobs } from '../../../src/platform/jobs/jobs.js';
import { killedJob, repeatingWork } from './killed-job.js';

// A process of its own for failures.test.ts: sends a job to the database, says that it runs, and hangs in the middle of
// it, and of work that repeats, until it is killed.
const [, , place = ''] = process.argv;
const database = place.startsWith('postgres')
  ? await openPostgresql(place, { poolSize: 3 })
  : await openEmbedded(place);
const jobs = new Jobs(database, pino({ level: 'silent' }), { pollMs: 50, leaseSeconds: 2 });
const running = new Set<string>();
const hang = (name: string): Promise<void> => {
  running.add(name);
  if (running.size === 2) console.log('both run');
  return new Promise(() => undefined);
};
const job = jobs.define(killedJob.name, () => hang('job'), killedJob.settings);
jobs.every(repeatingWork.name, repeatingWork.intervalSeconds, () => hang('repeating'), repeatingWork.settings);
await jobs.prepare();
await job.send({ made: 'by the one that was killed' });
jobs.start();
process.stdin.resume();
