import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import type { Figure } from '../../platform/figures.js';
import type { Tracing } from '../../platform/tracing.js';

/** Traces that are sent to a collector. */
export interface SentTraces extends Tracing {
  figures(): readonly Figure[];
  /** Sends what is still here, as far as there is time. */
  close(): Promise<void>;
}

/** OpenTelemetry is only loaded where a collector is configured. */
export async function createTracing(config: Config, logger: Logger): Promise<SentTraces | undefined> {
  if (config.otlpEndpoint === undefined) return undefined;
  const { OpenTelemetry } = await import('./opentelemetry.js');
  return new OpenTelemetry({ ...config, otlpEndpoint: config.otlpEndpoint }, logger);
}
