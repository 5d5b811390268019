import { natsUrl, rabbitmqUrl, shortText, subjectName } from './setting-values.js';
import type { Setting } from './settings.js';

/** No user and no password of an address that cannot be read. */
const shown = (text: string): string => text.replace(/^([a-z]+:\/\/)?.*$/is, '$1…');

/** Settings of telling events to message brokers. */
export const brokerSettings = {
  NATS_URL: {
    key: 'natsUrl',
    default: undefined,
    schema: natsUrl,
    shown,
    meaning:
      'NATS server with JetStream that all events of all tenants are told to: `nats://user:password@host:4222` or `tls://…`; a user without password is a token',
  },
  NATS_STREAM: {
    key: 'natsStream',
    default: 'tmf-events',
    schema: subjectName,
    meaning: 'stream that keeps the events; the server makes it where there is none',
  },
  RABBITMQ_URL: {
    key: 'rabbitmqUrl',
    default: undefined,
    schema: rabbitmqUrl,
    shown,
    meaning:
      'RabbitMQ that all events of all tenants are told to: `amqp://user:password@host:5672/vhost` or `amqps://…`',
  },
  RABBITMQ_EXCHANGE: {
    key: 'rabbitmqExchange',
    default: 'tmf.events',
    schema: shortText(127),
    meaning: 'topic exchange that takes the events; the server makes it where there is none',
  },
  BROKER_SUBJECT_PREFIX: {
    key: 'brokerSubjectPrefix',
    default: 'tmf',
    schema: subjectName,
    meaning: 'what subjects of NATS and routing keys of RabbitMQ begin with',
  },
} as const satisfies Readonly<Record<string, Setting>>;
