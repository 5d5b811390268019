import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';
import { concurrently } from '../support/concurrently.js';

/** Statements may take longer than this test waits for their end. */
const statementMaxMs = 120_000;
/** Far below that, and far above what a cancellation takes. */
const endMaxMs = 30_000;

let server: TestServer;
let ids: string[];

beforeAll(async () => {
  server = await startTestServer(
    {},
    { database: await openTestDatabase({ readMs: statementMaxMs, reportMs: statementMaxMs }) },
  );
  const made = await concurrently(3, (index) =>
    server.rest('POST', '/bucket', {
      body: { usageType: 'data', name: `bucket ${index}`, relatedParty: [{ id: 'p', '@referredType': 'Individual' }] },
    }),
  );
  ids = made.map(({ body }) => body.id as string);
});
afterAll(() => server.close());

const graphql = (query: string): [string, RequestInit] => [
  '/graphql',
  { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) },
];

if (process.env.TEST_DATABASE_URL) {
  describe('a client that goes while a statement runs for it', () => {
    /** Nobody can read the tables meanwhile: every statement waits. */
    async function whileLocked(
      tables: readonly string[],
      work: (waiting: () => Promise<number>) => Promise<void>,
    ): Promise<void> {
      const [client, watcher] = [new pg.Client(server.database.url), new pg.Client(server.database.url)];
      await Promise.all([client.connect(), watcher.connect()]);
      try {
        await client.query(
          `BEGIN; LOCK TABLE ${tables.map((table) => `"${table}"`).join(', ')} IN ACCESS EXCLUSIVE MODE`,
        );
        await work(async () => {
          const { rows } = await watcher.query(
            `SELECT count(*)::int AS "count" FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          return rows[0].count;
        });
      } finally {
        await Promise.all([client.end(), watcher.end()]);
      }
    }

    it.each<[string, string[], () => [string, RequestInit?]]>([
      ['a list of REST', ['Bucket'], () => [`${basePath}/bucket?name.contains=x`]],
      ['a resource of REST', ['Bucket'], () => [`${basePath}/bucket/${ids[0]}`]],
      [
        'a resource that is patched',
        ['Bucket'],
        () => [
          `${basePath}/bucket/${ids[0]}`,
          {
            method: 'PATCH',
            headers: { 'content-type': 'application/merge-patch+json' },
            body: '{"description": "new"}',
          },
        ],
      ],
      [
        'lists of GraphQL',
        ['Bucket'],
        () =>
          graphql(
            '{ a: buckets { items { id } } b: buckets(filter: {name: {regex: "x+"}}) { totalCount items { id } } }',
          ),
      ],
      [
        'lists within lists',
        ['LedgerEntry'],
        () => graphql('{ buckets { items { id entries(limit: 2) { totalCount items { itemId } } } } }'),
      ],
      ['a sum', ['Usage'], () => graphql('{ usageAggregate(groupBy: []) { count } }')],
    ])('ends it: %s', async (_title, tables, call) => {
      const [path, init] = call();
      await whileLocked(tables, async (waiting) => {
        const client = new AbortController();
        const answer = fetch(server.url + path, { ...init, signal: client.signal }).then(
          () => 'answered',
          () => 'gone',
        );
        await eventually('a statement waits', async () => (await waiting()) > 0 || undefined, { maxMs: endMaxMs });
        client.abort();
        expect(await answer).toBe('gone');
        await eventually('no statement waits any more', async () => (await waiting()) === 0 || undefined, {
          maxMs: endMaxMs,
        });
      });
      const { errors } = await server.graphql('{ buckets { items { id description } } }');
      expect(errors).toBeUndefined();
    });

    it('ends that of nobody else, though both ask for the same kind', async () => {
      let stays: ReturnType<TestServer['rest']> | undefined;
      await whileLocked(['Bucket'], async (waiting) => {
        const client = new AbortController();
        const leaves = fetch(`${server.url}${basePath}/bucket/${ids[1]}`, { signal: client.signal }).catch(
          () => undefined,
        );
        await eventually('the first waits', async () => (await waiting()) === 1 || undefined, { maxMs: endMaxMs });
        stays = server.rest('GET', `/bucket/${ids[0]}`);
        stays.catch(() => undefined);
        await eventually('both wait', async () => (await waiting()) === 2 || undefined, { maxMs: endMaxMs });
        client.abort();
        await leaves;
        await eventually('only what has a client waits', async () => (await waiting()) === 1 || undefined, {
          maxMs: endMaxMs,
        });
      });
      expect(await stays).toMatchObject({ status: 200, body: { id: ids[0] } });
    });
  });
}

it('begins nothing more for a client that has gone, and tells nobody of a fault', async () => {
  const database = await openTestDatabase();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const begun: (AbortSignal | undefined)[] = [];
  const ended: unknown[] = [];
  let isHeld = false;
  const read: TestDatabase['read'] = async (sql, options) => {
    // The server reads, too, when it starts.
    if (!isHeld) return database.read<never>(sql, options);
    begun.push(options.signal);
    await gate;
    return database.read<never>(sql, options).catch((error: unknown) => {
      ended.push(error);
      throw error;
    });
  };
  const held = await startTestServer({}, { database: { ...database, read } });
  isHeld = true;
  try {
    const client = new AbortController();
    const [path, init] = graphql(
      '{ buckets { items { id } totalCount(exact: true) pageInfo { hasNextPage } } usages { items { id } } }',
    );
    const answer = fetch(held.url + path, { ...init, signal: client.signal }).catch(() => 'gone');
    await eventually('both lists are read, and one is counted', () => begun.length === 3 || undefined);
    client.abort();
    expect(await answer).toBe('gone');
    await eventually('the server knows', () => begun.every((signal) => signal?.aborted) || undefined);
    open();
    await eventually('nothing is read any more', () => ended.length === 3 || undefined);
    for (const error of ended)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('client has gone') });
    expect((await held.graphql('{ buckets { items { id } } }')).errors).toBeUndefined();
    expect(begun).toHaveLength(4);
  } finally {
    open();
    await held.close();
  }
});
