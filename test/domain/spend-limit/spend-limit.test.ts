import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { Receiver } from '../hub/receiver.js';

jest.setTimeout(120_000);

const eur = (amount: number): object => ({ amount, units: 'EUR' });
const customer = (id: string): object => ({ id, name: id, role: 'customer', '@referredType': 'Individual' });

let clock: TestClock;
let database: TestDatabase;
const servers: TestServer[] = [];

async function start(): Promise<TestServer> {
  const server = await startTestServer({}, { database: { ...database, close: () => Promise.resolve() }, clock });
  servers.push(server);
  await server.startJobs();
  return server;
}

let server: TestServer;
beforeAll(async () => {
  clock = new TestClock();
  database = await openTestDatabase();
  server = await start();
});
afterEach(async () => {
  await database.client.spendLimit.deleteMany();
});
afterAll(async () => {
  for (const one of servers) await one.close();
  await database.close();
});

async function graphql(query: string, variables: object = {}): Promise<any> {
  const { data, errors } = await server.graphql(query, variables);
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** The limit as it is read. */
const attributes =
  'id revision name period amount { amount units } reachedPeriod reachedAt spent { amount units } relatedParty { refId }';

async function limit(input: object): Promise<any> {
  const { createSpendLimit } = await graphql(
    `mutation ($input: SpendLimitCreate!) { createSpendLimit(input: $input) { ${attributes} } }`,
    { input: { period: 'month', amount: eur(10), ...input } },
  );
  return createSpendLimit;
}

const limitOf = (party: string, input: object = {}): Promise<any> =>
  limit({ relatedParty: { refId: party, role: 'customer', atReferredType: 'Individual' }, ...input });

async function refusal(input: object): Promise<any> {
  const { errors } = await server.graphql(
    'mutation ($input: SpendLimitCreate!) { createSpendLimit(input: $input) { id } }',
    { input: { period: 'month', amount: eur(10), ...input } },
  );
  return errors?.[0];
}

const read = async (id: string): Promise<any> =>
  (await graphql(`query ($id: ID!) { spendLimit(id: $id) { ${attributes} } }`, { id })).spendLimit;

async function post(path: string, body: object): Promise<any> {
  const answer = await server.rest('POST', path, { body });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

const bucketOf = async (party: string, more: object = {}): Promise<string> =>
  (
    await post('/bucket', {
      usageType: 'monetary',
      remainingValue: eur(1_000),
      relatedParty: [customer(party)],
      ...more,
    })
  ).id;

const debit = (bucket: string, amount: number, units = 'EUR'): Promise<any> =>
  post('/adjustBalance', {
    adjustType: 'usageDebit',
    amount: { amount, units },
    bucket: { id: bucket },
    reason: 'use',
  });

const told = (id: string): Promise<any[]> =>
  database.client.outbox.findMany({
    where: { eventType: 'SpendLimitReachedEvent', resourceId: id },
    orderBy: { id: 'asc' },
  });

const isTold = (id: string, times = 1): Promise<any[]> =>
  eventually(`${id} is told ${times} times`, async () => {
    const events = await told(id);
    return events.length >= times ? events : undefined;
  });

/** Resolves when all events there are now were looked through, and all limits that they touch looked at. */
const watched = async (): Promise<void> => {
  const last = await limitOf(`last-${Math.random()}`);
  await debit(await bucketOf(last.relatedParty.refId), 10);
  await isTold(last.id);
};

describe('a limit of spending', () => {
  it('is told with what was spent, when debits of the buckets of a party come to as much', async () => {
    const { id } = await limitOf('ann', { name: 'A month of Ann' });
    const [one, other] = [await bucketOf('ann'), await bucketOf('ann')];
    await debit(one, 6);
    await watched();
    expect(await told(id)).toEqual([]);
    await debit(other, 4.5);
    await isTold(id);
    expect(await read(id)).toMatchObject({
      revision: 2,
      name: 'A month of Ann',
      reachedPeriod: '2026-03-01T00:00:00.000Z',
      reachedAt: clock.now().toISOString(),
      spent: { amount: 10.5, units: 'EUR' },
    });
  });

  it('counts what commits took and what transfers cost, neither reservations nor transfers nor top-ups', async () => {
    const { id } = await limitOf('bea');
    const bucket = await bucketOf('bea');
    await post('/topupBalance', { amount: eur(50), bucket: { id: bucket } });
    const reserved = await post('/reserveBalance', { amount: eur(9), bucket: { id: bucket }, usageType: 'monetary' });
    await post('/transferBalance', {
      ...{ amount: eur(20), bucket: { id: bucket }, receiverBucket: { id: await bucketOf('cid') } },
      ...{ usageType: 'monetary', transferCost: eur(1) },
    });
    await watched();
    expect(await told(id)).toEqual([]);
    await graphql(`mutation { commitReserveBalance(id: "${reserved.id}") { id } }`);
    await isTold(id);
    expect((await read(id)).spent.amount).toBe(10);
  });

  it('counts less what was given back', async () => {
    const { id } = await limitOf('dan');
    const bucket = await bucketOf('dan');
    const { id: first } = await debit(bucket, 8);
    await server.rest('PATCH', `/adjustBalance/${first}`, { body: { status: 'cancelled' } });
    await debit(bucket, 8);
    await watched();
    expect(await told(id)).toEqual([]);
  });

  it('counts rated usages that consumed no bucket, by their dates', async () => {
    const { id } = await limitOf('eve');
    const usage = (usageDate: string, value: number): Promise<any> =>
      post('/usage', {
        ...{ usageDate, status: 'rated', usageType: 'voice', usageSpecification: { id: 'voice' } },
        relatedParty: [customer('eve')],
        ratedProductUsage: [{ taxIncludedRatingAmount: { value, unit: 'EUR' } }],
      });
    await usage('2026-02-28T23:00:00.000Z', 100);
    await usage('2026-03-01T01:00:00.000Z', 9.99);
    await watched();
    expect(await told(id)).toEqual([]);
    await usage('2026-03-01T02:00:00.000Z', 0.01);
    await isTold(id);
  });

  it('is of an account, and of units that convert', async () => {
    const { id } = await limit({
      billingAccount: { refId: 'account-1', name: 'One' },
      amount: { amount: 1, units: 'GB' },
    });
    const data = {
      usageType: 'data',
      remainingValue: { amount: 10, units: 'GB' },
      partyAccount: { id: 'account-1', name: 'One' },
    };
    const bucket = await bucketOf('fay', data);
    await debit(bucket, 999, 'MB');
    await watched();
    expect(await told(id)).toEqual([]);
    await debit(bucket, 1, 'MB');
    await isTold(id);
    expect((await read(id)).spent).toEqual({ amount: 1, units: 'GB' });
  });

  it('that is passed when it is set is told at once', async () => {
    await debit(await bucketOf('gus'), 11);
    const { id } = await limitOf('gus');
    await isTold(id);
  });

  it('is told once in a period, and again when its amount changes, and in the next period', async () => {
    const { id } = await limitOf('hal');
    const bucket = await bucketOf('hal');
    await debit(bucket, 10);
    await isTold(id);
    await debit(bucket, 10);
    await watched();
    expect(await told(id)).toHaveLength(1);
    await graphql(`mutation { updateSpendLimit(id: "${id}", input: { amount: { amount: 25, units: "EUR" } }) { id } }`);
    await watched();
    expect(await told(id)).toHaveLength(1);
    await debit(bucket, 5);
    expect(await isTold(id, 2)).toHaveLength(2);
    clock.set('2026-04-01T00:00:00.000Z');
    await debit(bucket, 25);
    await isTold(id, 3);
    expect(await read(id)).toMatchObject({ reachedPeriod: '2026-04-01T00:00:00.000Z', spent: { amount: 25 } });
    clock.set('2026-04-01T12:00:00.000Z');
  });

  it('is told once of many debits that cross it, with two servers', async () => {
    await start();
    const { id } = await limitOf('ivy');
    const buckets = [await bucketOf('ivy'), await bucketOf('ivy')];
    await Promise.all(Array.from({ length: 60 }, (_, index) => debit(buckets[index % 2]!, 1)));
    await isTold(id);
    await watched();
    expect(await told(id)).toHaveLength(1);
  });

  it('tells who has registered with the hub of TMF654', async () => {
    const receiver = await Receiver.start();
    await post('/hub', { callback: receiver.url, query: 'eventType=SpendLimitReachedEvent' });
    const { id } = await limitOf('jim');
    await debit(await bucketOf('jim'), 12);
    const event = await eventually('the event is there', () =>
      receiver.events.find(({ event }) => event.spendLimit.id === id),
    );
    await receiver.down();
    expect(event).toMatchObject({
      eventType: 'SpendLimitReachedEvent',
      event: { spendLimit: { id, relatedParty: { id: 'jim' }, amount: eur(10), spent: eur(12) } },
    });
  });
});

describe('what is refused', () => {
  it.each([
    [{}, 'MISSING_ATTRIBUTE', 'relatedParty'],
    [
      { relatedParty: { refId: 'a', role: 'customer', atReferredType: 'Individual' }, billingAccount: { refId: 'b' } },
      'INVALID_ATTRIBUTE',
      'billingAccount',
    ],
    [
      { relatedParty: { refId: '', role: 'customer', atReferredType: 'Individual' } },
      'INVALID_ATTRIBUTE',
      'relatedParty',
    ],
    [{ billingAccount: { refId: 'b' }, amount: eur(0) }, 'INVALID_ATTRIBUTE', 'amount'],
    [{ billingAccount: { refId: 'b' }, amount: { amount: 1, units: '' } }, 'INVALID_ATTRIBUTE', 'amount'],
    [{ billingAccount: { refId: 'b' }, name: 'n'.repeat(256) }, 'INVALID_ATTRIBUTE', 'name'],
    [{ billingAccount: { refId: 'b' }, period: 'year' }, 'BAD_USER_INPUT', undefined],
  ])('a limit %j', async (input, code, attribute) => {
    const { extensions } = await refusal(input);
    expect(extensions.code).toBe(code);
    if (attribute) expect(extensions.attribute).toMatch(attribute);
  });

  it('a change that leaves nobody, or takes what a limit needs', async () => {
    const { id } = await limitOf('kim');
    for (const input of ['relatedParty: null', 'amount: null', 'period: null', 'billingAccount: { refId: "x" }']) {
      const { errors } = await server.graphql(`mutation { updateSpendLimit(id: "${id}", input: { ${input} }) { id } }`);
      expect([input, errors?.[0]?.extensions.code]).toEqual([input, expect.stringMatching(/ATTRIBUTE|INPUT/)]);
    }
  });
});
