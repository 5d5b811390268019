import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Collector, type ReceivedSpan } from '../support/collector.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { Receiver } from '../domain/hub/receiver.js';

const eur = { amount: 5, units: 'EUR' };
const server = 2;
const client = 3;
const producer = 4;
const failed = 2;

/** An origin of a trace that no other test has. */
let traces = 0;
function originOf(flags = '01'): { traceId: string; traceparent: string } {
  const traceId = (++traces).toString(16).padStart(32, 'a');
  return { traceId, traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` };
}

describe('traces', () => {
  let collector: Collector;
  let receiver: Receiver;
  let tested: TestServer;
  let bucket: string;
  beforeAll(async () => {
    collector = await Collector.start();
    receiver = await Receiver.start();
    tested = await startTestServer({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20key',
      OTEL_SERVICE_NAME: 'balances',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      QUOTA_CLIENT_REQUESTS: '',
    });
    bucket = (
      await tested.rest('POST', '/bucket', { body: { name: 'Jane Doe', usageType: 'monetary', remainingValue: eur } })
    ).body.id;
  });
  afterAll(async () => {
    await tested.close();
    await receiver.down();
    await collector.stop();
  });

  async function spansOf(traceId: string, name: string): Promise<ReceivedSpan[]> {
    return eventually(`a span ${name}`, async () => {
      const found = collector.ofTrace(traceId);
      return found.some((span) => span.name === name) ? found : undefined;
    });
  }

  it('go on with that of the client: a span for the request, the operation and each statement, by both transports', async () => {
    const rest = originOf();
    await tested.rest('GET', `/bucket/${bucket}`, {
      headers: { traceparent: rest.traceparent, 'X-Request-Id': 'mine' },
    });
    const graphql = originOf();
    await tested.graphql('{ bucket(id: "none") { id } }', {}, { traceparent: graphql.traceparent });
    for (const [{ traceId }, name] of [
      [rest, 'GET /tmf-api/prepayBalanceManagement/v4/bucket/{id}'],
      [graphql, 'POST /graphql'],
    ] as const) {
      const spans = await spansOf(traceId, name);
      const request = spans.find((span) => span.name === name);
      expect(request).toMatchObject({ kind: server, parentSpanId: '00f067aa0ba902b7', status: 0 });
      expect(request?.attributes).toMatchObject({ 'http.response.status_code': 200, 'tmf.tenant': 'default' });
      const operation = spans.find((span) => span.name === 'bucket:read');
      expect(operation).toMatchObject({ parentSpanId: request?.spanId });
      expect(operation?.attributes).toMatchObject({ 'graphql.operation.type': 'query' });
      const statement = spans.find((span) => span.name === 'SELECT BalanceAction Bucket');
      expect(statement).toMatchObject({ kind: client, parentSpanId: operation?.spanId });
      expect(statement?.attributes).toMatchObject({ 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' });
    }
    expect(collector.ofTrace(rest.traceId).map(({ attributes }) => attributes['tmf.request.id'])).toContain('mine');
    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'balances',
      'deployment.environment.name': 'test',
    });
    expect(collector.requests[0]).toMatchObject({ url: '/v1/traces', headers: { 'api-key': 'a key' } });
  });

  it('have a refusal by its code, and no values of anybody', async () => {
    const { traceId, traceparent } = originOf();
    await tested.rest('POST', '/topupBalance', {
      headers: { traceparent },
      body: { amount: eur, bucket: { id: 'of-jane' }, description: 'for Jane' },
    });
    await tested.rest('GET', '/bucket?name=Jane%20Doe', { headers: { traceparent } });
    await spansOf(traceId, 'bucket:read');
    const operation = (await spansOf(traceId, 'topupBalance:create')).find(
      ({ name }) => name === 'topupBalance:create',
    );
    expect(operation).toMatchObject({ status: failed, attributes: { 'error.type': 'BUCKET_UNKNOWN' } });
    expect(JSON.stringify(collector.spans).toLowerCase()).not.toContain('jane');
  });

  it('go on in balance actions that are committed together, and in what is delivered of them', async () => {
    const registered = await tested.rest('POST', '/hub', {
      body: { callback: receiver.url, query: 'eventType=TopupBalanceCreateEvent' },
    });
    expect(registered.status).toBe(201);
    await tested.startJobs();
    const { traceId, traceparent } = originOf();
    await tested.rest('POST', '/topupBalance', {
      headers: { traceparent },
      body: { amount: eur, bucket: { id: bucket } },
    });
    const spans = await spansOf(traceId, 'deliver TopupBalanceCreateEvent');
    const byName = new Map(spans.map((span) => [span.name, span]));
    const operation = byName.get('topupBalance:create');
    const batch = byName.get('balance batch');
    expect(batch).toMatchObject({ parentSpanId: operation?.spanId, attributes: { 'tmf.batch.requests': 1 } });
    expect(byName.get('COMMIT')).toMatchObject({ kind: client });
    const delivery = byName.get('deliver TopupBalanceCreateEvent');
    expect(delivery).toMatchObject({ kind: producer, parentSpanId: operation?.spanId });
    const told = receiver.deliveries.find(({ event }) => event.eventType === 'TopupBalanceCreateEvent');
    expect(told?.headers.traceparent).toBe(`00-${traceId}-${delivery?.spanId}-01`);
    await eventually('a span of a job', async () =>
      collector.spans.some(({ name }) => name === 'job settle-balances') ? true : undefined,
    );
  });

  it('leave out what the client does not sample, and begin anew where its header cannot be read', async () => {
    const unsampled = originOf('00');
    await tested.rest('GET', `/bucket/${bucket}`, { headers: { traceparent: unsampled.traceparent } });
    for (const traceparent of ['00-zz', '00-00000000000000000000000000000000-00f067aa0ba902b7-01', 'Jane'])
      expect((await tested.rest('GET', '/bucket/unreadable', { headers: { traceparent } })).status).toBe(404);
    const roots = await eventually('three traces', async () => {
      const found = collector.spans.filter(
        ({ kind, attributes }) => kind === server && attributes['http.response.status_code'] === 404,
      );
      return found.length >= 3 ? found : undefined;
    });
    expect(roots.map(({ parentSpanId }) => parentSpanId || undefined)).toEqual([undefined, undefined, undefined]);
    expect(collector.ofTrace(unsampled.traceId)).toEqual([]);
  });
});

describe('traces without a collector', () => {
  it('neither hold up a request nor the stop when it takes nothing or is silent, and are counted as lost', async () => {
    for (const status of [500, undefined]) {
      const collector = await Collector.start();
      collector.status = status;
      const tested = await startTestServer({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      });
      expect((await tested.rest('GET', '/bucket')).status).toBe(200);
      await eventually('a metric of lost spans', async () => {
        const text = await (await fetch(`${tested.url}/metrics`)).text();
        return /^tmf_trace_spans_total\{outcome="lost"\} [1-9]/m.test(text) ? true : undefined;
      });
      expect((await tested.rest('GET', '/bucket')).status).toBe(200);
      await tested.close();
      await collector.stop();
    }
  });

  it('are not there: no connection is made, no header sent, and OpenTelemetry is not loaded', async () => {
    const receiver = await Receiver.start();
    const tested = await startTestServer();
    await tested.rest('POST', '/hub', { body: { callback: receiver.url } });
    await tested.startJobs();
    const { traceparent } = originOf();
    await tested.rest('POST', '/bucket', {
      headers: { traceparent },
      body: { usageType: 'monetary', remainingValue: eur },
    });
    const [told] = await eventually('a delivery', async () =>
      receiver.deliveries.length > 0 ? receiver.deliveries : undefined,
    );
    expect(told?.headers).not.toHaveProperty('traceparent');
    expect(await (await fetch(`${tested.url}/metrics`)).text()).not.toContain('tmf_trace_spans_total');
    await tested.close();
    await receiver.down();
  });
});
