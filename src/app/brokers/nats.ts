import { jetstream, jetstreamManager, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import {
  connect,
  headers as createHeaders,
  nanos,
  type ConnectionOptions,
  type NatsConnection,
} from '@nats-io/transport-node';
import type { Broker, BrokerMessage } from '../../domain/hub/index.js';
import { briefOf, headersOf, subjectOf } from './addressed.js';
import { within } from './deadline.js';

/** For each step; the lease of who tells a broker is longer. */
const stepMs = 5_000;
const pingMs = 10_000;
/** What a stream keeps that the server makes; one that is there already keeps what its operator chose. */
const keptDays = 7;
/** Room for headers, which count as well. */
const headersBytesMax = 4_096;
const streamNotFound = 10_059;

export interface NatsSettings {
  readonly url: string;
  readonly stream: string;
  readonly prefix: string;
}

interface Connected {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
}

/** NATS with JetStream: an event is told when a stream has it. The id of the event lets the stream know it again. */
export class NatsBroker implements Broker {
  readonly name = 'nats';
  private connected: Connected | undefined;

  constructor(private readonly settings: NatsSettings) {}

  async connect(): Promise<void> {
    if (this.connected && !this.connected.connection.isClosed()) return;
    const connection = await connect(optionsOf(this.settings.url));
    try {
      await within(stepMs, 'finding the stream', this.keepStream(connection));
      this.connected = { connection, client: jetstream(connection, { timeout: stepMs }) };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async publish(message: BrokerMessage): Promise<void> {
    if (!this.connected) throw new Error('the connection is closed');
    const { connection, client } = this.connected;
    const headers = createHeaders();
    for (const [name, value] of Object.entries(headersOf(message))) headers.set(name, value);
    const max = connection.info?.max_payload ?? 0;
    const body = Buffer.byteLength(message.body) + headersBytesMax > max ? briefOf(message) : message.body;
    const { prefix } = this.settings;
    await client.publish(subjectOf(message, prefix), body, { msgID: message.event.id, headers, timeout: stepMs });
  }

  async disconnect(): Promise<void> {
    const { connection } = this.connected ?? {};
    this.connected = undefined;
    await connection?.close();
  }

  /** Makes the stream where there is none. */
  private async keepStream(connection: NatsConnection): Promise<void> {
    const { stream: name, prefix } = this.settings;
    const manager = await jetstreamManager(connection, { timeout: stepMs });
    try {
      await manager.streams.info(name);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
      await manager.streams.add({ name, subjects: [`${prefix}.>`], max_age: nanos(keptDays * 86_400_000) });
    }
  }
}

/** Connecting again is what the caller does, with its waits. */
function optionsOf(text: string): ConnectionOptions {
  const url = new URL(text);
  const [user, pass] = [url.username, url.password].map(decodeURIComponent);
  return {
    servers: url.host,
    name: 'tmf-balance-server',
    timeout: stepMs,
    reconnect: false,
    pingInterval: pingMs,
    ...(url.protocol === 'tls:' && { tls: {} }),
    ...(pass ? { user, pass } : user ? { token: user } : {}),
  };
}
