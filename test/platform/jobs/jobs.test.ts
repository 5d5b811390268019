import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { applyMigrations } from '../../../src/platform/database/migrations.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import type { Database } from '../../../src/platform/database/database.js';
import type { Jobs, JobsOptions } from '../../../src/platform/jobs/jobs.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { createJobs, settings } from './support.js';

let database: TestDatabase;
let further: Database[] = [];
let servers: Jobs[] = [];

// One database for all: each test has kinds of jobs of its own.
beforeAll(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await Promise.all(servers.map((jobs) => jobs.stop()));
  await Promise.all(further.map((one) => one.close()));
  [servers, further] = [[], []];
});
afterAll(() => database.close());

function server(on: Database = database, options?: JobsOptions): ReturnType<typeof createJobs> {
  const created = createJobs(on, options);
  servers.push(created.jobs);
  return created;
}

/** Of another server: on PostgreSQL with connections of its own; an embedded database belongs to one process. */
async function otherDatabase(): Promise<Database> {
  if (!database.url) return database;
  const other = await openPostgresql(database.url, { poolSize: 5 });
  further.push(other);
  return other;
}

const until = (what: string, isSo: () => boolean | Promise<boolean>): Promise<true> =>
  eventually(what, async () => (await isSo()) || undefined);

