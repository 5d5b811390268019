import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Broker, BrokerMessage } from '../../domain/hub/index.js';
import { briefOf, headersOf, subjectOf } from './addressed.js';
import { within } from './deadline.js';

/** For each step; the lease of who tells a broker is longer. */
const stepMs = 5_000;
const heartbeatSeconds = 10;
/** What RabbitMQ takes unless it is told otherwise. */
const bodyBytesMax = 16_777_216;

export interface RabbitmqSettings {
  readonly url: string;
  readonly exchange: string;
  readonly prefix: string;
}

interface Connected {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Ids of events that no queue took. */
  readonly returned: Set<string>;
}

/** RabbitMQ: an event is told when a queue has it and the broker has confirmed that. */
export class RabbitmqBroker implements Broker {
  readonly name = 'rabbitmq';
  private connected: Connected | undefined;

  constructor(private readonly settings: RabbitmqSettings) {}

  async connect(): Promise<void> {
    if (this.connected) return;
    const url = new URL(this.settings.url);
    url.searchParams.set('heartbeat', String(heartbeatSeconds));
    const connecting = connect(url.href, {
      timeout: stepMs,
      clientProperties: { connection_name: 'tmf-balance-server' },
    });
    // One that comes too late is not kept.
    const connection = await within(stepMs, 'connecting', connecting).catch((error: unknown) => {
      void connecting.then(closeQuietly, () => undefined);
      throw error;
    });
    const forget = (): void => {
      if (this.connected?.connection === connection) this.connected = undefined;
    };
    connection.on('error', forget);
    connection.on('close', forget);
    try {
      const channel = await within(stepMs, 'opening a channel', connection.createConfirmChannel());
      // A refusal closes the channel alone; the next connection has a new one.
      const giveUp = (): void => {
        forget();
        void closeQuietly(connection);
      };
      channel.on('error', giveUp);
      channel.on('close', giveUp);
      await within(
        stepMs,
        'finding the exchange',
        channel.assertExchange(this.settings.exchange, 'topic', { durable: true }),
      );
      const returned = new Set<string>();
      channel.on('return', ({ properties }) => returned.add(String(properties.messageId)));
      this.connected = { connection, channel, returned };
    } catch (error) {
      await closeQuietly(connection);
      throw error;
    }
  }

  async publish(message: BrokerMessage): Promise<void> {
    if (!this.connected) throw new Error('the connection is closed');
    const { channel, returned } = this.connected;
    const { exchange, prefix } = this.settings;
    const { id, eventType, occurredAt } = message.event;
    const key = subjectOf(message, prefix);
    const body = Buffer.from(Buffer.byteLength(message.body) > bodyBytesMax ? briefOf(message) : message.body);
    const confirmed = new Promise<void>((done, fail) => {
      const options = {
        ...{ mandatory: true, persistent: true, contentType: 'application/json', messageId: id, type: eventType },
        timestamp: Math.floor(new Date(occurredAt).getTime() / 1_000),
        headers: headersOf(message),
      };
      channel.publish(exchange, key, body, options, (error: Error | null) => (error ? fail(error) : done()));
    });
    await within(stepMs, 'confirming an event', confirmed);
    // It is returned before it is confirmed.
    if (returned.delete(id)) throw new Error(`no queue takes what has the routing key ${key}`);
  }

  async disconnect(): Promise<void> {
    const { connection } = this.connected ?? {};
    this.connected = undefined;
    if (connection) await closeQuietly(connection);
  }
}

async function closeQuietly(connection: ChannelModel): Promise<void> {
  await within(stepMs, 'closing', connection.close()).catch(() => undefined);
}
