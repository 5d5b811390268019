import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { balanceOf, entriesOf, eur, make, makeBucket, read } from './balances.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  server.clock.set('2026-01-31T09:00:00.000Z');
});
afterAll(() => server.close());

const mb = (amount: number): object => ({ amount, units: 'MB' });

describe('the month of a customer', () => {
  it('reads right in the ledger: bonus, recurring top-up, usage, a transfer to a friend, expiry', async () => {
    const money = await makeBucket(server, 0, { product: [{ id: 'prepaid-jane' }] });
    const data = (
      await make(server, 'Bucket', {
        usageType: 'data',
        remainingValue: mb(1000),
        validFor: { endDateTime: '2026-03-15T00:00:00.000Z' },
      })
    ).id;
    const friend = (
      await make(server, 'Bucket', {
        usageType: 'data',
        remainingValue: mb(0),
        logicalResource: [{ value: '491700000099' }],
      })
    ).id;

    await make(server, 'TopupBalance', { amount: eur(5), bucket: { id: money }, reason: 'Welcome bonus' });
    const recurring = await make(server, 'TopupBalance', {
      amount: eur(10),
      product: { id: 'prepaid-jane' },
      recurringPeriod: 'monthly',
      numberOfPeriods: 3,
    });
    expect([recurring.status, recurring.periodsDone, recurring.nextDueDate]).toEqual([
      'created',
      1,
      '2026-02-28T09:00:00.000Z',
    ]);
    expect(await balanceOf(server, money)).toEqual([15, 0]);

    server.clock.set('2026-02-10T12:00:00.000Z');
    const reservation = await make(server, 'ReserveBalance', { amount: mb(300), bucket: { id: data } });
    await make(server, 'AdjustBalance', {
      adjustType: 'reservationDebit',
      reserveBalance: { id: reservation.id },
      amount: { amount: 0.25, units: 'GB' },
    });
    const lapsing = await make(server, 'ReserveBalance', {
      amount: mb(100),
      bucket: { id: data },
      expirationDate: '2026-02-11T00:00:00.000Z',
    });
    const transfer = await make(server, 'TransferBalance', {
      amount: mb(200),
      bucket: { id: data },
      receiverLogicalResource: { value: '491700000099' },
      transferCost: mb(5),
      costOwner: 'receiver',
    });
    expect(transfer.impactedBucket.map((impact: any) => [impact.bucket.id, impact.amountAfter.amount])).toEqual([
      [data, 450],
      [friend, 195],
    ]);

    server.clock.set('2026-04-01T00:00:00.000Z');
    expect(await balanceOf(server, money)).toEqual([35, 0]);
    expect(await read(server, 'TopupBalance', recurring.id)).toMatchObject({ status: 'completed', periodsDone: 3 });
    expect(await read(server, 'ReserveBalance', lapsing.id)).toMatchObject({ status: 'cancelled' });
    expect(await read(server, 'Bucket', data)).toMatchObject({ status: 'expired', remainingValue: mb(550) });

    const topups = (await server.rest('GET', `/topupBalance?relatedTopupBalance.id=${recurring.id}`)).body;
    expect(topups.map((topup: any) => [topup.requestedDate, topup.status])).toEqual([
      ['2026-01-31T09:00:00.000Z', 'completed'],
      ['2026-02-28T09:00:00.000Z', 'completed'],
      ['2026-03-31T09:00:00.000Z', 'completed'],
    ]);
    const story = (await entriesOf(server, data)).map((entry) => [
      entry.recordedAt,
      entry.entryType,
      entry.remainingAfter,
      entry.reservedAfter,
    ]);
    expect(story).toEqual([
      ['2026-01-31T09:00:00.000Z', 'opening', 1000, 0],
      ['2026-02-10T12:00:00.000Z', 'reserve', 700, 300],
      ['2026-02-10T12:00:00.000Z', 'commit', 700, 50],
      ['2026-02-10T12:00:00.000Z', 'release', 750, 0],
      ['2026-02-10T12:00:00.000Z', 'reserve', 650, 100],
      ['2026-02-10T12:00:00.000Z', 'transferOut', 450, 100],
      ['2026-02-11T00:00:00.000Z', 'expire', 550, 0],
    ]);

    await make(server, 'TopupBalance', {
      amount: { amount: 1, units: 'GB' },
      bucket: { id: data },
      validFor: { endDateTime: '2026-05-01T00:00:00.000Z' },
    });
    expect(await read(server, 'Bucket', data)).toMatchObject({
      status: 'active',
      remainingValue: mb(1550),
      validFor: { endDateTime: '2026-05-01T00:00:00.000Z' },
    });

    const undone = await server.rest('PATCH', `/transferBalance/${transfer.id}`, { body: { status: 'cancelled' } });
    expect([undone.status, undone.body.status]).toEqual([200, 'cancelled']);
    expect(await balanceOf(server, friend)).toEqual([0, 0]);
    expect(await balanceOf(server, data)).toEqual([1750, 0]);
  });

  it('tops a bucket up whenever little is left', async () => {
    const bucket = { id: await makeBucket(server, 12) };
    const order = await make(server, 'TopupBalance', {
      amount: eur(20),
      bucket,
      autoTopupThreshold: eur(5),
      numberOfPeriods: 2,
    });
    expect([order.status, order.isAutoTopup]).toEqual(['created', true]);
    const debit = { bucket, adjustType: 'oneTimeChargeDebit' };
    await make(server, 'AdjustBalance', { ...debit, amount: eur(7) });
    expect(await balanceOf(server, bucket.id)).toEqual([5, 0]);
    await make(server, 'AdjustBalance', { ...debit, amount: eur(1) });
    expect(await balanceOf(server, bucket.id)).toEqual([24, 0]);
    await make(server, 'ReserveBalance', { bucket, amount: eur(23) });
    expect(await balanceOf(server, bucket.id)).toEqual([21, 23]);
    expect(await read(server, 'TopupBalance', order.id)).toMatchObject({ status: 'completed', periodsDone: 2 });
    await make(server, 'AdjustBalance', { ...debit, amount: eur(20) });
    expect(await balanceOf(server, bucket.id)).toEqual([1, 23]);
  });
});