describe('a job', () => {
  it('runs once, with its data, and leaves nothing behind', async () => {
    const { jobs } = server();
    const ran: unknown[] = [];
    const greet = jobs.define<{ name: string; deep: { list: number[] } }>(
      'greet',
      async (data, { attempt }) => void ran.push([data, attempt]),
      settings,
    );
    await jobs.prepare();
    jobs.start();
    const data = { name: 'Zoë', deep: { list: [1, 2.5] } };
    expect(await greet.send(data)).toBe(true);
    await until(
      'the job is done',
      async () => (await jobs.counts())['greet']!.waiting + (await jobs.counts())['greet']!.active === 0,
    );
    expect(ran).toEqual([[data, 1]]);
    expect(await jobs.counts()).toEqual({ greet: { waiting: 0, active: 0, dead: 0 } });
  });

  it('waits until it is due', async () => {
    const { jobs } = server();
    const ran: string[] = [];
    const job = jobs.define<{ name: string }>('later', async ({ name }) => void ran.push(name), {
      ...settings,
      concurrency: 1,
    });
    await jobs.prepare();
    await job.send({ name: 'in a while' }, { startAfter: new Date(Date.now() + 5_000) });
    await job.send({ name: 'tomorrow' }, { startAfter: new Date(Date.now() + 86_400_000) });
    await job.send({ name: 'now' });
    await job.send({ name: 'in the past' }, { startAfter: new Date(0) });
    jobs.start();
    await until('the third is done', async () => ran.length === 3 && (await jobs.counts())['later']?.active === 0);
    expect(ran).toEqual(['now', 'in the past', 'in a while']);
    expect((await jobs.counts())['later']).toEqual({ waiting: 1, active: 0, dead: 0 });
  });

  it('is one of its key while it waits', async () => {
    const { jobs } = server();
    const ran: string[] = [];
    const job = jobs.define<{ name: string }>('keyed', async ({ name }) => void ran.push(name), settings);
    await jobs.prepare();
    const sent = [
      await job.send({ name: 'a' }, { singletonKey: 'k' }),
      await job.send({ name: 'b' }, { singletonKey: 'k' }),
      await job.send({ name: 'c' }, { singletonKey: 'l' }),
    ];
    expect(sent).toEqual([true, false, true]);
    jobs.start();
    await until('both have run', () => ran.length === 2);
    expect(ran.sort()).toEqual(['a', 'c']);
    await until('both are done', async () => (await jobs.counts())['keyed']!.active === 0);
    expect(await job.send({ name: 'd' }, { singletonKey: 'k' })).toBe(true);
  });

  it('runs no more of a kind at once than allowed', async () => {
    const { jobs } = server();
    let [running, most, done] = [0, 0, 0];
    const job = jobs.define(
      'bounded',
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        [running, done] = [running - 1, done + 1];
      },
      { ...settings, concurrency: 3 },
    );
    await jobs.prepare();
    for (let count = 0; count < 12; count++) await job.send({});
    jobs.start();
    await until('all are done', () => done === 12);
    expect(most).toBe(3);
  });

  it('runs again after a failure, later and later, and is dead in the end', async () => {
    const { jobs, log } = server();
    const attempts: { attempt: number; at: number }[] = [];
    const job = jobs.define<{ file: string }>(
      'fragile',
      async (_data, { attempt }) => {
        attempts.push({ attempt, at: Date.now() });
        throw new Error('no such file');
      },
      { ...settings, retryLimit: 2 },
    );
    await jobs.prepare();
    jobs.start();
    await job.send({ file: 'x' });
    await until('it is dead', async () => (await jobs.counts())['fragile']!.dead === 1);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    // pg-boss waits from half to the whole of 2 and 4 s: never less than this.
    expect(attempts[1]!.at - attempts[0]!.at).toBeGreaterThanOrEqual(900);
    expect(attempts[2]!.at - attempts[1]!.at).toBeGreaterThanOrEqual(1_900);
    expect((await jobs.counts())['fragile']).toEqual({ waiting: 0, active: 0, dead: 1 });
    const told = log
      .filter(({ job: name }) => name === 'fragile')
      .map(({ level, msg, err }) => [level, msg, (err as Error).message]);
    expect(told).toEqual([
      [40, 'job failed, and will run again', 'no such file'],
      [40, 'job failed, and will run again', 'no such file'],
      [50, 'job failed for the last time and is dead', 'no such file'],
    ]);
    await until('dead jobs are told', () =>
      log.some(({ level, msg }) => level === 50 && msg === 'there are dead jobs'),
    );
  });

  it('that hangs gives its place up when its time is over, and is told', async () => {
    const { jobs } = server();
    const signals: AbortSignal[] = [];
    const job = jobs.define<{ hang: boolean }>(
      'hanging',
      (data, { signal }) => {
        signals.push(signal);
        return data.hang ? new Promise<void>(() => undefined) : Promise.resolve();
      },
      { ...settings, expireInSeconds: 1, concurrency: 1 },
    );
    await jobs.prepare();
    jobs.start();
    await job.send({ hang: true });
    await until('it runs', () => signals.length === 1);
    await job.send({ hang: false });
    await until('the next one has run', () => signals.length === 2);
    expect(signals[0]!.aborted).toBe(true);
    await until('the first is dead', async () => (await jobs.counts())['hanging']!.dead === 1);
  });
});

describe('a job that is sent in a transaction', () => {
  it('is there after the commit, and not before', async () => {
    const { jobs } = server();
    let ran = 0;
    const job = jobs.define<{ text: string; none: null; truth: boolean }>(
      'with-change',
      async () => void ran++,
      settings,
    );
    await jobs.prepare();
    jobs.start();
    await database.transaction(async (tx) => {
      await tx.execute(Prisma.sql`INSERT INTO "ServerState" VALUES ('a', '{}', now())`);
      expect(
        await job.send({ text: 'x', none: null, truth: true }, { tx, startAfter: new Date(0), singletonKey: 'k' }),
      ).toBe(true);
      expect(await job.send({ text: 'x', none: null, truth: true }, { tx, singletonKey: 'k' })).toBe(false);
    });
    await until('it has run', () => ran === 1);
  });

  it('is not there after a rollback', async () => {
    const { jobs } = server();
    const ran: string[] = [];
    const job = jobs.define<{ name: string }>('with-undone-change', async ({ name }) => void ran.push(name), {
      ...settings,
      concurrency: 1,
    });
    await jobs.prepare();
    const change = database.transaction(async (tx) => {
      await job.send({ name: 'rolled back' }, { tx });
      throw new Error('changed my mind');
    });
    await expect(change).rejects.toThrow('changed my mind');
    expect((await jobs.counts())['with-undone-change']).toEqual({ waiting: 0, active: 0, dead: 0 });
    await job.send({ name: 'next' });
    jobs.start();
    await until('the next has run', () => ran.length > 0);
    expect(ran).toEqual(['next']);
  });

  it('is refused when its queue is not there: an acknowledged job that nobody has is a lost one', async () => {
    const { jobs } = server();
    await jobs.prepare();
    const job = jobs.define('defined-late', async () => undefined, settings);
    await expect(job.send({})).rejects.toThrow("job 'defined-late' was not prepared");
    await expect(database.transaction((tx) => job.send({}, { tx }))).rejects.toThrow('was not prepared');
  });
});

