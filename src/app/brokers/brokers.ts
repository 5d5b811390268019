import type { Logger } from 'pino';
import { derivedEvents } from '../../domain/derived-events.js';
import { BrokerDelivery, type Broker, type BrokerMessage } from '../../domain/hub/index.js';
import type { Config } from '../../platform/config.js';
import { anonymous, type Principal } from '../../platform/principal.js';
import type { Access } from '../../platform/rights/visibility.js';
import type { OutboxEvent } from '../../platform/write/outbox-reader.js';
import type { AppContext } from '../app-context.js';
import { bodiesOfEvents, type BodyDependencies } from '../hub/event-bodies.js';
import { traced } from './traced-broker.js';

/** The brokers that the settings name; nothing is connected yet. Their clients are large: only what is used is loaded. */
async function brokersOf(config: Config): Promise<Broker[]> {
  const { natsUrl, natsStream, rabbitmqUrl, rabbitmqExchange, brokerSubjectPrefix: prefix } = config;
  const brokers: Broker[] = [];
  if (natsUrl !== undefined) {
    const { NatsBroker } = await import('./nats.js');
    brokers.push(new NatsBroker({ url: natsUrl, stream: natsStream, prefix }));
  }
  if (rabbitmqUrl !== undefined) {
    const { RabbitmqBroker } = await import('./rabbitmq.js');
    brokers.push(new RabbitmqBroker({ url: rabbitmqUrl, exchange: rabbitmqExchange, prefix }));
  }
  return brokers;
}

export interface BrokerTelling {
  readonly accessOf: (principal: Principal) => Access;
  readonly bodies: BodyDependencies;
  readonly resources: readonly string[];
  /** What people call a tenant. */
  tenantNameOf(this: void, tenantId: string): Promise<string>;
}

/** The telling of each broker, which may see everything: they are the operator's. */
export async function createBrokers(
  appContext: AppContext,
  { accessOf, bodies, resources, tenantNameOf }: BrokerTelling,
): Promise<BrokerDelivery[]> {
  const { config, database, clock, nextId, tracing, logger } = appContext;
  const everything = accessOf(anonymous);
  const subscriber = { origin: config.publicUrl ?? '' };
  const messagesOf = async (events: readonly OutboxEvent[]): Promise<Map<string, BrokerMessage>> => {
    const messages = new Map<string, BrokerMessage>();
    for (const tenantId of new Set(events.map((event) => event.tenantId))) {
      const those = events.filter((event) => event.tenantId === tenantId);
      const listener = { tenantId, query: null, subscriber };
      const tenant = await tenantNameOf(tenantId);
      const found = await bodiesOfEvents(listener, those, resources, everything, bodies);
      for (const event of those) {
        const body = found.get(event.id);
        if (body !== undefined) messages.set(event.id, { event, tenant, body });
      }
    }
    return messages;
  };
  const reportFailure = reportTo(logger);
  return (await brokersOf(config)).map(
    (broker) =>
      new BrokerDelivery(database, tracing ? traced(broker, tracing) : broker, {
        clock,
        nextId,
        derivedEvents,
        resources,
        messagesOf,
        reportFailure,
      }),
  );
}

/** Says what keeps a broker from being told. Not the error itself: whatever a client puts into one may have the password in it. */
function reportTo(logger: Logger): (broker: string, error: unknown) => void {
  return (broker, error) => {
    const { name, message, code } = error as NodeJS.ErrnoException;
    logger.warn(
      { broker, reason: [name, code, message].filter(Boolean).join(' ') },
      'events wait: a broker takes none',
    );
  };
}
