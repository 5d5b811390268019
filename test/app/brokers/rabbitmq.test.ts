import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connect, type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { pino } from 'pino';
import { call, createMigratedStorage, killAll, Program, startMaxMs } from '../program.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { openConnection, type TcpProxy } from '../../support/tcp-proxy.js';
import { eventsOfBrokers } from './expected.js';

jest.setTimeout(4 * startMaxMs);

const broker = process.env.TEST_RABBITMQ_URL ?? '';

interface Told {
  readonly key: string;
  readonly properties: ConsumeMessage['properties'];
  readonly body: any;
}

let connection: ChannelModel;
let channel: Channel;
let exchange: string;
/** What the queue has handed out. */
let told: Told[];
const ending: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  connection = await connect(broker);
  channel = await connection.createChannel();
  exchange = `tmf.test.${randomBytes(6).toString('hex')}`;
  told = [];
  ending.push(async () => {
    await channel.deleteExchange(exchange);
    await connection.close();
  });
});
afterEach(async () => {
  await killAll();
  for (const end of ending.splice(0).reverse()) await end();
});

/** A queue of the test's own that takes these events. */
async function bind(pattern = 'tmf.#'): Promise<void> {
  await channel.assertExchange(exchange, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, exchange, pattern);
  const take = (message: ConsumeMessage | null): void => {
    if (!message) return;
    const { fields, properties, content } = message;
    told.push({ key: fields.routingKey, properties, body: JSON.parse(content.toString()) });
  };
  await channel.consume(queue, take, { noAck: true });
}

/** Each once, in the order in which they came first. */
const events = (): Told[] =>
  [...new Map(told.toReversed().map((one) => [one.properties.messageId, one])).values()].toReversed();
const ids = (): string[] =>
  events()
    .map(({ properties }) => String(properties.messageId))
    .sort();
const have = (count: number): Promise<true> =>
  eventually(`there are ${count} events`, () => events().length >= count || undefined);
const names = (bucket: string): string[] =>
  events()
    .filter(({ body }) => body.event.bucket?.id === bucket)
    .map(({ body }) => body.event.bucket.name);

describe('RabbitMQ', () => {
  let database: TestDatabase;
  let server: TestServer;
  let line: TcpProxy;
  let log = '';

  beforeEach(async () => {
    log = '';
    line = await openConnection(broker);
    ending.push(() => Promise.resolve(line.cut()));
    database = await openTestDatabase();
    const logger = pino({ level: 'trace' }, { write: (text: string) => void (log += text) });
    server = await startTestServer({ RABBITMQ_URL: line.url, RABBITMQ_EXCHANGE: exchange }, { database, logger });
    ending.push(() => server.close());
    await server.startJobs();
  });

  const bucket = async (name: string): Promise<string> =>
    (await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name } })).body.id;
  const rename = (id: string, name: string): Promise<unknown> =>
    server.rest('PATCH', `/bucket/${id}`, { body: { name } });

  it('is told every change, persistent, with what it is about in routing key and properties', async () => {
    await bind();
    const id = await bucket('first');
    await rename(id, 'second');
    await have(2);
    expect(ids()).toEqual(await eventsOfBrokers(database));
    expect(names(id)).toEqual(['first', 'second']);
    const [{ key, properties, body }] = events() as [Told];
    expect(key).toBe('tmf.default.TMF654.bucket.BucketCreateEvent');
    expect(properties).toMatchObject({
      messageId: body.eventId,
      type: 'BucketCreateEvent',
      contentType: 'application/json',
      deliveryMode: 2,
      timestamp: new Date(body.eventTime).getTime() / 1_000,
      headers: { 'event-id': body.eventId, 'tenant-id': 'default', api: 'TMF654', 'api-version': 'v4' },
    });
  });

  it('whose connection is cut again and again gets everything, in order', async () => {
    await bind();
    const [one, other] = [await bucket('n0'), await bucket('n0')];
    for (let round = 1; round <= 30; round++) {
      await Promise.all([one, other].map((id) => rename(id, `n${round}`)));
      if (round % 7 === 0) line.reset();
      if (round === 15) line.cut();
      if (round === 25) await line.mend();
    }
    await have(62);
    expect(ids()).toEqual(await eventsOfBrokers(database));
    const wanted = Array.from({ length: 31 }, (_, round) => `n${round}`);
    for (const id of [one, other]) expect(names(id)).toEqual(wanted);
  });

  it('keeps what no queue takes waiting until one does, and says so', async () => {
    const id = await bucket('n0');
    await eventually(
      'it is missed',
      () =>
        log.includes('no queue takes what has the routing key tmf.default.TMF654.bucket.BucketCreateEvent') ||
        undefined,
    );
    await rename(id, 'n1');
    await bind();
    await have(2);
    expect(names(id)).toEqual(['n0', 'n1']);
  });
});

it('is told by two servers what was committed, when one of them was killed', async () => {
  await bind();
  const storage = await createMigratedStorage();
  ending.push(() => storage.remove());
  const env = { ...storage.env, LOG_LEVEL: 'warn', RABBITMQ_URL: broker, RABBITMQ_EXCHANGE: exchange };
  const [first, second] = [new Program('serve', env), new Program('serve', env)];
  const origins = [await first.origin(), await second.origin()];
  const { id } = (await call(origins[1]!, 'POST', '/bucket', { usageType: 'monetary', name: 'n0' })).body;
  for (let change = 1; change <= 40; change++) {
    expect((await call(origins[1]!, 'PATCH', `/bucket/${id}`, { name: `n${change}` })).status).toBe(200);
    if (change === 20) await first.kill();
  }
  await have(41);
  expect(names(id)).toEqual(Array.from({ length: 41 }, (_, change) => `n${change}`));
  expect(await second.stop()).toBe(0);
  expect(ids()).toEqual(await storage.inspect(eventsOfBrokers));
});
