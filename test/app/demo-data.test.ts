import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';

describe('the story of the README', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('tops up 10, reserves 3, commits 2, and the ledger explains every step', async () => {
    const bucket = (await server.rest('POST', '/bucket', { body: { usageType: 'monetary' } })).body;
    const eur = (amount: number): object => ({ amount, units: 'EUR' });
    const topup = await server.rest('POST', '/topupBalance', { body: { amount: eur(10), bucket: { id: bucket.id } } });
    expect([topup.status, topup.body.status]).toEqual([201, 'completed']);

    const reserve = await server.rest('POST', '/reserveBalance', {
      body: { amount: eur(3), bucket: { id: bucket.id } },
    });
    expect([reserve.status, reserve.body.status]).toEqual([201, 'created']);
    const held = (await server.rest('GET', `/bucket/${bucket.id}`)).body;
    expect([held.remainingValue, held.reservedValue]).toEqual([eur(7), eur(3)]);
    expect(held.reserveBalance).toEqual([{ id: reserve.body.id }]);

    const commit = await server.graphql(
      'mutation ($id: ID!) { commitReserveBalance(id: $id, amount: { amount: 2, units: "EUR" }) { status usageType } }',
      { id: reserve.body.id },
    );
    expect(commit.data).toEqual({ commitReserveBalance: { status: 'completed', usageType: 'monetary' } });

    const { body: after } = await server.rest('GET', `/bucket/${bucket.id}`);
    expect([after.remainingValue, after.reservedValue, after.reserveBalance]).toEqual([eur(8), eur(0), undefined]);
    const ledger = await server.graphql(
      'query ($id: ID!) { bucket(id: $id) { entries { totalCount items { sequence entryType remainingDelta reservedDelta remainingAfter reservedAfter units } } } }',
      { id: bucket.id },
    );
    const rows = ledger.data.bucket.entries.items.map((entry: any) => Object.values(entry).join(' '));
    expect(rows).toEqual([
      '1 topup 10 0 10 0 EUR',
      '2 reserve -3 3 7 3 EUR',
      '3 commit 0 -2 7 1 EUR',
      '4 release 1 -1 8 0 EUR',
    ]);
  });
});
