import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as OtelSpan,
  type Tracer,
} from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import { figuresBy, type Figure } from '../../platform/figures.js';
import type { Attributes, Span, SpanFacts, TraceOrigin } from '../../platform/tracing.js';
import type { SentTraces } from './tracing.js';

/** Spans that wait to be sent; more are dropped. */
const queueMax = 4_096;
/** Spans of one message. */
const batchMax = 512;
/** How often they are sent. */
const sendEveryMs = 1_000;
/** How long the stop of the server waits for what is still to be sent. */
const closeMaxMs = 1_500;
/** How often it is said that the collector takes nothing. */
const warnEveryMs = 60_000;

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

const propagator = new W3CTraceContextPropagator();

type TracingConfig = Pick<
  Config,
  'otlpHeaders' | 'otlpTimeoutMs' | 'otelServiceName' | 'otelResourceAttributes' | 'tracesSampler' | 'tracesSamplerArg'
> & { readonly otlpEndpoint: string };

/** Traces by OpenTelemetry. Nothing of it is global, and nothing is patched: spans are begun where the server says so. */
export class OpenTelemetry implements SentTraces {
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;
  private readonly exporter: CountingExporter;

  constructor(config: TracingConfig, logger: Logger) {
    this.exporter = new CountingExporter(
      new OTLPTraceExporter({
        url: `${config.otlpEndpoint.replace(/\/+$/, '')}/v1/traces`,
        headers: { ...config.otlpHeaders },
        timeoutMillis: config.otlpTimeoutMs,
      }),
      logger,
    );
    const processor = new BatchSpanProcessor(this.exporter, {
      maxQueueSize: queueMax,
      maxExportBatchSize: batchMax,
      scheduledDelayMillis: sendEveryMs,
      exportTimeoutMillis: config.otlpTimeoutMs,
    });
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.instance.id': randomUUID(),
        'process.pid': process.pid,
        ...config.otelResourceAttributes,
        'service.name': config.otelServiceName,
      }),
      sampler: samplerOf(config),
      spanProcessors: [processor],
    });
    this.tracer = this.provider.getTracer('tmf-balance-server');
  }

  begin(name: string, facts: SpanFacts, origin?: TraceOrigin): Span {
    const from = origin ? propagator.extract(ROOT_CONTEXT, origin, defaultTextMapGetter) : ROOT_CONTEXT;
    return new TracedSpan(this.tracer, from, name, facts);
  }

  figures(): readonly Figure[] {
    const { sent, lost } = this.exporter;
    const facts = { name: 'trace_spans_total', help: 'Spans that the collector took, or that were lost.' } as const;
    return figuresBy({ ...facts, kind: 'counter' }, 'outcome', { sent, lost });
  }

  async close(): Promise<void> {
    const sent = this.provider.shutdown().catch(() => undefined);
    await Promise.race([sent, sleep(closeMaxMs, undefined, { ref: false })]);
  }
}

function samplerOf({ tracesSampler, tracesSamplerArg }: TracingConfig): Sampler {
  const [, isByParent, name] = /^(parentbased_)?(.*)$/.exec(tracesSampler) ?? [];
  const root =
    name === 'always_on'
      ? new AlwaysOnSampler()
      : name === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(tracesSamplerArg);
  return isByParent === undefined ? root : new ParentBasedSampler({ root });
}

class TracedSpan implements Span {
  private readonly span: OtelSpan;
  /** What is within it. */
  private readonly within: Context;

  constructor(
    private readonly tracer: Tracer,
    around: Context,
    name: string,
    { kind, attributes, links = [] }: SpanFacts,
  ) {
    this.span = tracer.startSpan(
      name,
      {
        kind: kind ? kinds[kind] : SpanKind.INTERNAL,
        attributes: { ...attributes },
        links: links.flatMap((one) => (one instanceof TracedSpan ? [{ context: one.span.spanContext() }] : [])),
      },
      around,
    );
    this.within = trace.setSpan(around, this.span);
  }

  begin(name: string, facts: SpanFacts = {}): Span {
    return new TracedSpan(this.tracer, this.within, name, facts);
  }

  note(attributes: Attributes): void {
    this.span.setAttributes({ ...attributes });
  }

  end(failure?: string): void {
    if (failure !== undefined) {
      this.span.setAttribute('error.type', failure);
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end();
  }

  headers(): { traceparent: string; tracestate?: string } {
    const headers = { traceparent: '' };
    propagator.inject(this.within, headers, defaultTextMapSetter);
    return headers;
  }
}

/** Counts what is sent, and says now and then that the collector takes nothing. */
class CountingExporter implements SpanExporter {
  sent = 0;
  lost = 0;
  private warnedAt = -Infinity;

  constructor(
    private readonly inner: SpanExporter,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.inner.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.sent += spans.length;
      else this.fail(spans.length, result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.inner.forceFlush?.();
  }

  /** Not the error itself: it may have the headers in it. */
  private fail(count: number, error: Error | undefined): void {
    this.lost += count;
    if (performance.now() - this.warnedAt < warnEveryMs) return;
    this.warnedAt = performance.now();
    const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
    this.logger.warn(
      { spans: count, reason: [name, code].filter(Boolean).join(' ') },
      'traces are lost: the collector takes none',
    );
  }
}
