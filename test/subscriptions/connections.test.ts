import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import WebSocket from 'ws';
import { eventually } from '../support/eventually.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { Subscriber } from '../support/subscriber.js';

jest.setTimeout(120_000);

const isLong = Boolean(process.env.TEST_LONG);
const subscribersOfFan = isLong ? 500 : 100;

let server: TestServer;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  server = await startTestServer({
    SUBSCRIBER_STALL_SECONDS: '1',
    SUBSCRIPTIONS_PER_PRINCIPAL_MAX: '1000',
    CONNECTIONS_PER_CLIENT_MAX: '2000',
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});
afterAll(() => server.close());

async function lastEvent(): Promise<string> {
  const last = await server.database.client.outbox.findFirst({ orderBy: [{ transactionId: 'desc' }, { id: 'desc' }] });
  return last!.id;
}

async function bucket(description = ''): Promise<string> {
  const { status, body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', description } });
  expect(status).toBe(201);
  return body.id as string;
}

/** A connection on which nothing has been said. */
async function dial(): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  sockets.push(socket);
  await once(socket, 'open');
  return socket;
}

const say = (socket: WebSocket, message: object): void => socket.send(JSON.stringify(message));
const query =
  'subscription ($after: ID) { events(after: $after) { eventId resource { ... on Bucket { description } } } }';
const closed = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0];

/** What waits longer than kernels keep for a connection. */
const large = 'x'.repeat(200_000);
const largeEvents = 70;

describe('a client that takes nothing', () => {
  it('over WebSocket is dropped, and nothing is made for it meanwhile', async () => {
    await bucket();
    const after = await lastEvent();
    for (let count = 0; count < largeEvents; count++) await bucket(large);
    const socket = await dial();
    say(socket, { type: 'connection_init' });
    await once(socket, 'message');
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for (const id of ['1', '2', '3']) say(socket, { id, type: 'subscribe', payload: { query, variables: { after } } });
    socket.pause();
    // Others are told meanwhile.
    const other = new Subscriber(server.url, query, { after });
    await other.have(largeEvents);
    await other.close();
    await new Promise((done) => setTimeout(done, 3_000));
    const kept = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
    // All events of all its subscriptions would be three times as much.
    expect(kept).toBeLessThan(largeEvents * large.length);
    socket.resume();
    expect([1006, 4413]).toContain(await closed(socket));
    const figures = await (await fetch(`${server.url}/metrics`)).text();
    expect(figures).toMatch(/^tmf_subscribers_dropped_total [1-9]/m);
    expect(figures).toMatch(/^tmf_subscription_events_total [1-9]/m);
    expect(figures).toMatch(/^tmf_subscriptions \d+/m);
  });

  it('of a stream is dropped', async () => {
    await bucket();
    const after = await lastEvent();
    for (let count = 0; count < largeEvents; count++) await bucket(large);
    const { port, host } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    const parameters = new URLSearchParams({ query, variables: JSON.stringify({ after }) });
    socket.write(`GET /graphql/stream?${parameters} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    await once(socket, 'readable');
    await new Promise((done) => setTimeout(done, 3_000));
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
    await once(socket, 'close');
    expect(bytes).toBeLessThan(largeEvents * large.length);
  });
});

describe('a connection', () => {
  it('is closed for what is no message, and for one that is too long', async () => {
    const strange = await dial();
    strange.send('strange');
    expect(await closed(strange)).toBe(4400);
    const long = await dial();
    long.send('x'.repeat(2_000_000));
    expect(await closed(long)).toBe(1009);
    const early = await dial();
    say(early, { id: '1', type: 'subscribe', payload: { query } });
    expect(await closed(early)).toBe(4401);
    const other = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-ws');
    sockets.push(other);
    // The client itself refuses a server that speaks no protocol of its own.
    const refused = new Promise((done) => other.once('error', done));
    expect(String(await refused)).toContain('no subprotocol');
  });

  it('ends with all that was begun on it, also with what has the name of another one', async () => {
    const open = async (): Promise<number> =>
      Number(/^tmf_subscriptions (\d+)/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]);
    await eventually('those of other tests have ended', async () => (await open()) === 0 || undefined);
    const socket = await dial();
    say(socket, { type: 'connection_init' });
    await once(socket, 'message');
    const subscribe = { id: '1', type: 'subscribe', payload: { query } };
    for (const message of [subscribe, { id: '1', type: 'complete' }, subscribe]) say(socket, message);
    await eventually('one has begun', async () => (await open()) > 0 || undefined);
    socket.terminate();
    await eventually('nothing is left', async () => (await open()) === 0 || undefined);
  });

  it('is closed when nobody says in time who is there', async () => {
    expect(await closed(await dial())).toBe(4408);
  });
});

describe('many subscribers', () => {
  it('are told of every event', async () => {
    await bucket();
    const after = await lastEvent();
    const many = Array.from({ length: subscribersOfFan }, () => new Subscriber(server.url, query, { after }));
    const ids: string[] = [];
    for (let count = 0; count < 20; count++) ids.push(await bucket());
    for (const one of many) await one.have(20);
    const [first] = many;
    for (const one of many) expect(one.events).toEqual(first!.events);
    await Promise.all(many.map((one) => one.close()));
  });
});
