import { choice, fraction, httpUrl, integer, pairs, shortText } from './setting-values.js';
import type { Setting } from './settings.js';

/** As OpenTelemetry calls them (OTEL_TRACES_SAMPLER). */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Settings of traces, by the names that OpenTelemetry gives them. */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    key: 'otlpEndpoint',
    default: undefined,
    schema: httpUrl,
    meaning:
      'collector that takes traces by OTLP over HTTP, like http://collector:4318, to which /v1/traces is added; without it nothing is traced',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    key: 'otlpProtocol',
    default: 'http/json',
    schema: choice(['http/json']),
    meaning: 'how traces are sent',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    key: 'otlpHeaders',
    default: '',
    schema: pairs,
    meaning: 'headers for the collector, like api-key=secret; several separated by commas, values as in a URL',
    shown: () => '…',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    key: 'otlpTimeoutMs',
    default: '10000',
    schema: integer(1, 60_000),
    unit: 'ms',
    meaning: 'how long sending some spans may take, with its repetitions',
  },
  OTEL_SERVICE_NAME: {
    key: 'otelServiceName',
    default: 'tmf-balance-server',
    schema: shortText(255),
    meaning: 'what traces call the server',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    key: 'otelResourceAttributes',
    default: '',
    schema: pairs,
    meaning:
      'what traces say of the server beside, like deployment.environment.name=production; as headers are written',
  },
  OTEL_TRACES_SAMPLER: {
    key: 'tracesSampler',
    default: 'parentbased_always_on',
    schema: choice(samplers),
    meaning: 'what is traced',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    key: 'tracesSamplerArg',
    default: '1',
    schema: fraction,
    meaning: 'share of the traces that the samplers with a ratio take',
  },
} as const satisfies Readonly<Record<string, Setting>>;
