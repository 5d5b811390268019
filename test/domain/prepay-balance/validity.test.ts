import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { accepted, actions, balanceOf, eur, ledgerProblems, make, makeBucket, read } from './balances.js';
import { calledBy } from '../../fixtures/transports.js';
import { create, transports, update } from './transports.js';

// What a change of its validity makes of a bucket.

const present = '2026-03-10T12:00:00.000Z';
const past = '2026-03-09T00:00:00.000Z';
const soon = '2026-03-11T00:00:00.000Z';
const late = '2026-04-01T00:00:00.000Z';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.clock.set(present));
afterAll(() => server.close());

const until = (endDateTime: string): object => ({ validFor: { endDateTime } });
const debit = (bucketId: string, amount: number): Promise<any> =>
  create(server, 'rest', 'AdjustBalance', {
    ...actions.debit.attributes,
    bucket: { id: bucketId },
    amount: eur(amount),
  });

async function expiredBucket(opening = 10): Promise<string> {
  const id = await makeBucket(server, opening, until(soon));
  server.clock.set('2026-03-12T00:00:00.000Z');
  expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'expired' });
  return id;
}

describe.each(transports)('a changed validity by %s', (door) => {
  it.each([
    ['a later end', { validFor: { endDateTime: late } }],
    ['no end', { validFor: { startDateTime: past, ...(door === 'rest' ? { endDateTime: null } : {}) } }],
    ['no validity at all', { validFor: null }],
    ['a later end and the status that it then has', { status: 'active', ...until(late) }],
    ['a later end and the status that it had', { status: 'expired', ...until(late) }],
  ])('revives an expired bucket with its remainder: %s', async (_what, change) => {
    const id = await expiredBucket();
    expect(accepted(await update(server, door, 'Bucket', id, change))).toMatchObject({
      status: 'active',
      remainingValue: eur(10),
    });
    expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'active' });
    expect((await debit(id, 4)).code).toBeUndefined();
    expect(await balanceOf(server, id)).toEqual([6, 0]);
    expect(await ledgerProblems(server, id)).toEqual([]);
    // It is as any bucket: its new end is an end.
    if ('validFor' in change && (change.validFor as any)?.endDateTime === late) {
      server.clock.set(late);
      expect((await debit(id, 1)).code).toBe('BUCKET_EXPIRED');
    }
  });

  it('revives none whose end stays in the past, nor by anything else', async () => {
    const id = await expiredBucket();
    expect(accepted(await update(server, door, 'Bucket', id, until(past)))).toMatchObject({
      status: 'expired',
      validFor: { endDateTime: past },
    });
    expect(accepted(await update(server, door, 'Bucket', id, { name: 'old' }))).toMatchObject({ status: 'expired' });
    expect(await update(server, door, 'Bucket', id, { status: 'active' })).toMatchObject({
      status: 409,
      code: 'CONFLICT',
    });
    expect((await debit(id, 1)).code).toBe('BUCKET_EXPIRED');
  });

  it('may suspend what it revives', async () => {
    const id = await expiredBucket();
    expect(accepted(await update(server, door, 'Bucket', id, { status: 'suspended', ...until(late) }))).toMatchObject({
      status: 'suspended',
    });
  });

  it('answers expired when it ends the bucket, and leaves a suspended one suspended', async () => {
    const id = await makeBucket(server, 10, until(late));
    const { revision } = (await server.graphql(`{ bucket(id: "${id}") { revision } }`)).data.bucket;
    expect(accepted(await update(server, door, 'Bucket', id, until(past)))).toMatchObject({ status: 'expired' });
    // Nothing is left to be done by itself.
    expect((await server.graphql(`{ bucket(id: "${id}") { revision status } }`)).data.bucket).toEqual({
      revision: revision + 1,
      status: 'expired',
    });
    const suspended = await makeBucket(server, 10, { status: 'suspended', ...until(late) });
    expect(accepted(await update(server, door, 'Bucket', suspended, until(past)))).toMatchObject({
      status: 'suspended',
    });
    expect(accepted(await update(server, door, 'Bucket', suspended, { status: 'active' }))).toMatchObject({
      status: 'expired',
    });
  });

  it('is over from the start where a new bucket says so', async () => {
    expect(
      accepted(await create(server, door, 'Bucket', { usageType: 'monetary', remainingValue: eur(3), ...until(past) })),
    ).toMatchObject({ status: 'expired', remainingValue: eur(3) });
    expect(accepted(await create(server, door, 'Bucket', { usageType: 'monetary', ...until(late) }))).toMatchObject({
      status: 'active',
    });
  });
});

describe.each(transports)('relatedTopupBalance by %s', (door) => {
  it.each([
    ['without an id', { role: 'parent' }, 'MISSING_ATTRIBUTE'],
    ['with an empty one', { id: '', role: 'parent' }, 'INVALID_ATTRIBUTE'],
  ])('is refused %s', async (_what, relatedTopupBalance, code) => {
    const bucket = { id: await makeBucket(server, 1) };
    const input = { bucket, amount: eur(1), relatedTopupBalance };
    const refused = { status: 400, code, message: expect.stringContaining(calledBy(door, 'relatedTopupBalance.id')) };
    expect(await create(server, door, 'TopupBalance', input)).toMatchObject(refused);
    expect(await create(server, door, 'TopupBalance', { ...input, requestedDate: late })).toMatchObject(refused);
    const { id } = await make(server, 'TopupBalance', { bucket, amount: eur(1) });
    expect(await update(server, door, 'TopupBalance', id, { relatedTopupBalance })).toMatchObject(refused);
    expect(
      accepted(await update(server, door, 'TopupBalance', id, { relatedTopupBalance: { id, role: 'parent' } })),
    ).toMatchObject({ relatedTopupBalance: { id } });
    expect(await balanceOf(server, bucket.id)).toEqual([2, 0]);
  });
});
