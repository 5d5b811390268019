import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** docs/graphql.md, "GraphQL over HTTP", says why. */
const deviations = [
  'SHOULD use 200 status code on document parsing failure when accepting application/json',
  'SHOULD use 200 status code on document validation failure when accepting application/json',
  'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
  'MAY accept application/x-www-form-urlencoded formatted GET requests',
  'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json',
  'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json',
];

it('GraphQL over HTTP is spoken as its specification says, but for what the documents name', async () => {
  const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: fetch });
  const found = [];
  for (const { name, fn } of audits) {
    const result = await fn();
    if (result.status !== 'ok') found.push(name);
  }
  expect(audits.length).toBeGreaterThan(50);
  expect(found.sort()).toEqual([...deviations].sort());
});
