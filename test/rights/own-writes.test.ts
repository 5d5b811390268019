import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bucketOf, party, People } from './people.js';

jest.setTimeout(60_000);

let people: People;
let ann: string;
let bob: string;
beforeAll(async () => {
  people = await People.start({
    ann: { roles: ['customer'], parties: ['ann'] },
    bob: { roles: ['customer'], parties: ['bob'] },
  });
  ann = await people.make('/bucket', bucketOf('ann'));
  bob = await people.make('/bucket', bucketOf('bob'));
});
afterAll(() => people.close());

const transfer = (from: string, to: string, amount = 1): object => ({
  amount: { amount, units: 'EUR' },
  bucket: { id: from },
  receiverBucket: { id: to },
  relatedParty: [party('x')],
  usageType: 'monetary',
});

describe('a customer who transfers', () => {
  it('gives from an own bucket, and sees of the other its id only', async () => {
    const { status, body } = await people.rest('ann', 'POST', '/transferBalance', transfer(ann, bob));
    expect([status, body]).toEqual([201, expect.objectContaining({ status: 'completed' })]);
    const impacts = (seen: any): object[] => seen.impactedBucket.filter((one: any) => one.bucket.id === bob);
    expect(body.receiverBucket).toEqual({ id: bob });
    expect(impacts(body)).toEqual([{ bucket: { id: bob } }]);
    const read = await people.rest('ann', 'GET', `/transferBalance/${body.id}`);
    expect([read.body.receiverBucket, impacts(read.body)]).toEqual([{ id: bob }, [{ bucket: { id: bob } }]]);
    expect(read.body.impactedBucket.find((one: any) => one.bucket.id === ann).amountAfter).toEqual({
      amount: 9,
      units: 'EUR',
    });
    const query = `query ($id: ID!) { transferBalance(id: $id) {
      bucket { refId usageType } receiverBucket { refId usageType target { id } } impactedBucket { bucket { refId } amountAfter { amount } }
    } }`;
    const { data, errors } = await people.graphql('bob', query, { id: body.id });
    expect(errors).toBeUndefined();
    expect(data.transferBalance.bucket).toEqual({ refId: ann, usageType: null });
    expect(data.transferBalance.receiverBucket).toMatchObject({ refId: bob, target: { id: bob } });
    expect(data.transferBalance.impactedBucket).toEqual(
      expect.arrayContaining([
        { bucket: { refId: ann }, amountAfter: null },
        { bucket: { refId: bob }, amountAfter: { amount: 11 } },
      ]),
    );
    const all = await people.rest('admin', 'GET', `/transferBalance/${body.id}`);
    expect(all.body.impactedBucket.every((one: any) => one.amountAfter)).toBe(true);
  });

  it('is told of the receiver no more than that it cannot take it', async () => {
    const suspended = await people.make('/bucket', { ...bucketOf('bob'), status: 'suspended' });
    const counts = await people.make('/bucket', {
      ...bucketOf('bob'),
      usageType: 'data',
      remainingValue: { amount: 1, units: 'GB' },
    });
    for (const receiver of [suspended, counts, 'unheard-of']) {
      const { status, body } = await people.rest('ann', 'POST', '/transferBalance', transfer(ann, receiver));
      expect([status, body.message]).toEqual([409, 'the receiver cannot take it']);
    }
    const { body } = await people.rest('admin', 'POST', '/transferBalance', transfer(ann, suspended));
    expect(body.message).toContain('is suspended');
  });

  it('does not find the bucket of somebody else to give from', async () => {
    const other = await people.rest('ann', 'POST', '/transferBalance', transfer(bob, ann));
    const unknown = await people.rest('ann', 'POST', '/transferBalance', transfer('unheard-of', ann));
    expect([other.status, other.body.message.replace(bob, '-')]).toEqual([
      unknown.status,
      unknown.body.message.replace('unheard-of', '-'),
    ]);
  });

  it('finds nothing by what it does not see', async () => {
    const refusal = [403, expect.stringContaining("somebody else's bucket")];
    for (const filter of ['impactedBucket.amountAfter.amount.gt=1', 'receiverBucket.usageType=monetary']) {
      const { status, body } = await people.rest('ann', 'GET', `/transferBalance?${filter}`);
      expect([status, body.message]).toEqual(refusal);
    }
    const { status } = await people.rest('ann', 'GET', `/transferBalance?receiverBucket.id=${bob}`);
    expect(status).toBe(200);
  });
});

describe('a customer who creates', () => {
  it('creates for nobody else', async () => {
    const order = (id: string): object => ({
      orderItem: [{ id: '1', action: 'add', resource: { '@type': 'Resource' } }],
      relatedParty: [party(id)],
    });
    expect((await people.rest('ann', 'POST', '/resourceOrder', order('ann'))).status).toBe(201);
    const { status, body } = await people.rest('ann', 'POST', '/resourceOrder', order('bob'));
    expect([status, body.message]).toEqual([403, expect.stringContaining('relatedParty must name you')]);
    const seen = await people.rest('bob', 'GET', '/resourceOrder');
    expect(seen.body).toEqual([]);
  });

  it('cancels no order of somebody else', async () => {
    const id = await people.make('/resourceOrder', {
      orderItem: [{ id: '1', action: 'add', resource: { '@type': 'Resource' } }],
      relatedParty: [party('bob')],
    });
    const { status, body } = await people.rest('ann', 'POST', '/cancelResourceOrder', { resourceOrder: { id } });
    expect([status, body.message]).toEqual([expect.any(Number), `resourceOrder '${id}' does not exist`]);
    expect((await people.rest('bob', 'POST', '/cancelResourceOrder', { resourceOrder: { id } })).status).toBe(201);
  });
});
