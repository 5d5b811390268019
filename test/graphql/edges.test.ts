import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EDGE_ROWS_MAX } from '../../graphql/limits.js';
import { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { create } from '../fixtures/prepay-balance.js';
import { startTestServer, type TestServer } from '../support/server.js';

const eur = (amount: number): object => ({ amount, units: 'EUR' });

describe('lists within lists', () => {
  let server: TestServer;
  let ids: string[];
  let statements = 0;

  /** Three buckets: with three top-ups, with one and a refused debit, with nothing. */
  beforeAll(async () => {
    server = await startTestServer();
    ids = [];
    for (const amounts of [[1, 2, 3], [4], []]) {
      const bucket = {
        id: await create(server, 'bucket', {
          usageType: 'monetary',
          ...(amounts.length > 0 && { remainingValue: eur(100) }),
        }),
      };
      for (const amount of amounts) await create(server, 'topupBalance', { amount: eur(amount), bucket });
      ids.push(bucket.id);
    }
    await server.rest('POST', '/adjustBalance', {
      body: { amount: eur(5000), adjustType: 'generalDebit', bucket: { id: ids[1] }, usageType: 'monetary' },
    });
    const { read } = server.database;
    Object.assign(server.database, {
      read: (sql: Prisma.Sql, options: ReadOptions) => ((statements += 1), read(sql, options)),
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    statements = 0;
  });

  it('may be asked for nothing, as everything else', async () => {
    const { data } = await server.graphql(
      `query ($id: ID!, $no: Boolean = false) { bucket(id: $id) {
        actions { totalCount @include(if: $no) } inner: actions { pageInfo { hasNextPage @include(if: $no) } } } }`,
      { id: ids[0] },
    );
    expect(data.bucket).toEqual({ actions: {}, inner: { pageInfo: {} } });
  });

  it('are told of what a mutation has made, beside addresses of its parts', async () => {
    const { data, errors } = await server.graphql(
      `mutation { createCustomerBill(input: { billingAccount: { refId: "account-1" } }) {
        href billDocument { url } billingAccount { billingAccount { id customerBills { totalCount } } } } }`,
    );
    expect(errors).toBeUndefined();
    const { href, billDocument, billingAccount } = data.createCustomerBill;
    expect(billingAccount).toEqual({ billingAccount: { id: 'account-1', customerBills: { totalCount: 1 } } });
    expect(billDocument.length).toBeGreaterThan(0);
    for (const { url } of billDocument) expect(url.startsWith(`${href}/document.`)).toBe(true);
  });

  const ask = async (document: string, variables: object = {}): Promise<any> => {
    const { data, errors } = await server.graphql(document, variables);
    expect(errors).toBe(undefined);
    return data;
  };

  it('are read with their parents by one statement, and are what each parent alone has', async () => {
    const edges = 'entries { items { sequence remainingAfter } } actions { items { kind status amount { amount } } }';
    const { buckets } = await ask(`{ buckets { items { id ${edges} } } }`);
    // The first one counts the parents: as many as may be asked for would have too many rows below them.
    expect(statements).toBe(2);
    expect(buckets.items.map((bucket: any) => [bucket.entries.items.length, bucket.actions.items.length])).toEqual([
      [4, 3],
      [2, 2],
      [0, 0],
    ]);
    for (const bucket of buckets.items)
      expect((await ask(`query ($id: ID!) { bucket(id: $id) { id ${edges} } }`, { id: bucket.id })).bucket).toEqual(
        bucket,
      );
  });

  it('are read by one statement however deep they lie', async () => {
    const { buckets } = await ask(
      '{ buckets(limit: 10) { items { actions(limit: 10) { items { bucket { target { id entries(limit: 1) { items { sequence } } } } } } } } }',
    );
    expect(statements).toBe(1);
    expect(buckets.items[0].actions.items).toEqual(
      Array(3).fill({ bucket: { target: { id: ids[0], entries: { items: [{ sequence: 1 }] } } } }),
    );
  });

  it('take no statement more for other arguments', async () => {
    const { buckets } = await ask(
      '{ buckets { items { a: entries(limit: 1) { items { sequence } } b: entries(limit: 1, orderBy: [{ sequence: DESC }]) { items { sequence } } } } }',
    );
    expect(statements).toBe(1);
    expect(buckets.items[0]).toEqual({ a: { items: [{ sequence: 1 }] }, b: { items: [{ sequence: 4 }] } });
  });

  it('count below every parent, by the same statement', async () => {
    const document =
      '{ buckets { items { entries(limit: 2) { totalCount pageInfo { hasNextPage hasPreviousPage } } none: actions(limit: 0) { totalCount } } } }';
    const { buckets } = await ask(document);
    expect(buckets.items).toEqual([
      { entries: { totalCount: 4, pageInfo: { hasNextPage: true, hasPreviousPage: false } }, none: { totalCount: 3 } },
      { entries: { totalCount: 2, pageInfo: { hasNextPage: false, hasPreviousPage: false } }, none: { totalCount: 2 } },
      { entries: { totalCount: 0, pageInfo: { hasNextPage: false, hasPreviousPage: false } }, none: { totalCount: 0 } },
    ]);
    expect(statements).toBe(1);
    const exact = await ask('{ buckets { items { entries(limit: 1) { totalCount(exact: true) } } } }');
    expect(exact.buckets.items.map((bucket: any) => bucket.entries.totalCount)).toEqual([4, 2, 0]);
  });

  it('page below each parent, by offset and by cursor, filtered and ordered', async () => {
    const page = `query ($id: ID!, $offset: Int, $after: String) { bucket(id: $id) {
      entries(limit: 2, offset: $offset, after: $after, orderBy: [{ remainingDelta: DESC }], filter: { entryType: { eq: "topup" } }) {
        totalCount items { remainingDelta } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`;
    const first = (await ask(page, { id: ids[0] })).bucket.entries;
    expect([first.totalCount, first.items]).toEqual([3, [{ remainingDelta: 3 }, { remainingDelta: 2 }]]);
    const second = (await ask(page, { id: ids[0], offset: 2 })).bucket.entries;
    expect((await ask(page, { id: ids[0], after: first.pageInfo.endCursor })).bucket.entries).toEqual(second);
    expect(second).toEqual({
      totalCount: 3,
      items: [{ remainingDelta: 1 }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, endCursor: expect.any(String) },
    });
  });

  it('are bounded, all together, by the parents times the limit', async () => {
    const document =
      'query ($limit: Int) { buckets(limit: 3) { items { entries(limit: $limit) { items { itemId } } actions(limit: $limit) { items { id } } } } }';
    const limit = Math.floor(EDGE_ROWS_MAX / 6 / 1_000) * 1_000;
    await ask(document, { limit });
    const four = `{ buckets(limit: 3) { items { ${['a', 'b', 'c', 'd'].map((name) => `${name}: entries(limit: ${limit}) { items { itemId } }`).join(' ')} } } }`;
    const { data, errors } = await server.graphql(four);
    expect([data, errors?.[0]?.extensions.code, errors?.[0]?.message]).toEqual([
      null,
      'INVALID_QUERY',
      expect.stringContaining(`EDGE_ROWS_MAX is ${EDGE_ROWS_MAX}`),
    ]);
  });

  it.each(['entries', 'actions'])('refuse for %s what a list refuses', async (edge) => {
    for (const [args, named] of [
      ['limit: -1', 'limit'],
      ['limit: 1001', '1000'],
      ['offset: 100001', 'offset'],
      ['after: "x"', 'after'],
      ['orderBy: [{}]', 'exactly one'],
    ] as const) {
      const { errors } = await server.graphql(`{ buckets { items { ${edge}(${args}) { items { __typename } } } } }`);
      expect([args, errors?.[0]?.extensions.status, errors?.[0]?.message]).toEqual([
        args,
        400,
        expect.stringContaining(named),
      ]);
    }
  });
});

describe('the actions of a bucket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const actionsOf = async (id: string): Promise<any[]> => {
    const { data } = await server.graphql(
      'query ($id: ID!) { bucket(id: $id) { actions { totalCount items { id kind status } } } }',
      { id },
    );
    const { totalCount, items } = data.bucket.actions;
    expect(totalCount).toBe(items.length);
    return items;
  };

  it('are all that moved it, whatever led them there', async () => {
    const product = [{ id: 'product-of-two' }];
    const [first, second] = [
      await create(server, 'bucket', { usageType: 'data', remainingValue: { amount: 10, units: 'MB' }, product }),
      await create(server, 'bucket', { usageType: 'data', remainingValue: { amount: 10, units: 'MB' }, product }),
    ];
    const reservation = await create(server, 'reserveBalance', { amount: { amount: 15, units: 'MB' }, product });
    const { data } = await server.graphql(
      'mutation ($id: ID!) { commitReserveBalance(id: $id, amount: { amount: 5, units: "MB" }) { id } }',
      { id: reservation },
    );
    expect(await actionsOf(first)).toEqual([
      { id: reservation, kind: 'reserveBalance', status: 'completed' },
      { id: data.commitReserveBalance.id, kind: 'adjustBalance', status: 'completed' },
    ]);
    expect((await actionsOf(second)).map(({ id }) => id)).toEqual([reservation, data.commitReserveBalance.id]);
  });

  it('are those refused that name it, and no longer those deleted', async () => {
    const id = await create(server, 'bucket', { usageType: 'monetary', remainingValue: eur(1) });
    const { body } = await server.rest('POST', '/reserveBalance', { body: { amount: eur(2), bucket: { id } } });
    const topup = await create(server, 'topupBalance', { amount: eur(1), bucket: { id } });
    expect((await actionsOf(id)).map(({ kind, status }) => [kind, status])).toEqual([
      ['reserveBalance', 'failed'],
      ['topupBalance', 'completed'],
    ]);
    for (const address of [body.referenceError, `/topupBalance/${topup}`]) {
      expect((await server.rest('DELETE', String(address).replace(/^http:\/\/[^/]+/, ''))).status).toBe(204);
    }
    expect(await actionsOf(id)).toEqual([]);
  });

  it('are those that wait for it, and follow what they move in the end', async () => {
    const [from, to] = [
      await create(server, 'bucket', { usageType: 'monetary' }),
      await create(server, 'bucket', { usageType: 'monetary' }),
    ];
    await server.database.query(Prisma.sql`
      INSERT INTO "BalanceAction" ("tenantId", "id", "kind", "status", "amountAmount", "amountUnits", "requestedDate", "updatedAt", "bucket", "receiverBucket")
      VALUES ('default', 'waiting', 'transferBalance', 'created', 1, 'EUR', now(), now(), ${{ id: from }}::jsonb, ${{ id: to }}::jsonb)`);
    expect([await actionsOf(from), await actionsOf(to)]).toEqual(
      Array(2).fill([{ id: 'waiting', kind: 'transferBalance', status: 'created' }]),
    );
    await server.database.query(
      Prisma.sql`UPDATE "BalanceAction" SET "receiverBucket" = NULL, "impactedBucket" = ${JSON.stringify([{ bucket: { id: from } }])}::jsonb WHERE "id" = 'waiting'`,
    );
    expect([(await actionsOf(from)).length, (await actionsOf(to)).length]).toEqual([1, 0]);
  });

  it('may name what no bucket is called', async () => {
    for (const id of ['none', 'x'.repeat(100_000)]) {
      const { status } = await server.rest('POST', '/topupBalance', { body: { amount: eur(1), bucket: { id } } });
      expect([id.length, status]).toEqual([id.length, 422]);
    }
  });
});
