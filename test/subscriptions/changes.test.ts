import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core/index.js';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions/index.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { eventually } from '../support/eventually.js';
import { made } from '../fixtures/transports.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { Subscriber } from '../support/subscriber.js';

jest.setTimeout(60_000);

let server: TestServer;
const subscribers: Subscriber[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterEach(async () => {
  for (const one of subscribers.splice(0)) await one.close();
});
afterAll(() => server.close());

async function lastEvent(): Promise<string> {
  const last = await server.database.client.outbox.findFirst({ orderBy: [{ transactionId: 'desc' }, { id: 'desc' }] });
  return last!.id;
}

async function subscribe(query: string, variables: Record<string, unknown> = {}): Promise<Subscriber> {
  const one = new Subscriber(server.url, query, { after: await lastEvent(), ...variables });
  subscribers.push(one);
  return one;
}

async function create(path: string, body: object): Promise<any> {
  const answer = await server.rest('POST', path, { body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

const money = (amount: number): object => ({ amount, units: 'EUR' });
const newBucket = (name: string): Promise<any> =>
  create('/bucket', { usageType: 'monetary', name, remainingValue: money(100) });
const topUp = (id: string, amount: number): Promise<any> =>
  create('/topupBalance', { bucket: { id }, amount: money(amount) });

describe('bucketChanged', () => {
  it('tells of changes and movements of one bucket, each with the whole bucket', async () => {
    const { id } = await newBucket('mine');
    const { id: other } = await newBucket('other');
    const one = await subscribe(
      `subscription ($id: ID!, $after: ID) { bucketChanged(id: $id, after: $after) {
         eventId eventType bucket { id name usageType revision updatedAt remainingValue { amount units } actions(limit: 1) { totalCount } }
       } }`,
      { id },
    );
    await topUp(other, 1);
    await topUp(id, 5);
    await server.rest('PATCH', `/bucket/${id}`, { body: { name: 'renamed' } });
    await topUp(id, 7);
    await one.have(3);
    expect(one.results.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(one.events.map(({ bucket }) => [bucket.id, bucket.remainingValue.amount, bucket.usageType])).toEqual([
      [id, 105, 'monetary'],
      // What a change of it tells is stored with it.
      [id, 105, 'monetary'],
      [id, 112, 'monetary'],
    ]);
    const revisions = one.events.map(({ bucket }) => bucket.revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(one.events[1].bucket.name).toBe('renamed');

    // Behind a movement, whose event was made of another one.
    const again = await subscribe(
      'subscription ($id: ID!, $after: ID) { bucketChanged(id: $id, after: $after) { eventId } }',
      {
        id,
        after: one.events[0].eventId,
      },
    );
    await again.have(2);
    expect(again.events.map(({ eventId }) => eventId)).toEqual(one.events.slice(1).map(({ eventId }) => eventId));
    const [error] = await (
      await subscribe('subscription { bucketChanged(id: "1", after: "nobody.1") { eventId } }')
    ).ended();
    expect(error.extensions.code).toBe('EVENTS_GONE');
  });

  it('keeps the cache of Apollo Client up to date', async () => {
    const { id } = await newBucket('cached');
    const socket = createClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const client = new ApolloClient({
      link: ApolloLink.split(
        ({ operationType }) => operationType === 'subscription',
        new GraphQLWsLink(socket),
        new HttpLink({ uri: `${server.url}/graphql` }),
      ),
      cache: new InMemoryCache(),
    });
    const query = gql`
      query ($id: ID!) {
        bucket(id: $id) {
          id
          name
          remainingValue {
            amount
            units
          }
        }
      }
    `;
    await client.query({ query, variables: { id } });
    const after = await lastEvent();
    const subscription = client
      .subscribe({
        query: gql`
          subscription ($id: ID!, $after: ID) {
            bucketChanged(id: $id, after: $after) {
              eventId
              bucket {
                id
                name
                remainingValue {
                  amount
                  units
                }
              }
            }
          }
        `,
        variables: { id, after },
      })
      .subscribe({});
    await topUp(id, 11);
    await eventually('the cache has it', () => {
      const cached: any = client.readQuery({ query, variables: { id } });
      return cached.bucket.remainingValue.amount === 111 && cached.bucket.name === 'cached' ? true : undefined;
    });
    subscription.unsubscribe();
    client.stop();
    await socket.dispose();
  });
});

describe('orderChanged and billChanged', () => {
  it('tell of those that are meant', async () => {
    const orders = await subscribe(
      'subscription ($after: ID) { orderChanged(after: $after) { eventType resourceOrder { id state } } }',
    );
    const order = (): Promise<any> =>
      create('/resourceOrder', { orderItem: [{ id: '1', action: 'add', resource: { name: 'line' } }] });
    const { id } = await order();
    await orders.have(1);
    expect(orders.events[0]).toMatchObject({ eventType: 'ResourceOrderCreateEvent', resourceOrder: { id } });
    const only = await subscribe(
      'subscription ($id: ID, $after: ID) { orderChanged(id: $id, after: $after) { resourceOrder { id } } }',
      { id },
    );
    await order();
    await server.rest('PATCH', `/resourceOrder/${id}`, { body: { description: 'changed' } });
    await only.have(1);
    expect(only.events).toEqual([{ resourceOrder: { id } }]);

    const bills = await subscribe(
      'subscription ($after: ID) { billChanged(billingAccount: "mine", after: $after) { eventType customerBill { billingAccount { refId } state } } }',
    );
    for (const account of ['other', 'mine']) await made(server, 'CustomerBill', { billingAccount: { id: account } });
    await bills.have(1);
    expect(bills.events[0].customerBill.billingAccount.refId).toBe('mine');
  });
});