describe('several servers', () => {
  it('that start at once on an empty database all come up', async () => {
    const all = [server(), ...(await Promise.all([1, 2, 3].map(async () => server(await otherDatabase()))))].map(
      ({ jobs }) => jobs,
    );
    let ran = 0;
    const kinds = all.map((jobs) => ['a', 'b', 'c'].map((name) => jobs.define(name, async () => void ran++, settings)));
    await Promise.all(all.map((jobs) => jobs.prepare()));
    // And on one that is prepared.
    await Promise.all(all.map((jobs) => jobs.prepare()));
    for (const jobs of all) jobs.start();
    await Promise.all(kinds.flat().map((job) => job.send({})));
    await until('all have run', () => ran === 12);
  });

  it('share the work, and each job runs once when nothing fails', async () => {
    const ran: { number: number; by: string }[] = [];
    let begin = (): void => undefined;
    const bothAtWork = new Promise<void>((resolve) => (begin = resolve));
    const takers = new Set<string>();
    const create = (
      on: Database,
      by: string,
    ): { jobs: Jobs; job: ReturnType<typeof Jobs.prototype.define<{ number: number }>> } => {
      const { jobs } = server(on);
      const job = jobs.define<{ number: number }>(
        'share',
        async ({ number }) => {
          takers.add(by);
          if (takers.size === 2) begin();
          await bothAtWork;
          ran.push({ number, by });
        },
        settings,
      );
      return { jobs, job };
    };
    const [one, other] = [create(database, 'one'), create(await otherDatabase(), 'other')];
    await Promise.all([one.jobs.prepare(), other.jobs.prepare()]);
    for (let number = 0; number < 200; number++) await (number % 2 ? one : other).job.send({ number });
    one.jobs.start();
    other.jobs.start();
    await until(
      'all are done',
      async () => (await one.jobs.counts())['share']!.waiting + (await one.jobs.counts())['share']!.active === 0,
    );
    expect(ran.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, number) => number),
    );
  });
});

describe('a job that takes longer than its lease', () => {
  it('is left to the process that runs it', async () => {
    const attempts: number[] = [];
    let ended = 0;
    const all = [database, await otherDatabase()].map((on) => {
      const { jobs } = server(on, { leaseSeconds: 3, maintenanceSeconds: 0.2 });
      return {
        jobs,
        job: jobs.define(
          'long',
          async (_data, { attempt }) => {
            attempts.push(attempt);
            await new Promise((resolve) => setTimeout(resolve, 8_000));
            ended++;
          },
          { ...settings, retryLimit: 5 },
        ),
      };
    });
    await Promise.all(all.map(({ jobs }) => jobs.prepare()));
    for (const { jobs } of all) jobs.start();
    await all[0]!.job.send({});
    await until('it has ended', () => ended > 0);
    expect(attempts).toEqual([1]);
  });
});

