import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { SteadyClock, type TimeSources } from '../../src/platform/clock.js';
import { DatabaseClock } from '../../src/platform/database/database-clock.js';
import type { Database } from '../../src/platform/database/database.js';
import { classOf } from '../../src/platform/database/work-class.js';
import { startTestServer, type TestServer } from '../support/server.js';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const hour = 3_600_000;

/** The clocks of a machine, which pass as they are told. */
class Machine implements TimeSources {
  wall = start;
  monotonic = 5_000;
  wallMs = (): number => this.wall;
  monotonicMs = (): number => this.monotonic;

  pass(milliseconds: number): void {
    this.wall += milliseconds;
    this.monotonic += milliseconds;
  }
}

let machine: Machine;
let lines: { level: number; msg: string; aheadMs?: number; stepMs?: number }[];
const logger = pino(
  { level: 'info' },
  { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
);
beforeEach(() => {
  machine = new Machine();
  lines = [];
});

describe('the wall clock, held against the monotonic one', () => {
  let clock: SteadyClock;
  beforeEach(() => {
    clock = new SteadyClock(logger, machine);
  });
  afterEach(() => clock.stop());
  const elapsed = (): number => clock.now().getTime() - start;

  it('is followed as it runs, and where it is set right by little', () => {
    machine.pass(100);
    expect(elapsed()).toBe(100);
    machine.wall += 500;
    expect(elapsed()).toBe(600);
    machine.wall -= 900;
    expect(elapsed()).toBe(-300);
    expect(lines).toEqual([]);
  });

  it.each([
    ['ahead', hour],
    ['back', -hour],
    ['ahead by little', 2_000],
  ])('is not believed where it jumps %s, until it has stood for a minute', (_name, by) => {
    machine.wall += by;
    expect(elapsed()).toBe(0);
    for (let second = 1; second < 60; second++) {
      machine.pass(1_000);
      expect(elapsed()).toBe(second * 1_000);
    }
    machine.pass(1_000);
    expect(elapsed()).toBe(60_000 + by);
    expect(lines.map(({ aheadMs }) => aheadMs)).toEqual([by, by]);
  });

  it('is not believed where it jumped and came back', () => {
    machine.wall += hour;
    expect(elapsed()).toBe(0);
    machine.pass(59_000);
    machine.wall -= hour;
    expect(elapsed()).toBe(59_000);
    // The next jump has its own minute.
    machine.wall += hour;
    machine.pass(2_000);
    expect(elapsed()).toBe(61_000);
    machine.pass(59_000);
    expect(elapsed()).toBe(120_000);
  });

  it('is not believed where it jumps from one time to the next', () => {
    for (let jump = 0; jump < 10; jump++) {
      machine.wall += hour;
      expect(elapsed()).toBe(jump * 40_000);
      machine.pass(40_000);
    }
  });
});

describe('the time of a database', () => {
  let clock: DatabaseClock | undefined;
  afterEach(() => clock?.stop());

  /** Answers after the delay, told from its middle; or is away. */
  function databaseOf(answer: { aheadMs: number; delaysMs?: number[]; isAway?: boolean }): {
    database: Database;
    classes: string[];
  } {
    const classes: string[] = [];
    const statement = <T>(): Promise<T[]> => {
      classes.push(classOf('write'));
      if (answer.isAway) return Promise.reject(new Error('away'));
      const delay = answer.delaysMs?.shift() ?? 2;
      machine.pass(delay / 2);
      const ms = start + machine.monotonic - 5_000 + answer.aheadMs;
      machine.pass(delay / 2);
      return Promise.resolve([{ ms }] as T[]);
    };
    return { database: { kind: 'postgresql', statement } as Partial<Database> as Database, classes };
  }
  const aheadMs = (): number => Math.round(clock!.now().getTime() - start - (machine.monotonic - 5_000));

  it('is its clock, though the machine is an hour behind, whose wall clock may jump as it likes', async () => {
    const { database, classes } = databaseOf({ aheadMs: hour });
    clock = await DatabaseClock.start(database, logger, machine);
    expect(aheadMs()).toBe(hour);
    machine.wall += 24 * hour;
    expect(aheadMs()).toBe(hour);
    expect(new Set(classes)).toEqual(new Set(['control']));
    expect(lines).toMatchObject([{ level: 40, aheadMs: -hour }]);
  });

  it('is measured with half of the shortest round trip', async () => {
    clock = await DatabaseClock.start(
      databaseOf({ aheadMs: hour, delaysMs: [900, 20, 600] }).database,
      logger,
      machine,
    );
    expect(aheadMs()).toBe(hour);
  });

  it('is corrected with the next measure, which is told above five seconds', async () => {
    const answer = { aheadMs: 0 };
    clock = await DatabaseClock.start(databaseOf(answer).database, logger, machine);
    answer.aheadMs = 4_000;
    await clock.measure();
    expect([aheadMs(), lines]).toEqual([4_000, []]);
    answer.aheadMs = -hour;
    await clock.measure();
    expect(aheadMs()).toBe(-hour);
    expect(lines).toMatchObject([
      { level: 40, stepMs: -hour - 4_000 },
      { level: 40, aheadMs: hour },
    ]);
    answer.aheadMs = 0;
    await clock.measure();
    expect(lines.slice(2)).toMatchObject([
      { level: 40, stepMs: hour },
      { level: 30, msg: expect.stringContaining('again') },
    ]);
  });

  it('goes on by the last measure while the database is away, which is told once', async () => {
    const answer = { aheadMs: hour, isAway: false };
    clock = await DatabaseClock.start(databaseOf(answer).database, logger, machine);
    answer.isAway = true;
    lines.length = 0;
    for (let round = 0; round < 3; round++) {
      machine.pass(60_000);
      await clock.measure();
      expect(aheadMs()).toBe(hour);
    }
    expect(lines).toHaveLength(1);
  });

  it('is that of the machine until the first measure', async () => {
    const answer = { aheadMs: hour, isAway: true };
    clock = await DatabaseClock.start(databaseOf(answer).database, logger, machine);
    expect(aheadMs()).toBe(0);
    answer.isAway = false;
    await clock.measure();
    expect(aheadMs()).toBe(hour);
  });

  it('is measured anew when the machine has slept', async () => {
    const { database, classes } = databaseOf({ aheadMs: 0 });
    clock = await DatabaseClock.start(database, logger, machine);
    const before = classes.length;
    clock.now();
    expect(classes).toHaveLength(before);
    machine.wall += hour;
    machine.pass(6_000);
    clock.now();
    expect(classes.length).toBeGreaterThan(before);
  });
});

describe('a server on a machine whose clock is wrong', () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const written = async (): Promise<number> => {
    const { body } = await server!.rest('POST', '/bucket', {
      body: { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } },
    });
    return Date.parse(body.requestedDate);
  };

  if (process.env.TEST_DATABASE_URL) {
    it.each([hour, -hour])('writes the time of PostgreSQL (%d ms off)', async (off) => {
      server = await startTestServer(
        {},
        { time: { wallMs: () => Date.now() + off, monotonicMs: () => performance.now() } },
      );
      const present = async (): Promise<number> =>
        Number(
          (
            await server!.database.statement<{ ms: number }>(
              `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "ms"`,
            )
          )[0]?.ms,
        );
      const before = await present();
      const at = await written();
      const after = await present();
      // The measure is as exact as half a round trip, on a machine that is as busy as it likes.
      expect([at > before - 60_000, at < after + 60_000]).toEqual([true, true]);
    });
    return;
  }

  it('goes on as before where the clock of the machine jumps, with the embedded database', async () => {
    server = await startTestServer({}, { time: machine });
    machine.wall += 24 * hour;
    expect(await written()).toBe(start);
    machine.pass(30_000);
    machine.wall -= 24 * hour;
    expect(await written()).toBe(start + 30_000);
    machine.wall -= hour;
    expect(await written()).toBe(start + 30_000);
    machine.pass(61_000);
    expect(await written()).toBe(start + 91_000 - hour);
  });
});
