import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';

// Those who ask for the same at the same time share a statement. What they are told must hold at a moment after they asked.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const clients = 12;
const rounds = 6;

describe('reads that are shared', () => {
  it('show what was written before they were asked for', async () => {
    const missing: string[] = [];
    const client = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const made = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name: 'shared' } });
        const id = String(made.body.id);
        const [list, item, one] = await Promise.all([
          server.rest('GET', '/bucket?limit=100&fields=id'),
          server.rest('GET', `/bucket/${id}`),
          server.graphql(
            `query ($id: ID!) { bucket(id: $id) { id } buckets(limit: 100) { totalCount items { id } } }`,
            {
              id,
            },
          ),
        ]);
        const ids = [list.body, one.data.buckets.items].map((items: { id: string }[]) => items.map((row) => row.id));
        if (!ids.every((found) => found.includes(id))) missing.push(`${id} in a list`);
        if (one.data.buckets.totalCount < ids[1]!.length) missing.push(`${id} in a count`);
        if (item.body.id !== id || one.data.bucket?.id !== id) missing.push(id);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    expect(missing).toEqual([]);
  });

  it('are told apart by all that was asked for', async () => {
    for (const name of ['1', '2'])
      await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name, description: 'apart' } });
    const asked = ['name=1', 'name=2', 'sort=name', 'sort=-name', 'limit=1&sort=name', 'offset=1&sort=name'];
    const answers = await Promise.all(asked.map((query) => server.rest('GET', `/bucket?description=apart&${query}`)));
    const names = answers.map(({ body }) => body.map((row: { name: string }) => row.name).join());
    expect(names).toEqual(['1', '2', '1,2', '2,1', '1', '2']);
  });
});
