import { bearerToken, choice, integer } from './setting-values.js';
import type { Setting } from './settings.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Settings of what the server tells those who watch it. */
export const watchingSettings = {
  LOG_LEVEL: {
    key: 'logLevel',
    default: 'info',
    schema: choice(logLevels),
    meaning: 'what is logged, from this level on',
  },
  SLOW_OPERATION_MS: {
    key: 'slowOperationMs',
    default: '1000',
    schema: integer(0, 3_600_000),
    unit: 'ms',
    meaning:
      'an operation that takes longer is logged with its statements and the plan of the slowest, as a warning; 0: none is',
  },
  METRICS_TOKEN: {
    key: 'metricsToken',
    default: undefined,
    schema: bearerToken,
    meaning:
      'what Prometheus sends as bearer token to GET /metrics, 16 to 200 letters, digits and `-._~+/=`; without it the sandbox answers everybody, serve nobody',
    shown: () => '…',
  },
} as const satisfies Readonly<Record<string, Setting>>;
