import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';

/** Of the answer; a body may have as many. */
const bytesMax = 300_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ ANSWER_BYTES_MAX: String(bytesMax), BODY_MAX_BYTES: '300000' });
  for (let at = 0; at < 6; at++) {
    const { status } = await server.rest('POST', '/bucket', {
      body: {
        usageType: 'data',
        name: `b${at}`,
        '@type': 'Big',
        text: 'x'.repeat(100_000),
        relatedParty: [{ id: 'big', '@referredType': 'Individual' }],
      },
    });
    expect(status).toBe(201);
  }
});
afterAll(() => server.close());

describe('an answer of more than ANSWER_BYTES_MAX', () => {
  const tooLarge = { code: 'ANSWER_TOO_LARGE', status: 400 };

  it.each([
    ['a list', '{ buckets { items { id extension } } }'],
    ['a list and its count', '{ buckets { totalCount items { id extension } } }'],
    [
      'one value under many names',
      `{ buckets(limit: 1) { items { ${[1, 2, 3, 4].map((at) => `a${at}: extension`).join(' ')} } } }`,
    ],
    [
      'lists that are within the limit by themselves',
      '{ a: buckets(limit: 2) { items { extension } } b: buckets(limit: 2) { items { extension } } }',
    ],
    ['a list of a party', '{ party(id: "big") { buckets { items { extension } } } }'],
  ])('is refused in GraphQL: %s', async (_title, query) => {
    for (let time = 0; time < 2; time++) {
      const { data, errors } = await server.graphql(query);
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining(`ANSWER_BYTES_MAX of ${bytesMax}`),
        extensions: tooLarge,
      });
      expect(JSON.stringify(data ?? null).length).toBeLessThan(bytesMax);
    }
  });

  it('is refused in REST, and given in smaller pages', async () => {
    const { status, body } = await server.rest('GET', '/bucket?limit=6');
    expect([status, body.code, body.message]).toEqual([
      400,
      '131',
      expect.stringContaining('ask for fewer rows or attributes'),
    ]);
    expect((await server.rest('GET', '/bucket?limit=1')).body).toHaveLength(1);
    expect((await server.rest('GET', '/bucket?limit=6&fields=id,name')).body).toHaveLength(6);
  });

  it('is not that of a file', async () => {
    await server.startJobs();
    for (let at = 0; at < 5; at++) {
      const usage = { usageSpecification: { id: 's' }, description: 'y'.repeat(100_000) };
      expect((await server.rest('POST', '/usage', { body: usage })).status).toBe(201);
    }
    const { body: task } = await server.rest('POST', '/exportJob', { body: { contentType: 'application/x-ndjson' } });
    const text = await (await fetch(task.url)).text();
    expect(text.trim().split('\n')).toHaveLength(5);
  });
});

it('a page keeps its order and its rows', async () => {
  const { data, errors } = await server.graphql(
    '{ buckets(orderBy: [{ name: DESC }], limit: 4) { totalCount items { name remainingValue { amount } } pageInfo { hasNextPage } } }',
  );
  expect([
    errors,
    data.buckets.totalCount,
    data.buckets.items.map(({ name }: { name: string }) => name),
    data.buckets.pageInfo.hasNextPage,
  ]).toEqual([undefined, 6, ['b5', 'b4', 'b3', 'b2'], true]);
});
