import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client/core/index.js';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import {
  buildSchema,
  getNamedType,
  introspectionFromSchema,
  isLeafType,
  isNonNullType,
  isObjectType,
  parse,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { startTestServer, type TestServer } from '../support/server.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const roots = Object.values(schema.getQueryType()?.getFields() ?? {});
const resources = new Set(roots.map(({ type }) => getNamedType(type)).filter((type) => isObjectType(type)));

/** The rows of a list are behind `items`. */
function rowOf(field: GraphQLField<unknown, unknown>): GraphQLObjectType | undefined {
  const page = getNamedType(field.type);
  const row = isObjectType(page) ? getNamedType(page.getFields()['items']?.type) : undefined;
  return isObjectType(row) ? row : undefined;
}

/** Everything of a value, and of a resource it leads to what needs no further step: that one is told in full by its own list. */
function allOf(type: GraphQLObjectType, isNear: boolean, within: readonly GraphQLObjectType[] = []): string {
  const told = Object.values(type.getFields()).flatMap((field) => {
    if (field.args.some(({ type: argument, defaultValue }) => isNonNullType(argument) && defaultValue === undefined))
      return [];
    const named = getNamedType(field.type);
    if (isLeafType(named)) return [field.name];
    if (!isObjectType(named) || rowOf(field) || within.includes(named)) return [];
    if (!resources.has(named)) return [`${field.name} ${allOf(named, isNear, [...within, named])}`];
    return isNear ? [`${field.name} ${allOf(named, false, [...within, named])}`] : [];
  });
  return `{ ${told.length > 0 ? told.join(' ') : '__typename'} }`;
}

/** What urql must be told, as docs/clients says: what has no id is a part of what it stands in. */
const keysOfValues = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !('id' in type.getFields()))
    .map(({ name }) => [name, () => null]),
);

const lists = roots.filter((field) => rowOf(field) !== undefined);

/** One query for each list, and one for each list below the rows of a list. */
const queries = lists.flatMap((list) => {
  const row = rowOf(list) as GraphQLObjectType;
  const below = Object.values(row.getFields()).flatMap((field) => {
    const inner = rowOf(field);
    const place = `${field.name}(limit: 3) { items ${inner && allOf(inner, true)} totalCount pageInfo { endCursor } }`;
    return inner
      ? [[`${list.name}.${field.name}`, `{ ${list.name}(limit: 6) { items { ${keyOf(row)} ${place} } } }`]]
      : [];
  });
  const whole = `{ ${list.name}(limit: 12) { items ${allOf(row, true)} totalCount pageInfo { hasNextPage endCursor } } }`;
  return [[list.name, whole], ...below] as [string, string][];
});

function keyOf(row: GraphQLObjectType): string {
  return 'id' in row.getFields() ? 'id' : '__typename';
}

describe('what a cache makes of an answer is what was answered', () => {
  let server: TestServer;
  let apollo: ApolloClient;
  let urql: Client;
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo', OPERATION_COST_MAX: '10000000' });
    const url = `${server.url}/graphql`;
    apollo = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
    urql = new Client({
      url,
      preferGetMethod: false,
      exchanges: [cacheExchange({ schema: introspectionFromSchema(schema), keys: keysOfValues }), fetchExchange],
    });
  });
  afterAll(() => server.close());

  it.each(queries)('%s', async (_name, query) => {
    const raw = await server.graphql(query);
    expect(raw.errors).toBeUndefined();
    const withoutNames = (data: unknown): unknown =>
      JSON.parse(JSON.stringify(data, (name, value: unknown) => (name === '__typename' ? undefined : value)));
    const document = parse(query);
    await apollo.query({ query: document, fetchPolicy: 'network-only' });
    const kept = await apollo.query({ query: document, fetchPolicy: 'cache-only' });
    expect(withoutNames(kept.data)).toEqual(withoutNames(raw.data));
    await urql.query(query, {}, { requestPolicy: 'network-only' }).toPromise();
    const cached = await urql.query(query, {}, { requestPolicy: 'cache-only' }).toPromise();
    expect(withoutNames(cached.data)).toEqual(withoutNames(raw.data));
  });
});
