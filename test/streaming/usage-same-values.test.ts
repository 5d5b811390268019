import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { send } from '../fixtures/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { csv, figures, taken, usage } from './imports.js';

// The same usage by JSON and by CSV is one usage.

let server: TestServer;
let specificationId: string;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
  const characteristic = (name: string, valueType: string): object => ({ name, valueType });
  const specCharacteristic = [
    characteristic('volume', 'number'),
    characteristic('roaming', 'boolean'),
    characteristic('cell', 'object'),
    characteristic('code', 'string'),
  ];
  specificationId = (await server.rest('POST', '/usageSpecification', { body: { name: 'typed', specCharacteristic } }))
    .body.id;
});
afterAll(() => server.close());

const typed = (externalId: string, values: Record<string, unknown>): object =>
  usage(externalId, {
    usageSpecification: { id: specificationId },
    usageCharacteristic: Object.entries(values).map(([name, value]) => ({ name, value })),
  });
const values = { volume: 5, roaming: true, cell: { lac: 1, ci: [2] }, code: '007', untyped: 12.5 };
const header =
  'externalId,source,usageSpecification.id,usageDate,usageCharacteristic.code,usageCharacteristic.volume,usageCharacteristic.roaming,usageCharacteristic.cell,usageCharacteristic.untyped';
const line = (externalId: string, code = '007', volume = '5.0'): string =>
  `${externalId},switch-1,${specificationId},2026-03-01T08:00:00.000Z,${code},${volume},true,"{""ci"":[2],""lac"":1}",12.5`;
const file = (...lines: string[]): { content: string; type: string } => ({
  content: `${[header, ...lines].join('\n')}\n`,
  type: csv,
});

it('is known again by its values, whichever came first, and by nothing less', async () => {
  expect((await server.rest('POST', '/usage', { body: typed('json-1', values) })).status).toBe(201);
  expect(figures(await taken(server, file(line('json-1'))))).toEqual(['succeeded', 1, 0, 1, 0]);
  expect(figures(await taken(server, file(line('csv-1'))))).toEqual(['succeeded', 1, 1, 0, 0]);
  const again = await server.rest('POST', '/usage', { body: typed('csv-1', { ...values, untyped: '12.5' }) });
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  // A text is not a number, and another number is another one.
  expect(figures(await taken(server, file(line('json-1', '7'), line('csv-1', '007', '6')))).slice(1)).toEqual([
    2, 0, 0, 2,
  ]);
  expect((await server.rest('POST', '/usage', { body: typed('csv-1', { ...values, roaming: false }) })).status).toBe(
    409,
  );
});

it('is a duplicate when its export is imported again, rated since or not', async () => {
  const { id } = (await server.rest('POST', '/usage', { body: typed('rated', values) })).body;
  const ratedProductUsage = [{ isBilled: false, taxIncludedRatingAmount: { value: 1.1, unit: 'EUR' } }];
  expect((await server.rest('PATCH', `/usage/${id}`, { body: { status: 'guided' } })).status).toBe(200);
  expect((await server.rest('PATCH', `/usage/${id}`, { body: { status: 'rated', ratedProductUsage } })).status).toBe(
    200,
  );
  const job = await server.rest('POST', '/exportJob', { body: { contentType: csv } });
  expect(job.status).toBe(201);
  const exported = await send(server.url, 'GET', new URL(job.body.url).pathname, {});
  expect(exported.status).toBe(200);
  const lines = exported.text.trim().split('\r\n').length - 1;
  expect(lines).toBe(3);
  expect(figures(await taken(server, { content: exported.text, type: csv }))).toEqual([
    'succeeded',
    lines,
    0,
    lines,
    0,
  ]);
});
