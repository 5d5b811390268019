// A page of customers with what each has left, then a top-up whose answer changes what the cache says of the bucket.
import {
  ApolloClient,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type TypedDocumentNode,
} from '@apollo/client/core/index.js';

const { SERVER_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;

const client = new ApolloClient({
  link: new HttpLink({
    uri: `${SERVER_URL}/graphql`,
    headers: TOKEN ? { authorization: `Bearer ${TOKEN}` } : {},
  }),
  // As it comes: whatever has an id is a resource, and everything else a part of one. A number is known by its value.
  cache: new InMemoryCache({ typePolicies: { LogicalResource: { keyFields: ['value'] } } }),
});

interface Amount {
  amount: number;
  units: string;
}

const customers: TypedDocumentNode<
  {
    parties: { totalCount: number | null; items: { id: string; name: string; buckets: { items: { id: string }[] } }[] };
  },
  { name: string }
> = gql`
  query Customers($name: String!) {
    parties(filter: { name: { icontains: $name } }, orderBy: [{ name: ASC }], limit: 5) {
      totalCount
      items {
        id
        name
        buckets {
          items {
            id
            name
            remainingValue {
              amount
              units
            }
          }
        }
      }
    }
  }
`;

const bucket: TypedDocumentNode<{ bucket: { remainingValue: Amount } | null }, { id: string }> = gql`
  query Bucket($id: ID!) {
    bucket(id: $id) {
      id
      remainingValue {
        amount
        units
      }
    }
  }
`;

const topUp: TypedDocumentNode<{ createTopupBalance: { id: string } }, { id: string; amount: number; key: string }> =
  gql`
    mutation TopUp($id: ID!, $amount: Decimal!, $key: String!) {
      createTopupBalance(
        input: { bucket: { refId: $id }, amount: { amount: $amount, units: "EUR" } }
        idempotencyKey: $key
      ) {
        id
        status
        bucket {
          target {
            id
            remainingValue {
              amount
              units
            }
          }
        }
      }
    }
  `;

const { data } = await client.query({ query: customers, variables: { name: '' } });
for (const { id, name } of data?.parties.items ?? []) console.log(id, name);

const before = await client.query({ query: bucket, variables: { id: '11' } });
console.log('before', before.data?.bucket?.remainingValue);
const key = crypto.randomUUID();
// Sent twice with one key, it is done once: so it may be repeated when no answer came.
for (let time = 1; time <= 2; time++) await client.mutate({ mutation: topUp, variables: { id: '11', amount: 5, key } });
const after = await client.query({ query: bucket, variables: { id: '11' }, fetchPolicy: 'cache-only' });
console.log('after', after.data?.bucket?.remainingValue);

try {
  await client.mutate({ mutation: topUp, variables: { id: 'nobody', amount: 5, key: crypto.randomUUID() } });
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  console.log('refused', error.errors[0]?.extensions?.['code']);
}
