import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { openConnection, type TcpProxy } from '../support/tcp-proxy.js';
import { call, createStorage, graphql, killAll, Program, startMaxMs, type Storage } from './program.js';
import { eventually } from '../support/eventually.js';
import { endSessions } from '../support/postgresql.js';
import { proofSize } from '../support/proof.js';

// Two starts, and many cuts.
const testMaxMs = 8 * startMaxMs;
jest.setTimeout(testMaxMs);

/** Cuts of each kind. */
const rounds = proofSize('CUTS', { short: 6, long: 40 });
const clients = 10;
/** Answers between two cuts. */
const answersPerRound = 15;
/** How often a client repeats a top-up that nobody acknowledged. */
const triesMax = 100;

const eur = (amount: number): object => ({ amount, units: 'EUR' });

describe('npm run serve', () => {
  afterEach(killAll);

  it('says that it needs a database', async () => {
    const program = new Program('serve', {});
    expect(await program.exitCode()).toBe(1);
    expect(program.errors).toBe('DATABASE_URL is not set; serve needs a PostgreSQL database\n');
  });

  it('says that the database is not to be reached, without the password', async () => {
    const program = new Program('serve', { DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/db' });
    expect(await program.exitCode()).toBe(1);
    expect(program.errors).toMatch(/^cannot use PostgreSQL at 127\.0\.0\.1:1: [^\n]+\n$/);
    expect(program.errors).not.toContain('secret');
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('programs on one PostgreSQL', () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await createStorage();
    });
    afterEach(async () => {
      await killAll();
      await storage.remove();
    });

    it('serve has no demo data, hides the schema unless asked, and stops cleanly', async () => {
      const program = new Program('serve', storage.env);
      const origin = await program.origin();
      expect((await call(origin, 'GET', '/bucket')).body).toEqual([]);
      expect((await graphql(origin, '{ __schema { queryType { name } } }')).body).toMatchObject({
        errors: [{ extensions: { status: 400 } }],
      });
      expect((await graphql(origin, '{ buckets { totalCount } }')).body).toMatchObject({
        data: { buckets: { totalCount: 0 } },
      });
      expect(await program.stop()).toBe(0);

      const asked = new Program('serve', { ...storage.env, INTROSPECTION: 'on' });
      expect((await graphql(await asked.origin(), '{ __schema { queryType { name } } }')).body.errors).toBeUndefined();
      expect(asked.output).not.toMatch(/migrations applied/);
    });

    it('two servers that start at once on an empty database both come up and share it', async () => {
      const programs = [new Program('serve', storage.env), new Program('serve', storage.env)];
      const [one, other] = await Promise.all(programs.map((program) => program.origin()));
      const { body } = await call(one!, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(1) });
      const topups = await Promise.all(
        [one!, other!, one!, other!].map((origin) =>
          call(origin, 'POST', '/topupBalance', { amount: eur(1), bucket: { id: body.id } }),
        ),
      );
      expect(topups.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
      expect((await call(other!, 'GET', `/bucket/${body.id}`)).body.remainingValue).toEqual(eur(5));
    });

    it('two sandboxes that start at once on an empty database write the demo data once', async () => {
      const programs = [new Program('start', storage.env), new Program('start', storage.env)];
      const [one, other] = await Promise.all(programs.map((program) => program.origin()));
      const namesOf = async (origin: string): Promise<string[]> =>
        (await call(origin, 'GET', '/topupBalance?fields=reason,impactedBucket')).body.map(
          ({ reason, impactedBucket: [touched] = [] }: any) => `${reason} ${touched?.bucket.id}`,
        );
      const names = await namesOf(one!);
      expect(names.filter((name) => name === 'Welcome 11')).toHaveLength(1);
      expect(await namesOf(other!)).toEqual(names);
    });
  });

  describe('when PostgreSQL goes away', () => {
    let storage: Storage;
    let line: TcpProxy;
    let program: Program;
    let origin: string;
    let bucketId: string;
    let friendId: string;
    beforeAll(async () => {
      storage = await createStorage();
      line = await openConnection(storage.env.DATABASE_URL!);
      program = new Program(
        'serve',
        { DATABASE_URL: line.url, DATABASE_POOL_SIZE: '4', LOG_LEVEL: 'error' },
        5 * testMaxMs,
      );
      origin = await program.origin();
    });
    beforeEach(async () => {
      const [bucket, friend] = await Promise.all(
        [1, 0].map((amount) => call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(amount) })),
      );
      [bucketId, friendId] = [bucket?.body.id, friend?.body.id];
    });
    afterAll(async () => {
      await killAll();
      line?.cut();
      await storage.remove();
    });

    interface Answer {
      status: number;
      headers: Headers;
      body: any;
    }

    /** Success, or an outage told as one; nothing else. */
    function isServed({ status, headers, body }: Answer): boolean {
      if (body?.errors) {
        expect(body.errors).toEqual(
          body.errors.map(() =>
            expect.objectContaining({ extensions: expect.objectContaining({ code: 'UNAVAILABLE', status: 503 }) }),
          ),
        );
        return false;
      }
      if (status === 200 || status === 201) return true;
      expect({ status, body, retryAfter: headers.get('retry-after') }).toMatchObject({
        status: 503,
        body: { '@type': 'Error', status: '503' },
        retryAfter: expect.stringMatching(/^\d+$/),
      });
      return false;
    }

    const topUp = (key: string): Promise<Answer> =>
      call(origin, 'POST', '/topupBalance', { amount: eur(1), bucket: { id: bucketId } }, key);
    const transfer = (key: string): Promise<Answer> =>
      call(
        origin,
        'POST',
        '/transferBalance',
        { amount: eur(1), bucket: { id: bucketId }, receiverBucket: { id: friendId } },
        key,
      );
    const reads: (() => Promise<Answer>)[] = [
      () => call(origin, 'GET', `/bucket/${bucketId}`),
      () =>
        call(origin, 'GET', '/topupBalance?limit=5').then((answer) => ({
          ...answer,
          status: answer.status === 206 ? 200 : answer.status,
        })),
      () =>
        graphql(origin, `{ bucket(id: "${bucketId}") { remainingValue { amount } entries(limit: 3) { totalCount } } }`),
    ];

    /** Clients that read, top up and pass it on until told to stop, while something cuts; answers how often they did. */
    async function underLoad(cut: () => Promise<void>): Promise<number> {
      let [answers, keys, isStopped] = [0, 0, false];
      const client = async (): Promise<void> => {
        while (!isStopped) {
          keys += 1;
          const key = `${bucketId}-${keys}`;
          for (const write of [() => topUp(key), () => transfer(`${key} on`)]) {
            for (let tries = 1; !isServed(await write()); tries++) expect(tries).toBeLessThan(triesMax);
          }
          for (const read of reads) isServed(await read());
          answers += 2 + reads.length;
        }
      };
      const working = Promise.all(Array.from({ length: clients }, client));
      let failure: Error | undefined;
      working.catch((error: Error) => (failure = error));
      const reaches = (goal: number): true | undefined => {
        if (failure) throw failure;
        return answers >= goal || undefined;
      };
      try {
        for (let round = 1; round <= rounds; round++) {
          const goal = answers + answersPerRound;
          await eventually('requests are answered', () => reaches(goal));
          await cut();
        }
      } finally {
        isStopped = true;
        await working;
      }
      return keys;
    }

    async function expectRecovered(topups: number, transfers = topups): Promise<void> {
      await eventually(
        'the server is ready',
        async () => (await fetch(`${origin}/health/ready`)).status === 200 || undefined,
      );
      for (const read of reads) expect(isServed(await read())).toBe(true);
      const [bucket, friend] = await Promise.all(
        [bucketId, friendId].map((id) => call(origin, 'GET', `/bucket/${id}`)),
      );
      expect([bucket?.body.remainingValue, friend?.body.remainingValue]).toEqual([
        eur(1 + topups - transfers),
        eur(transfers),
      ]);
      // No bug report in the log: an outage is not one.
      expect(program.output).not.toMatch(/unexpected error/);
      expect(program.errors).toBe('');
    }

    it('under its connections, answers 503 with Retry-After or success, and every top-up counts once', async () => {
      const client = new pg.Client(storage.env.DATABASE_URL);
      await client.connect();
      try {
        const topups = await underLoad(() => endSessions(client));
        await expectRecovered(topups);
      } finally {
        await client.end();
      }
    });

    it('with its network, does the same', async () => {
      await expectRecovered(await underLoad(async () => line.reset()));
    });

    it('for a while, answers 503 until it is back', async () => {
      line.cut();
      const answers = await Promise.all([topUp('away'), ...reads.map((read) => read())]);
      expect(answers.map(isServed)).toEqual(answers.map(() => false));
      expect((await fetch(`${origin}/health/ready`)).status).toBe(503);
      expect((await fetch(`${origin}/health/live`)).status).toBe(200);
      await line.mend();
      await eventually('the top-up is taken', async () => isServed(await topUp('away')) || undefined);
      await expectRecovered(1, 0);
    });
  });
}
