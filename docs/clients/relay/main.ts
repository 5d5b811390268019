// A bucket from Relay's store, and a top-up whose answer changes it. The compiler writes what each document becomes to __generated__.
import { commitMutation, Environment, fetchQuery, graphql, Network, RecordSource, Store } from 'relay-runtime';
import type { GraphQLResponse } from 'relay-runtime';
import bucketQuery, { type mainBucketQuery } from './__generated__/mainBucketQuery.graphql.js';
import partiesQuery, { type mainPartiesQuery } from './__generated__/mainPartiesQuery.graphql.js';
import topUpMutation, { type mainTopUpMutation } from './__generated__/mainTopUpMutation.graphql.js';

const { SERVER_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;

// What the compiler reads; without its Babel plugin the program itself imports what was generated.
const _documents = () => [
  graphql`
    query mainBucketQuery($id: ID!) {
      bucket(id: $id) {
        remainingValue {
          amount
          units
        }
      }
    }
  `,
  graphql`
    query mainPartiesQuery($count: Int!, $cursor: String) {
      parties(first: $count, after: $cursor, orderBy: [{ name: ASC }]) @connection(key: "mainPartiesQuery_parties") {
        edges {
          node {
            name
          }
        }
      }
    }
  `,
  graphql`
    mutation mainTopUpMutation($id: ID!, $amount: Decimal!, $key: String!) {
      createTopupBalance(
        input: { bucket: { refId: $id }, amount: { amount: $amount, units: "EUR" } }
        idempotencyKey: $key
      ) {
        status
        bucket {
          target {
            remainingValue {
              amount
              units
            }
          }
        }
      }
    }
  `,
];

const environment = new Environment({
  network: Network.create(async ({ text }, variables) => {
    const response = await fetch(`${SERVER_URL}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(TOKEN && { authorization: `Bearer ${TOKEN}` }) },
      body: JSON.stringify({ query: text, variables }),
    });
    return (await response.json()) as GraphQLResponse;
  }),
  store: new Store(new RecordSource()),
  // Relay asks for the field that relay.config.json names; here it is told to keep what is answered under it.
  getDataID: ({ nodeId }, typeName) => nodeId ?? typeName,
});

async function read(when: string, fetchPolicy: 'network-only' | 'store-or-network'): Promise<void> {
  const data = await fetchQuery<mainBucketQuery>(environment, bucketQuery, { id: '11' }, { fetchPolicy }).toPromise();
  console.log(when, data?.bucket?.remainingValue);
}

const topUp = (id: string, key: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    commitMutation<mainTopUpMutation>(environment, {
      mutation: topUpMutation,
      variables: { id, amount: 5, key },
      onCompleted: (_data, errors) =>
        resolve((errors ?? []).map((error) => (error as unknown as { extensions: { code: string } }).extensions.code)),
      onError: reject,
    });
  });

const { parties } = (await fetchQuery<mainPartiesQuery>(environment, partiesQuery, { count: 5 }).toPromise()) ?? {};
for (const { node } of parties?.edges ?? []) console.log(node.name);

await read('before', 'network-only');
const key = crypto.randomUUID();
for (let time = 1; time <= 2; time++) await topUp('11', key);
await read('after', 'store-or-network');
console.log('refused', ...(await topUp('nobody', crypto.randomUUID())));
