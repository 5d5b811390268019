import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { call, createMigratedStorage, killAll, Program, startMaxMs, type Storage } from '../app/program.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';

jest.setTimeout(6 * startMaxMs);

const isLong = Boolean(process.env.TEST_LONG);
const kills = isLong ? 5 : 1;
const topupsPerLife = isLong ? 200 : 30;
const writers = 4;

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

const start = (port = '0'): Program =>
  new Program(process.env.TEST_DATABASE_URL ? 'serve' : 'start', {
    ...storage.env,
    PORT: port,
    SEED: 'none',
    SHUTDOWN_DELAY_SECONDS: '0',
    ...(process.env.TEST_DATABASE_URL && { WORKERS: '2', DATABASE_POOL_SIZE: '12' }),
  });

const query = `subscription ($id: ID!, $after: ID) {
  bucketChanged(id: $id, after: $after) { eventId bucket { revision remainingValue { amount } } }
}`;

/** Follows a bucket, over and over again behind the last event that it has. */
class Follower {
  private readonly before: any[] = [];
  private current: Subscriber | undefined;
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(origin: string, id: string, after: string) {
    this.running = this.run(origin, id, after);
  }

  get events(): any[] {
    return [...this.before, ...(this.current?.events ?? [])];
  }

  private async run(origin: string, id: string, first: string): Promise<void> {
    while (!this.isOver) {
      const after = this.events.at(-1)?.eventId ?? first;
      const one = new Subscriber(origin, query, { id, after });
      this.current = one;
      while (!this.isOver && one.error === undefined) await sleep(20);
      await one.close();
      this.current = undefined;
      this.before.push(...one.events);
      // The server was away; it has refused nothing.
      if (Array.isArray(one.error)) throw new Error(JSON.stringify(one.error));
    }
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }
}

describe('a subscriber', () => {
  it('is told of every committed change once, in order, while servers are killed', async () => {
    let program = start();
    const origin = await program.origin();
    const { port } = new URL(origin);
    const eur = (amount: number): object => ({ amount, units: 'EUR' });
    const { body: bucket } = await call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(0) });
    const { id } = bucket;
    const probe = new Subscriber(origin, 'subscription { events(types: [BucketCreateEvent]) { eventId } }');
    await eventually('an event has come', async () => {
      await call(origin, 'POST', '/bucket', { usageType: 'data' });
      return probe.events.length > 0 ? true : undefined;
    });
    const follower = new Follower(origin, id, probe.events[0].eventId);
    await probe.close();
    let topups = 0;
    const topUp = async (key: string): Promise<void> => {
      await eventually('the top-up is taken', async () => {
        const answer = await call(origin, 'POST', '/topupBalance', { amount: eur(1), bucket: { id } }, key).catch(
          () => undefined,
        );
        return answer?.status === 201 ? true : undefined;
      });
    };
    const write = async (count: number): Promise<void> => {
      const end = topups + count;
      const writer = async (): Promise<void> => {
        while (topups < end) await topUp(`topup-${topups++}`);
      };
      await Promise.all(Array.from({ length: writers }, writer));
    };
    for (let life = 0; life < kills; life++) {
      const writing = write(topupsPerLife);
      await sleep(300);
      await program.kill();
      program = start(port);
      await writing;
    }
    await write(topupsPerLife);
    const wanted = topups;
    await eventually('all is told', () => (follower.events.length >= wanted ? true : undefined));
    await follower.stop();
    expect(follower.events.map(({ bucket: { remainingValue } }) => remainingValue.amount)).toEqual(
      Array.from({ length: wanted }, (_, index) => index + 1),
    );
    const revisions = follower.events.map(({ bucket: { revision } }) => revision);
    expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
    expect(new Set(follower.events.map(({ eventId }) => eventId)).size).toBe(wanted);
  });
});
