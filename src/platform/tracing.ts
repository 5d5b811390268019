import { AsyncLocalStorage } from 'node:async_hooks';

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer';
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What is known of a span when it begins. */
export interface SpanFacts {
  readonly kind?: SpanKind;
  /** Named as OpenTelemetry's conventions do; never values of clients, and nothing of people. */
  readonly attributes?: Attributes;
  /** Spans that it is about, too. */
  readonly links?: readonly Span[];
}

/** Where a trace comes from, as W3C Trace Context writes it in headers. What cannot be read counts as absent. */
export interface TraceOrigin {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** A piece of work that is traced. */
export interface Span {
  /** Begins a piece of this work. */
  begin(name: string, facts?: SpanFacts): Span;
  note(attributes: Attributes): void;
  /** It is over; with the name of what has failed. */
  end(failure?: string): void;
  /** What others go on with, as headers. */
  headers(): { readonly traceparent: string; readonly tracestate?: string };
}

/** Traces of what the server does. There is none where it is not configured. */
export interface Tracing {
  /** Begins a trace, or goes on with another one's. */
  begin(name: string, facts: SpanFacts, origin?: TraceOrigin): Span;
}

const spans = new AsyncLocalStorage<Span | undefined>();

/** The span of the work that is running; undefined: it is not traced. */
export function currentSpan(): Span | undefined {
  return spans.getStore();
}

/** What an event is to remember of the trace of its change. */
export function currentTraceParent(): string | undefined {
  return spans.getStore()?.headers().traceparent;
}

/** Runs work within a span, which it does not end. Without one nothing happens around the work. */
export function inSpan<T>(span: Span | undefined, work: () => T): T {
  return span === undefined ? work() : spans.run(span, work);
}

/** Runs work outside of the span that surrounds it, within another one or none. */
export function apartFromSpans<T>(span: Span | undefined, work: () => T): T {
  return span === spans.getStore() ? work() : spans.run(span, work);
}

/** A span within the current one, or else the first of a trace; undefined where nothing is traced. */
export function beginSpan(tracing: Tracing | undefined, name: string, facts: SpanFacts = {}): Span | undefined {
  const outer = spans.getStore();
  return outer ? outer.begin(name, facts) : tracing?.begin(name, facts);
}

/** Runs work within a span, and ends it. */
export async function spanned<T>(span: Span | undefined, work: () => Promise<T>): Promise<T> {
  if (span === undefined) return work();
  try {
    const result = await spans.run(span, work);
    span.end();
    return result;
  } catch (error) {
    span.end(failureName(error));
    throw error;
  }
}

const nameLengthMax = 100;

/** The code or the class of what was thrown: never its message, which may have values in it. */
export function failureName(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  const word = [code, name].find((one) => typeof one === 'string' && one !== '') ?? 'error';
  return String(word).slice(0, nameLengthMax);
}
