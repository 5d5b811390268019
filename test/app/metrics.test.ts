import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/app/logger.js';
import { People } from '../rights/people.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { makeTenant } from '../support/tenants.js';

const token = 'a-token-for-prometheus';
const eur = { amount: 5, units: 'EUR' };

async function scrape(server: TestServer, authorization?: string): Promise<Response> {
  return fetch(`${server.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
}

/** The values of a text of Prometheus, by name and labels as they are written. */
async function valuesOf(server: TestServer): Promise<Map<string, number>> {
  const answer = await scrape(server, `Bearer ${token}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/plain; version=0.0.4'),
  ]);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ [^ ]+$/, ''), Number(line.split(' ').at(-1))]));
}

describe('metrics', () => {
  let server: TestServer;
  let bucket: string;
  beforeAll(async () => {
    // A broker that nobody can connect to has figures, too.
    server = await startTestServer({ METRICS_TOKEN: token, QUOTA_CLIENT_REQUESTS: '', NATS_URL: 'nats://127.0.0.1:1' });
    await server.startJobs();
    bucket = (await server.rest('POST', '/bucket', { body: { usageType: 'monetary', remainingValue: eur } })).body.id;
  });
  afterAll(() => server.close());

  it('count operations of both transports by right and outcome, with what they cost and how long they took', async () => {
    const before = await valuesOf(server);
    const differenceOf = async (name: string): Promise<number> =>
      ((await valuesOf(server)).get(name) ?? 0) - (before.get(name) ?? 0);
    await server.rest('POST', '/topupBalance', { body: { amount: eur, bucket: { id: bucket } } });
    await server.rest('POST', '/topupBalance', { body: { amount: eur, bucket: { id: 'none' } } });
    await server.graphql('{ buckets { items { id } } }');
    await server.rest('GET', '/bucket?limit=1');
    await server.graphql('query Mine { a: buckets { totalCount } b: usages { totalCount } }');
    await server.rest('GET', '/bucket/none');
    const counted = async (operation: string, outcome = 'ok'): Promise<number> =>
      differenceOf(`tmf_operations_total{operation="${operation}",outcome="${outcome}"}`);
    expect(await counted('topupBalance:create')).toBe(1);
    expect(await counted('topupBalance:create', 'BUCKET_UNKNOWN')).toBe(1);
    expect(await counted('bucket:read')).toBeGreaterThanOrEqual(2);
    expect(await counted('several')).toBe(1);
    expect(await differenceOf('tmf_operation_duration_seconds_count{operation="topupBalance:create"}')).toBe(2);
    expect(await differenceOf('tmf_operation_cost_points_total{operation="several"}')).toBeGreaterThan(0);
  });

  it('count requests by surface, method and status', async () => {
    const name = 'tmf_http_request_duration_seconds_count{surface="rest",method="GET",status="404"}';
    const before = (await valuesOf(server)).get(name) ?? 0;
    await server.rest('GET', '/bucket/none');
    expect((await valuesOf(server)).get(name)).toBe(before + 1);
  });

  it('have lanes, imports and brokers', async () => {
    const created = await server.rest('POST', '/importJob', { body: { contentType: 'application/x-ndjson' } });
    expect(created.status).toBe(201);
    const values = await valuesOf(server);
    const lanes = ['busy', 'free'].map((state) => values.get(`tmf_balance_lanes{state="${state}"}`));
    expect(lanes).toEqual([0, expect.any(Number)]);
    expect(lanes[1]).toBeGreaterThan(0);
    expect(values.get('tmf_balance_lane_queue{state="waiting"}')).toBe(0);
    expect(values.get('tmf_balance_lane_queue{state="held up"}')).toBe(0);
    expect(values.get('tmf_usage_imports{status="running"}')).toBe(0);
    expect(values.get('tmf_usage_import_lines{outcome="rejected"}')).toBe(0);
    await eventually('the broker fails, and is behind', async () => {
      await server.rest('POST', '/bucket', { body: { usageType: 'monetary' } });
      const now = await valuesOf(server);
      return (now.get('tmf_broker_failing_seconds{broker="nats"}') ?? 0) > 0 &&
        now.has('tmf_broker_lag_seconds{broker="nats"}')
        ? true
        : undefined;
    });
  });

  it('have everything that the dashboard and the alerts name', async () => {
    const present = new Set([...(await valuesOf(server)).keys()].map((key) => key.replace(/\{.*/, '')));
    const texts = ['deploy/grafana/dashboard.json', 'deploy/prometheus/alerts.yaml'].map((path) =>
      readFileSync(path, 'utf8'),
    );
    const named = new Set(texts.flatMap((text) => text.match(/\b(?:tmf|nodejs|process)_[a-z0-9_]+\b/g) ?? []));
    // They have connections of PostgreSQL only; what a replica has, test/app/replica.test.ts reads.
    const replicas = ['tmf_replica_lag_seconds', 'tmf_replica_reads_total', 'tmf_replica_used'];
    const absent = process.env.TEST_DATABASE_URL
      ? replicas
      : ['tmf_database_connections', 'tmf_database_connections_awaited', ...replicas];
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((name) => !present.has(name)).sort()).toEqual(absent);
  });

  it('have slow operations in the log beside them, without what people wrote', async () => {
    const lines: any[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const slow = await startTestServer({ SLOW_OPERATION_MS: '1' }, { logger: createLogger('warn', stream) });
    const isTold = ({ msg }: { msg: string }): boolean => msg === 'an operation was slow';
    await slow.graphql(
      '{ buckets(filter: { name: { eq: "Jane Doe" } }) { totalCount items { id name } } party(id: 491701234567) { id } }',
    );
    await eventually('the plan is there', () => lines.some(isTold) || undefined);
    // One plan at a time, and ten in a minute: the others have none.
    const others = Array.from({ length: 12 }, (_, number) => slow.rest('GET', `/bucket?name=Jane${number}&limit=1`));
    await Promise.all(others);
    await slow.close();
    const [line, ...more] = lines.filter(isTold);
    expect(line).toMatchObject({
      ...{ level: 40, operation: 'several', outcome: 'ok', ms: expect.any(Number), cost: expect.any(Number) },
      request: { tenant: 'default', principal: 'anonymous', method: 'POST', url: '/graphql' },
    });
    expect(line.document).toContain('buckets(filter: {name: {eq: "…"}})');
    expect(line.document).toContain('party(id: "…")');
    expect(line.type).toBe('query');
    expect(line.statements[0]).toEqual({
      statement: expect.stringMatching(/^SELECT .*Bucket$/),
      count: expect.any(Number),
      ms: expect.any(Number),
    });
    expect(line.slowest).toEqual({
      statement: expect.any(String),
      plan: expect.stringMatching(/"?Bucket"? b?[^]*\$\d/),
    });
    expect(more.some(({ slowest }) => slowest.planMissing === 'too many')).toBe(true);
    expect(more.filter(({ slowest }) => slowest.plan !== undefined).length).toBeLessThan(10);
    expect(JSON.stringify(lines)).not.toMatch(/Jane|491701234567/);
  });

  it('are one by one for whoever runs the server, and for nobody else', async () => {
    const people = await People.start({
      operator: { roles: ['operator'] },
      agent: { roles: ['agent'] },
      root: { roles: ['installation'] },
      other: { roles: ['admin', 'installation'], tenant: 'edo' },
    });
    await makeTenant((text, variables) => people.graphql('root', text, variables), 'edo');
    const seen = async (headers: Record<string, string>): Promise<[number, any]> => {
      const answer = await fetch(`${people.server.url}/server/metrics`, { headers });
      return [answer.status, await answer.json()];
    };
    await people.graphql('operator', '{ buckets(limit: 1) { totalCount } }');
    const [status, samples] = await seen(people.of('operator'));
    const labels = { operation: 'bucket:read', outcome: 'ok' };
    expect([status, samples]).toEqual([
      200,
      expect.arrayContaining([{ name: 'tmf_operations_total', labels, value: 1 }]),
    ]);
    const message = 'the right server:watch is missing';
    expect(await seen(people.of('agent'))).toEqual([403, expect.objectContaining({ message })]);
    expect((await seen(people.of('other')))[0]).toBe(404);
    expect((await seen({}))[0]).toBe(401);
    const records = '{ auditRecords(filter: { resourceType: { eq: "server" } }) { items { principalId outcome } } }';
    await people.graphql('admin', '{ buckets(limit: 1) { totalCount } }');
    // Who may look is not recorded, again and again.
    const recorded = await eventually('the refusal is recorded', async () => {
      const { data } = await people.graphql('admin', records);
      return data.auditRecords.items.length > 0 ? data.auditRecords.items : undefined;
    });
    expect(recorded).toEqual([{ principalId: 'agent', outcome: 'refused' }]);
    await people.close();
  });

  it('are told only to whoever has the token', async () => {
    for (const authorization of [undefined, 'Bearer another', `Basic ${token}`, `Bearer ${token}x`])
      expect((await scrape(server, authorization)).status).toBe(401);
  });

  it('are open in a sandbox without a token, and not there in production', async () => {
    const sandbox = await startTestServer();
    expect((await scrape(sandbox)).status).toBe(200);
    await sandbox.close();
    const production = await startTestServer({}, { mode: 'serve' });
    expect((await scrape(production)).status).toBe(404);
    await production.close();
  });
});
