import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../../prisma/generated/client.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { eventually } from '../../support/eventually.js';
import { openConnection, type TcpProxy } from '../../support/tcp-proxy.js';
import { startTestServer, type RestAnswer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import { balanceOf, eur, ledgerProblems, make, makeBucket, makeReservation } from './balances.js';
import { startSecondServer } from './second-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function ready(of: TestServer): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${of.url}/health/ready`);
  return { status: response.status, body: await response.json() };
}

const topUp = (of: TestServer, id: string, key: string): Promise<RestAnswer> =>
  of.rest('POST', '/topupBalance', { headers: { 'idempotency-key': key }, body: { bucket: { id }, amount: eur(1) } });

it('a server that moves balances is ready', async () => {
  const id = await makeBucket(server, 0);
  expect((await topUp(server, id, 'ready')).status).toBe(201);
  expect(await ready(server)).toEqual({ status: 200, body: { status: 'ready' } });
});

if (process.env.TEST_DATABASE_URL) {
  const unavailable = {
    status: 503,
    body: expect.objectContaining({ message: expect.stringContaining('Idempotency-Key') }),
  };

  describe('a connection that dies in silence under a batch', () => {
    let line: TcpProxy;
    let far: TestServer;
    beforeAll(async () => {
      line = await openConnection(String(server.database.url));
      far = await startSecondServer(server, server.clock, line.url);
    });
    afterAll(async () => {
      await far.close();
      line.cut();
    });

    it('is given up: its callers get 503, the server is not ready meanwhile, and the same keys do it once', async () => {
      const id = await makeBucket(server, 0);
      await topUp(far, id, 'before');
      const swallowed = line.swallowAt('"entryType":"topup"');
      const first = topUp(far, id, 'silent 0');
      await swallowed;
      const others = concurrently(3, (index) => topUp(far, id, `silent ${index + 1}`));
      await eventually('it is not ready', async () => ((await ready(far)).status === 503 ? true : undefined));
      expect(await first).toMatchObject(unavailable);
      // They were not in the batch that died.
      for (const answer of await others) expect([201, 503]).toContain(answer.status);
      for (let index = 0; index < 4; index++) {
        await eventually('it is done', async () =>
          (await topUp(far, id, `silent ${index}`)).status === 201 ? true : undefined,
        );
      }
      expect(await balanceOf(server, id)).toEqual([5, 0]);
      expect(await ledgerProblems(server, id)).toEqual([]);
      expect(await ready(far)).toEqual({ status: 200, body: { status: 'ready' } });
    });
  });

  describe('a bucket that somebody else has locked', () => {
    /** Holds the lock until it is told to let go. */
    async function lock(id: string): Promise<() => Promise<void>> {
      const client = new pg.Client(server.database.url);
      await client.connect();
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM "Bucket" WHERE "id" = $1 FOR UPDATE', [id]);
      return async () => {
        await client.query('ROLLBACK');
        await client.end();
      };
    }

    it('keeps nobody but those who need it, who go on when it is free', async () => {
      const [held, free] = [await makeBucket(server, 10), await makeBucket(server, 10)];
      const reservation = await makeReservation(server, held, 2);
      const letGo = await lock(held);
      let isFree = false;
      const late: boolean[] = [];
      const noting = async (answer: Promise<RestAnswer>): Promise<RestAnswer> => {
        const got = await answer;
        late.push(isFree);
        return got;
      };
      const kept = [
        ...Array.from({ length: 5 }, (_, index) => noting(topUp(server, held, `held ${index}`))),
        noting(
          server.rest('POST', '/transferBalance', {
            body: { amount: eur(3), bucket: { id: held }, receiverBucket: { id: free } },
          }),
        ),
        noting(server.rest('PATCH', `/reserveBalance/${reservation}`, { body: { status: 'cancelled' } })),
      ];
      for (let round = 0; round < 3; round++) {
        const answers = await concurrently(10, (index) => topUp(server, free, `free ${round} ${index}`));
        expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
      }
      expect((await ready(server)).status).toBe(200);
      isFree = true;
      await letGo();
      expect((await Promise.all(kept)).map(({ status }) => status)).toEqual([...Array(6).fill(201), 200]);
      expect(late).toEqual(Array(7).fill(true));
      expect(await balanceOf(server, held)).toEqual([12, 0]);
      expect(await balanceOf(server, free)).toEqual([43, 0]);
      for (const id of [held, free]) expect(await ledgerProblems(server, id)).toEqual([]);
    });

    it('costs its callers their patience in the end, and nothing that they repeat is done twice', async () => {
      const [held, free] = [await makeBucket(server, 0), await makeBucket(server, 0)];
      const letGo = await lock(held);
      const kept = concurrently(3, (index) => topUp(server, held, `patient ${index}`));
      expect((await topUp(server, free, 'impatient')).status).toBe(201);
      for (const answer of await kept) expect(answer).toMatchObject(unavailable);
      await letGo();
      for (const answer of await concurrently(3, (index) => topUp(server, held, `patient ${index}`)))
        expect(answer.status).toBe(201);
      expect(await balanceOf(server, held)).toEqual([3, 0]);
    });

    it('does not keep what is due of it from letting others act and read', async () => {
      const [held, free] = [await makeBucket(server, 10), await makeBucket(server, 0)];
      const expirationDate = new Date(server.clock.now().getTime() + 60_000).toISOString();
      await makeReservation(server, held, 4, { expirationDate });
      const letGo = await lock(held);
      server.clock.advance(120_000);
      expect((await topUp(server, free, 'while it is due')).status).toBe(201);
      expect(await balanceOf(server, held)).toEqual([6, 4]);
      await letGo();
      server.clock.advance(10_000);
      expect(await balanceOf(server, held)).toEqual([10, 0]);
    });

    it('keeps commands on the other buckets of what is due waiting for that, and nobody else', async () => {
      const product = [{ id: 'held in two buckets' }];
      const [held, half, other] = [
        await makeBucket(server, 3, { product }),
        await makeBucket(server, 3, { product }),
        await makeBucket(server, 0),
      ];
      const expirationDate = new Date(server.clock.now().getTime() + 60_000).toISOString();
      await make(server, 'ReserveBalance', { amount: eur(6), product, expirationDate });
      const letGo = await lock(held);
      server.clock.advance(120_000);
      let isFree = false;
      // Refused, unless the reservation has lapsed before.
      const debit = server
        .rest('POST', '/adjustBalance', {
          body: { bucket: { id: half }, amount: eur(2), adjustType: 'oneTimeChargeDebit' },
        })
        .then(({ status }) => ({ status, isFree }));
      expect((await topUp(server, other, 'while half of it is locked')).status).toBe(201);
      isFree = true;
      await letGo();
      server.clock.advance(10_000);
      expect(await debit).toEqual({ status: 201, isFree: true });
      expect(await balanceOf(server, half)).toEqual([1, 0]);
      expect(await balanceOf(server, held)).toEqual([3, 0]);
      for (const id of [held, half]) expect(await ledgerProblems(server, id)).toEqual([]);
    });

    it('is taken from a server that is frozen within its transaction', async () => {
      const id = await makeBucket(server, 0);
      const frozen = await openPostgresql(String(server.database.url), { poolSize: 6 });
      const hasLock = new Promise<void>((resolve) => {
        void frozen
          .transaction(
            async (tx) => {
              await tx.query(Prisma.sql`SELECT 1 FROM "Bucket" WHERE "id" = ${id} FOR UPDATE`);
              resolve();
              await new Promise((end) => setTimeout(end, 20_000).unref());
            },
            { workClass: 'engine' },
          )
          .catch(() => undefined);
      });
      await hasLock;
      expect((await topUp(server, id, 'behind the frozen one')).status).toBe(201);
      expect(await balanceOf(server, id)).toEqual([1, 0]);
      await frozen.close();
    });
  });
}
