import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: an error. */
  readonly status: number;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** Takes traces by OTLP over HTTP, as a collector of OpenTelemetry does. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly url: string | undefined; readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  /** What it answers; undefined: never. */
  status: number | undefined = 200;
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url, headers } = request;
        collector.requests.push({ url, headers });
        if (collector.status === 200) collector.take(JSON.parse(Buffer.concat(chunks).toString()));
        if (collector.status !== undefined)
          response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
      });
    });
    const collector = new Collector(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  ofTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private take({ resourceSpans }: any): void {
    for (const { resource, scopeSpans } of resourceSpans)
      for (const { spans } of scopeSpans)
        for (const { traceId, spanId, parentSpanId, name, kind, attributes, links = [], status } of spans)
          this.spans.push({
            ...{ traceId, spanId, parentSpanId, name, kind, links, status: status?.code ?? 0 },
            attributes: valuesOf(attributes),
            resource: valuesOf(resource.attributes),
          });
  }
}

function valuesOf(attributes: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
