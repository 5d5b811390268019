import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestDatabase } from '../../support/database.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(
    { COUNT_WAIT_MS: '50' },
    { database: await openTestDatabase({ readMs: 3_000, reportMs: 3_000 }) },
  );
  await concurrently(5, (index) =>
    server.rest('POST', '/usageSpecification', { body: { name: `specification ${index}` } }),
  );
});
afterAll(() => server.close());

const list = '/usageSpecification?limit=2';

it('counts nothing where nobody wants it', async () => {
  const counted = await server.rest('GET', list);
  expect(counted.headers.get('x-total-count')).toBe('5');
  expect(counted.headers.get('link')).toContain('rel="last"');
  const bare = await server.rest('GET', list, { headers: { prefer: 'count=none' } });
  expect(bare.status).toBe(206);
  expect(bare.body).toEqual(counted.body);
  expect(bare.headers.get('x-total-count')).toBe(null);
  expect(bare.headers.get('link')).toContain('rel="next"');
  expect(bare.headers.get('link')).not.toContain('rel="last"');
});

/** Nobody can read the table meanwhile. */
async function whileLocked<T>(server: TestServer, table: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client(server.database.url);
  await client.connect();
  try {
    await client.query(`BEGIN; LOCK TABLE "${table}" IN ACCESS EXCLUSIVE MODE`);
    return await work();
  } finally {
    await client.end();
  }
}

if (process.env.TEST_DATABASE_URL) {
  describe('what takes too long', () => {
    it('is 503 and names the filter and the order to change, while others read and write', async () => {
      const slow = await whileLocked(server, 'UsageSpecification', async () => {
        const answers = Promise.all([
          ...Array.from({ length: 3 }, () => server.rest('GET', `${list}&name.contains=x&sort=-name`)),
          server.graphql('{ usageSpecifications(filter: {name: {eq: "x"}}) { items { id } } }'),
        ]);
        const made = await server.rest('POST', '/bucket', {
          body: { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } },
        });
        const topup = await server.rest('POST', '/topupBalance', {
          body: { bucket: { id: made.body.id }, amount: { amount: 1, units: 'EUR' } },
        });
        const ready = await fetch(`${server.url}/health/ready`);
        expect([made.status, topup.status, ready.status]).toEqual([201, 201, 200]);
        return answers;
      });
      const [first] = slow as [any];
      expect(first).toMatchObject({
        status: 503,
        body: {
          message: expect.stringMatching(
            /UsageSpecification with a filter by name and the order by name takes too long/,
          ),
        },
      });
      const last = slow.at(-1) as any;
      expect(last.errors[0]).toMatchObject({
        extensions: { code: 'UNAVAILABLE', status: 503 },
        message: expect.stringContaining('a filter by name'),
      });
      for (const { status } of slow.slice(0, -1)) expect(status).toBe(503);
    });

    it('is 503 for a sum, too', async () => {
      const { errors } = await whileLocked(server, 'Usage', () =>
        server.graphql('{ usageAggregate(groupBy: []) { count } }'),
      );
      expect(errors?.[0]).toMatchObject({
        extensions: { code: 'UNAVAILABLE', status: 503 },
        message: expect.stringContaining('filter them'),
      });
    });

    it('is left out when it is the count: the page comes without', async () => {
      // Whoever counts takes his time.
      await server.database.script(`
        ALTER TABLE "UsageSpecification" RENAME TO "quick";
        CREATE VIEW "UsageSpecification" AS SELECT * FROM "quick"
          WHERE CASE WHEN current_query() LIKE 'SELECT count(*)%' THEN pg_sleep(2) IS NOT NULL ELSE true END`);
      try {
        const { status, body, headers } = await server.rest('GET', list);
        expect([status, body.length, headers.get('x-total-count')]).toEqual([206, 2, null]);
        expect(headers.get('link')).not.toContain('rel="last"');
        const { data, errors } = await server.graphql('{ usageSpecifications(limit: 2) { totalCount items { id } } }');
        expect([errors, data.usageSpecifications.totalCount, data.usageSpecifications.items.length]).toEqual([
          undefined,
          null,
          2,
        ]);
      } finally {
        await server.database.script(
          'DROP VIEW "UsageSpecification"; ALTER TABLE "quick" RENAME TO "UsageSpecification"',
        );
      }
    });
  });
  describe('an order that no index gives', () => {
    let patient: TestServer;
    beforeAll(async () => {
      patient = await startTestServer({}, { database: await openTestDatabase({ readMs: 3_000, reportMs: 60_000 }) });
    });
    afterAll(() => patient.close());

    it('is read as a report: it may take longer, and who waits for a turn in vain is told what to change', async () => {
      const sorted = Array.from({ length: 12 }, () => undefined);
      const { answers, quick, indexed } = await whileLocked(patient, 'UsageSpecification', async () => {
        const waiting = sorted.map(() =>
          patient.rest('GET', '/usageSpecification?description.contains=x&sort=-description'),
        );
        // They take no connection from those that are read.
        const found = await patient.rest('GET', '/bucket');
        const inOrder = await patient.rest('GET', '/usageSpecification?sort=name');
        const refused = await Promise.race(waiting);
        expect(refused).toMatchObject({
          status: 503,
          body: {
            message: expect.stringMatching(
              /UsageSpecification with a filter by description and the order by description waited too long for its turn/,
            ),
          },
        });
        return { answers: waiting, quick: found, indexed: inOrder };
      });
      expect(quick.status).toBe(200);
      expect(indexed).toMatchObject({ status: 503, body: { message: expect.stringMatching(/takes too long/) } });
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([200, 503]));
    });
  });
}
