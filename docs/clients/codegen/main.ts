// Typed by what the generator makes of the schema: no client library, fetch alone.
import { print } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { graphql } from './graphql/gql.js';

const { SERVER_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;

async function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(`${SERVER_URL}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(TOKEN && { authorization: `Bearer ${TOKEN}` }) },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: Data;
    errors?: { message: string; extensions: { code: string } }[];
  };
  if (errors?.[0] || !data) throw new Error(errors?.[0]?.extensions.code ?? `status ${response.status}`);
  return data;
}

const bucket = graphql(/* GraphQL */ `
  query Bucket($id: ID!, $since: DateTime!) {
    bucket(id: $id) {
      remainingValue {
        amount
        units
      }
      entries(filter: { recordedAt: { gte: $since } }, limit: 3) {
        items {
          recordedAt
          remainingDelta
        }
      }
    }
  }
`);
const topUp = graphql(/* GraphQL */ `
  mutation TopUp($input: TopupBalanceCreate!, $key: String!) {
    createTopupBalance(input: $input, idempotencyKey: $key) {
      id
    }
  }
`);

const variables = { id: '11', since: '2020-01-01T00:00:00Z' };
const amountOf = async (): Promise<number | undefined> =>
  (await send(bucket, variables)).bucket?.remainingValue?.amount;

console.log('before', await amountOf());
const key = crypto.randomUUID();
const input = { bucket: { refId: '11' }, amount: { amount: '5.00', units: 'EUR' } };
for (let time = 1; time <= 2; time++) await send(topUp, { input, key });
console.log('after', await amountOf());
await send(topUp, { input: { ...input, bucket: { refId: 'nobody' } }, key: crypto.randomUUID() }).catch(
  (error: Error) => console.log('refused', error.message),
);
