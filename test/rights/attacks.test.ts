import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bucketOf, party, People } from './people.js';

jest.setTimeout(60_000);

// Ways to what is somebody else's that were once open.

let people: People;
let ann: string;
let bob: string;
beforeAll(async () => {
  people = await People.start(
    {
      ann: { roles: ['customer'], parties: ['ann'], accounts: ['acc-ann'] },
      bob: { roles: ['customer'], parties: ['bob'], accounts: ['acc-bob'] },
      agent: { roles: ['agent'] },
      operator: { roles: ['operator'] },
    },
    { QUOTA_ADDRESS: '100000/s' },
  );
  ann = await people.make('/bucket', bucketOf('ann'));
  bob = await people.make('/bucket', { ...bucketOf('bob'), relatedParty: [party('bob'), party('ann', 'seller')] });
});
afterAll(() => people.close());

const eur = (amount: number): object => ({ amount, units: 'EUR' });
const balanceOf = async (id: string): Promise<number> =>
  (await people.rest('admin', 'GET', `/bucket/${id}`)).body.remainingValue.amount as number;
const transfer = (body: object): ReturnType<People['rest']> =>
  people.rest('ann', 'POST', '/transferBalance', { amount: eur(0.01), bucket: { id: ann }, ...body });

describe('a transfer', () => {
  it('makes nobody else pay for it', async () => {
    const { status, body } = await transfer({
      receiverBucket: { id: bob },
      transferCost: eur(5),
      costOwner: 'receiver',
    });
    expect([status, body.message]).toEqual([403, 'the cost can only be taken from what is yours']);
    expect(await balanceOf(bob)).toBe(10);
  });

  it('that cannot be paid tells nothing of its receiver', async () => {
    const codes = new Set<string>();
    for (const id of [bob, 'unheard-of']) {
      const { body } = await transfer({ amount: eur(99_999), receiverBucket: { id } });
      codes.add(body.message as string);
    }
    expect(codes.size).toBe(1);
    const seen = await people.rest('bob', 'GET', '/transferBalance?status=failed');
    expect(seen.body).toEqual([]);
  });

  it('from a bucket of somebody else leaves no trace there', async () => {
    const answer = await transfer({ bucket: { id: bob }, receiverBucket: { id: ann }, description: 'planted' });
    expect(answer.status).toBe(422);
    expect((await people.rest('admin', 'GET', '/transferBalance?description=planted')).body).toEqual([]);
  });

  it('that is paid later names its bucket now', async () => {
    const { status, body } = await people.rest('ann', 'POST', '/transferBalance', {
      status: 'created',
      amount: eur(1),
      relatedParty: [party('ann')],
      receiverBucket: { id: ann },
    });
    expect([status, body.message]).toEqual([403, 'what is applied later must name the bucket, by bucket.id']);
  });

  it('that staff was refused is not told to the other side', async () => {
    await people.rest('admin', 'POST', '/transferBalance', {
      amount: eur(99_999),
      bucket: { id: bob },
      receiverBucket: { id: ann },
    });
    expect((await people.rest('bob', 'GET', '/transferBalance?status=failed')).body).toHaveLength(1);
    expect((await people.rest('ann', 'GET', '/balanceAction?status=failed&bucket.id=' + bob)).body).toEqual([]);
  });
});

describe('a request for a bill', () => {
  const onDemand = (body: object): ReturnType<People['rest']> =>
    people.rest('ann', 'POST', '/customerBillOnDemand', body);

  it('is not made for what a bucket was charged, nor for all that names a party', async () => {
    const account = { billingAccount: { id: 'acc-ann', name: 'a' } };
    expect((await onDemand({ ...account, bucket: { id: bob } })).status).toBe(403);
    expect((await onDemand({ relatedParty: party('ann') })).status).toBe(403);
    expect((await onDemand({ billingAccount: { id: 'acc-bob', name: 'b' } })).status).toBe(403);
    expect((await onDemand(account)).status).toBe(201);
  });
});

describe('an owner', () => {
  it('is no account that has the id of a party', async () => {
    const id = await people.make('/bucket', {
      usageType: 'monetary',
      relatedParty: [{ id: 'ann', role: 'customer', '@referredType': 'BillingAccount' }],
    });
    expect((await people.rest('ann', 'GET', `/bucket/${id}`)).status).toBe(404);
  });
});

describe('bounds of an agent', () => {
  it('hold for what is repeated, and for what was reserved', async () => {
    const topup = { amount: eur(20), bucket: { id: ann } };
    for (const more of [{ autoTopupThreshold: eur(1_000) }, { recurringPeriod: 'weekly', numberOfPeriods: 500 }]) {
      const { status, body } = await people.rest('agent', 'POST', '/topupBalance', { ...topup, ...more });
      expect([status, body.message]).toEqual([403, expect.stringContaining('later or again')]);
    }
    const reservation = await people.make('/reserveBalance', { amount: eur(5), bucket: { id: ann } });
    const commit = await people.rest('agent', 'POST', '/adjustBalance', {
      adjustType: 'reservationDebit',
      amount: eur(5),
      reserveBalance: { id: reservation },
    });
    expect(commit.status).toBe(403);
    const transferred = await people.rest('agent', 'POST', '/transferBalance', {
      amount: eur(25),
      bucket: { id: ann },
      receiverBucket: { id: bob },
    });
    expect(transferred.status).toBe(403);
    const costly = await people.rest('agent', 'POST', '/transferBalance', {
      amount: eur(1),
      transferCost: eur(20),
      bucket: { id: ann },
      receiverBucket: { id: bob },
    });
    expect([costly.status, costly.body.message]).toEqual([403, expect.stringContaining('up to 20 EUR: 21 EUR')]);
  });
});

describe('a signed link', () => {
  it('opens where quotas are counted, too', async () => {
    const bill = await people.make('/customerBill', { billingAccount: { id: 'acc-ann', name: 'a' } });
    const path = `/tmf-api/customerBillManagement/v4/customerBill/${bill}/document.csv`;
    const { data } = await people.graphql('ann', `{ signedLink(url: "${path}") { url } }`);
    const { url } = data.signedLink as { url: string };
    expect((await fetch(url.startsWith('/') ? people.server.url + url : url)).status).toBe(200);
  });
});
