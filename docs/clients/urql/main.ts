// A customer's buckets from a normalized cache that knows which types are values, and a top-up.
import { readFileSync } from 'node:fs';
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';

const { SERVER_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;

const schema = buildSchema(readFileSync(new URL('../../../../schema.graphql', import.meta.url), 'utf8'));
// What has no id is a part of what it stands in; the cache wants to be told.
const values = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !('id' in type.getFields()));
const keys = Object.fromEntries(values.map(({ name }) => [name, () => null]));

const client = new Client({
  url: `${SERVER_URL}/graphql`,
  preferGetMethod: false,
  fetchOptions: { headers: TOKEN ? { authorization: `Bearer ${TOKEN}` } : {} },
  exchanges: [cacheExchange({ schema: introspectionFromSchema(schema), keys }), fetchExchange],
});

const customer = gql`
  query Customer($id: ID!) {
    party(id: $id) {
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
`;
const topUp = gql`
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

const show = async (when: string): Promise<void> => {
  const requestPolicy = when === 'after' ? 'cache-only' : 'network-only';
  const { data, error } = await client.query(customer, { id: 'customer-1' }, { requestPolicy }).toPromise();
  if (error) throw error;
  const buckets: { id: string; remainingValue: unknown }[] = data.party.buckets.items;
  console.log(when, buckets.find(({ id }) => id === '11')?.remainingValue);
};

await show('before');
const variables = { id: '11', amount: 5, key: crypto.randomUUID() };
for (let time = 1; time <= 2; time++) {
  const { error } = await client.mutation(topUp, variables).toPromise();
  if (error) throw error;
}
await show('after');
const { error } = await client.mutation(topUp, { ...variables, id: 'nobody', key: crypto.randomUUID() }).toPromise();
console.log('refused', error?.graphQLErrors[0]?.extensions['code']);
