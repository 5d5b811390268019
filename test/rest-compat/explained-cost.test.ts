import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

describe('a request to TMF REST and the GraphQL operation that it stands for', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it.each([
    '',
    'status=active',
    'status=active,suspended&name.contains=a&sort=-remainingValue.amount,id',
    'status=active;name=b&relatedParty.id=42',
    'extension.colour=red&@type=Bucket',
    'extension.a.b.c=5',
    'name.regex=^a.*b',
    "filter=$[?(@.status=='active' %26%26 !(@.name=='b'))]",
    'relatedParty.isnull=true&remainingValue.amount.gt=5&requestedDate.lt=2026-01-31',
  ])('cost the same: %s', async (query) => {
    const url = `${server.url}${basePath}/bucket?${query}`;
    const explained = (await (await fetch(`${url}&explain=graphql`)).json()) as {
      operation: string;
      variables: Record<string, unknown>;
    };
    const asked = await fetch(url);
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: explained.operation, variables: explained.variables }),
    });
    expect([asked.status, answer.status]).toEqual([200, 200]);
    expect(asked.headers.get('x-operation-cost')).toBe(answer.headers.get('x-operation-cost'));
  });
});
