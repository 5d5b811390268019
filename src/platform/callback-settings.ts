import { integer, onOrOff, secondsAsMs } from './setting-values.js';
import type { Setting } from './settings.js';

/** Settings of telling events to callbacks. */
export const callbackSettings = {
  CALLBACK_ALLOW_PRIVATE: {
    key: 'mayCallPrivate',
    default: { sandbox: 'on', serve: 'off' },
    schema: onOrOff,
    meaning:
      'on tells events to callbacks at addresses that the internet does not have, too: this machine, private networks',
  },
  CALLBACK_CONCURRENCY: {
    key: 'callbackConcurrency',
    default: '32',
    schema: integer(1, 1_000),
    unit: 'registrations',
    meaning: 'registrations that a worker tells events to at once',
  },
  CALLBACK_TIMEOUT_SECONDS: {
    key: 'callbackTimeoutMs',
    default: '10',
    schema: secondsAsMs(60),
    unit: 'seconds',
    meaning: 'how long a receiver may take for an event, its answer included; half of it for the connection',
  },
  CALLBACK_RETRY_SECONDS: {
    key: 'callbackRetrySeconds',
    default: '259200',
    schema: integer(0, 2_592_000),
    unit: 'seconds',
    meaning: 'age up to which an event is tried again; then it is a dead letter',
  },
} as const satisfies Readonly<Record<string, Setting>>;
