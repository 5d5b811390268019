import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Database } from '../../../src/platform/database/database.js';
import { openEmbedded } from '../../../src/platform/database/embedded.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { eventually } from '../../support/eventually.js';
import { startChild, type Child } from '../../support/child.js';
import { openConnection, type TcpProxy } from '../../support/tcp-proxy.js';
import { createDatabase, dropDatabase, endSessions, urlOf } from '../../support/postgresql.js';
import { killedJob, repeatingWork } from './killed-job.js';
import { createJobs, settings } from './support.js';

let name: string;
let place: string;
let child: Child | undefined;
beforeEach(async () => {
  name = process.env.TEST_DATABASE_URL ? await createDatabase() : await mkdtemp(join(tmpdir(), 'tmf-jobs-'));
  place = process.env.TEST_DATABASE_URL ? urlOf(name) : name;
});
afterEach(async () => {
  await child?.kill();
  await (process.env.TEST_DATABASE_URL ? dropDatabase(name) : rm(name, { recursive: true }));
});

it('a job whose process is killed runs again, and so does work that repeats', async () => {
  child = startChild('test/platform/jobs/hold-job.ts', place);
  expect(await child.line()).toBe('both run');
  await child.kill();

  const database: Database = process.env.TEST_DATABASE_URL
    ? await openPostgresql(place, { poolSize: 3 })
    : await openEmbedded(place);
  const { jobs } = createJobs(database);
  try {
    const ran: unknown[] = [];
    let rounds = 0;
    jobs.define(killedJob.name, async (data, { attempt }) => void ran.push([data, attempt]), killedJob.settings);
    jobs.every(repeatingWork.name, repeatingWork.intervalSeconds, async () => void rounds++, repeatingWork.settings);
    await jobs.prepare();
    jobs.start();
    await eventually('the job has run and the work goes on', () => (ran.length > 0 && rounds > 1) || undefined);
    await eventually('the job is done', async () => (await jobs.counts())[killedJob.name]?.active === 0 || undefined);
    expect(ran).toEqual([[{ made: 'by the one that was killed' }, 2]]);
    expect((await jobs.counts())[killedJob.name]).toEqual({ waiting: 0, active: 0, dead: 0 });
  } finally {
    await jobs.stop();
    await database.close();
  }
});

// An embedded database cannot go away without its process.
if (process.env.TEST_DATABASE_URL) {
  describe('when PostgreSQL goes away', () => {
    let line: TcpProxy;
    let database: Database;
    beforeEach(async () => {
      line = await openConnection(place);
      database = await openPostgresql(line.url, { poolSize: 3 });
    });
    afterEach(async () => {
      await database.close();
      line.cut();
    });

    async function hangUp(): Promise<void> {
      const client = new pg.Client(place);
      await client.connect();
      await endSessions(client);
      await client.end();
    }

    it('just as work ends of both kinds, each counts once, and what waits runs when it is back', async () => {
      const { jobs, log } = createJobs(database);
      const ran: string[] = [];
      let goOn = (): void => undefined;
      const isCut = new Promise<void>((resolve) => (goOn = resolve));
      const job = jobs.define<{ name: string }>(
        'patient',
        async (data) => {
          ran.push(data.name);
          if (data.name === 'first') await isCut;
        },
        { ...settings, concurrency: 1 },
      );
      let rounds = 0;
      let cutAt: number | undefined;
      jobs.every(
        'sweep',
        1,
        async () => {
          rounds++;
          if (ran.length === 0 || cutAt) return;
          cutAt = rounds;
          line.cut();
          goOn();
        },
        { expireInSeconds: 60 },
      );
      await jobs.prepare();
      await job.send({ name: 'first' });
      await job.send({ name: 'second' });
      jobs.start();
      await eventually(
        'it is told',
        () => log.some(({ level, msg }) => level === 40 && /is away/.test(String(msg))) || undefined,
      );
      await expect(job.send({ name: 'refused' })).rejects.toThrow();
      await line.mend();

      await eventually('the second has run', () => ran.length === 2 || undefined);
      await eventually('repeating work goes on', () => rounds > cutAt! || undefined);
      await eventually('all is done', async () => (await jobs.counts())['patient']?.active === 0 || undefined);
      expect(ran).toEqual(['first', 'second']);
      expect((await jobs.counts())['patient']).toEqual({ waiting: 0, active: 0, dead: 0 });
      expect(log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
      await jobs.stop();
    });

    it('again and again under load, no job is lost', async () => {
      const { jobs } = createJobs(database, { leaseSeconds: 2 });
      const ran = new Map<number, number>();
      const job = jobs.define<{ number: number }>(
        'load',
        async ({ number }) => {
          await database.statement('SELECT pg_sleep(0.01)');
          ran.set(number, (ran.get(number) ?? 0) + 1);
        },
        { ...settings, retryLimit: 20, concurrency: 3 },
      );
      await jobs.prepare();
      jobs.start();
      const count = 60;
      for (let number = 0; number < count; number++) {
        await eventually('it is taken', () =>
          job.send({ number }, { singletonKey: `${number}` }).then(
            () => true,
            () => undefined,
          ),
        );
        if (number % 10 === 9) await hangUp();
      }
      await eventually('all have run', () => ran.size === count || undefined);
      await eventually('all are done', async () => {
        const { waiting, active } = (await jobs.counts())['load']!;
        return waiting + active === 0 || undefined;
      });
      expect((await jobs.counts())['load']!.dead).toBe(0);
      await jobs.stop();
    });
  });
}
