import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

// The first time a document is interpreted, afterwards it runs compiled.
const topUp =
  'mutation ($bucket: BucketRefInput!, $units: String = "EUR") { createTopupBalance(input: { amount: { amount: 0.1, units: $units }, bucket: $bucket }) { amount { amount units } } }';

it('an amount reads the same however often the document comes, written out or in a variable', async () => {
  const { data } = await server.graphql(
    'mutation { createBucket(input: { usageType: "monetary", remainingValue: { amount: 1, units: "EUR" }, validFor: { endDateTime: "2030-01-01T00:00:00Z" } }) { id } }',
  );
  const bucket = { id: data.createBucket.id };
  const reference = { refId: data.createBucket.id };
  const inVariable = topUp.replace('($bucket', '($amount: Decimal!, $bucket').replace('0.1', '$amount');
  const answers = [];
  for (let round = 1; round <= 3; round++)
    answers.push(
      await server.graphql(topUp, { bucket: reference }),
      await server.graphql(inVariable, { bucket: reference, amount: 0.1 }),
    );
  expect(answers.map(({ data: answer, errors }) => errors ?? answer)).toEqual(
    answers.map(() => ({ createTopupBalance: { amount: { amount: 0.1, units: 'EUR' } } })),
  );
  const filters = [
    'remainingValue: { amount: { eq: 1.6 } }',
    'validFor: { endDateTime: { eq: "2030-01-01T01:00:00+01:00" } }',
  ];
  for (const filter of [...filters, ...filters, ...filters]) {
    const found = await server.graphql(`{ buckets(filter: { ${filter} }) { items { id } } }`);
    expect(found.errors ?? found.data).toEqual({ buckets: { items: [bucket] } });
  }
});

it.each([
  [
    'by the domain',
    'mutation { createTopupBalance(input: { amount: { amount: 1, units: "EUR" }, bucket: { refId: "none" } }) { id } }',
    'BUCKET_UNKNOWN',
    422,
  ],
  ['by a reader', '{ buckets(limit: 5000) { totalCount } }', 'INVALID_QUERY', 400],
])('a refusal %s reads the same however often the document comes', async (_by, query, code, status) => {
  const [first, ...more] = [await server.graphql(query), await server.graphql(query), await server.graphql(query)].map(
    ({ errors }) =>
      errors?.map(({ extensions: { reference: _reference, requestId: _id, ...extensions }, ...error }) => ({
        ...error,
        extensions,
      })),
  );
  expect(first).toMatchObject([{ extensions: { code, status }, path: [expect.any(String)] }]);
  expect(more).toEqual([first, first]);
});