describe('work that repeats', () => {
  it('begins by itself and goes on, one at a time on all servers together', async () => {
    let [running, most, runs] = [0, 0, 0];
    const all = [server(), server(await otherDatabase()), server(await otherDatabase())].map(({ jobs }) => jobs);
    for (const jobs of all) {
      jobs.every(
        'sweep',
        1,
        async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 30));
          [running, runs] = [running - 1, runs + 1];
        },
        { expireInSeconds: 60 },
      );
    }
    await Promise.all(all.map((jobs) => jobs.prepare()));
    for (const jobs of all) jobs.start();
    const begun = Date.now();
    await until('it has run four times', () => runs >= 4);
    expect(most).toBe(1);
    // One second apart, however many servers there are: four runs need three seconds at least.
    expect(Date.now() - begun).toBeGreaterThanOrEqual(2_900);
    const { waiting, active } = (await all[0]!.counts())['sweep']!;
    expect(waiting + active).toBeLessThanOrEqual(2);
  });

  it('goes on after a failure, which is told', async () => {
    const { jobs, log } = server();
    let runs = 0;
    jobs.every(
      'sweep-again',
      1,
      async () => {
        if (++runs === 1) throw new Error('out of luck');
      },
      { expireInSeconds: 60 },
    );
    await jobs.prepare();
    jobs.start();
    await until('it has run three times', () => runs >= 3);
    expect(log.filter(({ job }) => job === 'sweep-again')).toMatchObject([
      { level: 40, err: { message: 'out of luck' } },
    ]);
    expect((await jobs.counts())['sweep-again']!.dead).toBe(0);
  });
});

describe('stopping', () => {
  it('waits for the job that runs, tells it, and takes no other', async () => {
    const { jobs } = server();
    const events: string[] = [];
    const job = jobs.define<{ name: string }>(
      'slow',
      async ({ name }, { signal }) => {
        events.push(`${name} begins`);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await new Promise((resolve) => setTimeout(resolve, 50));
        events.push(`${name} ends`);
      },
      { ...settings, concurrency: 1 },
    );
    await jobs.prepare();
    jobs.start();
    await job.send({ name: 'first' });
    await job.send({ name: 'second' });
    await until('the first runs', () => events.length === 1);
    await jobs.stop();
    expect(events).toEqual(['first begins', 'first ends']);
    expect((await jobs.counts())['slow']).toEqual({ waiting: 1, active: 0, dead: 0 });
  });

  it('gives a job back that does not end, even at its last attempt, and another server runs it', async () => {
    const first = server(database, { stopMaxMs: 200 });
    let began = false;
    const job = first.jobs.define(
      'endless',
      () => {
        began = true;
        return new Promise<void>(() => undefined);
      },
      settings,
    );
    await first.jobs.prepare();
    first.jobs.start();
    await job.send({});
    await until('it runs', () => began);
    await first.jobs.stop();

    const second = server();
    let attempts = 0;
    second.jobs.define('endless', async (_data, { attempt }) => void (attempts = attempt), settings);
    second.jobs.start();
    await until('it is done', () => attempts > 0);
    expect(attempts).toBe(2);
  });

  it('is quick where nothing was started, and may be done twice', async () => {
    const { jobs } = server();
    await jobs.stop();
    await jobs.stop();
  });
});

describe('the tables of jobs', () => {
  it('do not disturb migrations', async () => {
    const { jobs } = server();
    jobs.define('some', async () => undefined, settings);
    await jobs.prepare();
    expect(await applyMigrations(database)).toEqual([]);
    const tables = await database.query<{ name: string }>(
      Prisma.sql`SELECT tablename::text AS "name" FROM pg_tables WHERE schemaname = 'public' AND tablename ~* 'job|boss'`,
    );
    expect(tables).toEqual([]);
  });

  it('refuse two kinds of one name', () => {
    const { jobs } = server();
    jobs.define('twice', async () => undefined, settings);
    expect(() => jobs.every('twice', 5, async () => undefined, settings)).toThrow("job 'twice' is defined twice");
  });
});
