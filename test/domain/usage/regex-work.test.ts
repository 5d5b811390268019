import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const regex = '^(?:[a-c].?){0,60}[^z]*$';
const ofValue = (length: number): object[] => [{ name: 'text', value: 'ab'.repeat(length / 2) }];

it.each([
  ['a characteristic', { name: 'text', valueType: 'string', regex }],
  ['one of its values', { name: 'text', valueType: 'string', characteristicValueSpecification: [{ regex }] }],
])(
  'a text that is too long for the regular expression of %s is refused, naming the limit',
  async (_title, definition) => {
    const { body: specification } = await server.rest('POST', '/usageSpecification', {
      body: { name: 'texts', specCharacteristic: [definition] },
    });
    const usage = (length: number): Promise<{ status: number; body: any }> =>
      server.rest('POST', '/usage', {
        body: { usageSpecification: { id: specification.id }, usageCharacteristic: ofValue(length) },
      });
    expect((await usage(1_000)).status).toBe(201);
    const { status, body } = await usage(100_000);
    expect([status, body.message]).toEqual([400, expect.stringContaining('usageCharacteristic.0.value')]);
  },
);
