import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRequiredArgument, type GraphQLArgument, type GraphQLSchema } from 'graphql';
import { queriesOf } from '../fixtures/fixture.js';
import { everyFixture, fixtures } from '../fixtures/index.js';
import { attributeNames, clientSchema, objectType, toWireName } from '../fixtures/schema.js';
import { swaggers } from '../rest-compat/swagger-attributes.js';
import { startTestServer, type TestServer } from '../support/server.js';

const publishedOf = (typeName: string): string[] =>
  Object.values(swaggers).flatMap((definitions) => definitions[typeName] ?? []);

interface AnyField {
  name: string;
  description?: string | null;
  args?: readonly GraphQLArgument[];
}

/** Attributes that only the other editions and the conformance kits have (docs/standard). */
const ofOtherEditions: Readonly<Record<string, readonly string[]>> = {
  Bucket: ['confirmationDate', 'requestedDate'],
  TopupBalance: ['validFor'],
  AdjustBalance: ['validFor'],
  ReserveBalance: ['validFor'],
  TransferBalance: ['validFor'],
  BalanceAction: [
    'validFor',
    'isAutoTopup',
    'numberOfPeriods',
    'voucher',
    'adjustType',
    'costOwner',
    'paymentMethod',
    'receiver',
    'receiverBucket',
    'receiverBucketUsageType',
    'receiverLogicalResource',
    'receiverProduct',
    'recurringPeriod',
    'transferCost',
    // Their balanceTopup.
    'relatedTopupBalance',
  ],
  FinancialAccountRef: ['accountBalance'],
  AttachmentRefOrValue: ['isRef'],
  ResourceRelationship: ['resourceRelationshipCharacteristic'],
  AccountBalance: ['amount', 'balanceType', 'validFor', '@baseType', '@schemaLocation', '@type'],
};

/** Attributes of ours that nobody published (docs/standard). */
const own: Readonly<Record<string, readonly string[]>> = {
  Bucket: ['priority', 'threshold', 'lastReachedThreshold', 'depletedAt'],
  TopupBalance: ['paymentDueDate', 'failureCode', 'failureMessage', 'nextDueDate', 'periodsDone', 'autoTopupThreshold'],
  AdjustBalance: ['paymentDueDate', 'nextDueDate', 'failureCode', 'failureMessage', 'usage'],
  ReserveBalance: ['paymentDueDate', 'failureCode', 'failureMessage', 'nextDueDate'],
  TransferBalance: ['paymentDueDate', 'nextDueDate', 'failureCode', 'failureMessage'],
  AccumulatedBalance: ['usageType'],
  BalanceAction: [
    'paymentDueDate',
    'kind',
    'failureCode',
    'failureMessage',
    'reserveBalance',
    'nextDueDate',
    'expirationDate',
  ],
  Usage: ['externalId', 'source', 'chargeTo', 'adjustBalance'],
  ResourceOrder: ['requestedState'],
  CancelResourceOrder: ['failureMessage', 'orderItem'],
  CustomerBill: ['stateBeforeHold', 'holdReason', 'billRunId', 'isCalculated'],
  CustomerBillOnDemand: ['bucket', 'stateReason'],
  AppliedPayment: ['reversalId'],
};

describe('the GraphQL schema', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
  });
  afterAll(() => server.close());

  const fieldsOf = (typeName: string): string[] =>
    attributeNames(objectType(schema, typeName)).map((name) =>
      // The only type of TMF with an attribute of that name.
      typeName === 'ResourceOrderItemRef' && name === 'itemId' ? name : toWireName(name),
    );
  const notPublished = (typeName: string): string[] => [...(ofOtherEditions[typeName] ?? []), ...(own[typeName] ?? [])];

  it('has in a published type what is published of it and what is known beside it, and nothing else', () => {
    const types = Object.values(schema.getTypeMap()).filter(
      ({ name }) => publishedOf(name).length > 0 || name in ofOtherEditions,
    );
    expect(types.length).toBeGreaterThan(40);
    for (const { name } of types) {
      const known = new Set([...publishedOf(name), ...notPublished(name)]);
      expect([name, fieldsOf(name).sort()]).toEqual([name, [...known].sort()]);
    }
  });

  it('has whatever is known beside what is published', () => {
    for (const name of new Set([...Object.keys(ofOtherEditions), ...Object.keys(own)])) {
      for (const attribute of notPublished(name))
        expect([name, attribute, publishedOf(name).includes(attribute), fieldsOf(name).includes(attribute)]).toEqual([
          name,
          attribute,
          false,
          true,
        ]);
    }
  });

  it('has a fixture for every resource', () => {
    const resources = Object.values(schema.getTypeMap()).filter(
      (type) => 'getFields' in type && 'revision' in type.getFields() && 'href' in type.getFields(),
    );
    expect(resources.map(({ name }) => name).sort()).toEqual(everyFixture.map(({ typeName }) => typeName).sort());
  });

  it('describes every type, field, argument, value and input for people', () => {
    const described = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
    const parts = described.flatMap((type) => [
      [type.name, type.description] as const,
      ...('getValues' in type ? type.getValues() : []).map(
        ({ name, description }) => [`${type.name}.${name}`, description] as const,
      ),
      ...('getFields' in type ? Object.values<AnyField>(type.getFields()) : []).flatMap((field) => [
        [`${type.name}.${field.name}`, field.description] as const,
        ...(field.args ?? []).map(
          ({ name, description }) => [`${type.name}.${field.name}(${name}:)`, description] as const,
        ),
      ]),
    ]);
    expect(parts.length).toBeGreaterThan(1000);
    expect(parts.filter(([, description]) => !description).map(([name]) => name)).toEqual([]);
  });

  it.each(everyFixture)('offers $typeName one and many', (fixture) => {
    const { typeName } = fixture;
    const [one, many] = queriesOf(fixture);
    const queries = schema.getQueryType()?.getFields() ?? {};
    expect(queries[one]?.args.filter(isRequiredArgument).map(({ name }) => name)).toEqual(['id']);
    expect(queries[many]?.args.map(({ name }) => name)).toEqual([
      ...['filter', 'orderBy', 'offset', 'limit', 'after', 'first', 'last', 'before'],
    ]);
    expect([String(queries[one]?.type), String(queries[many]?.type)]).toEqual([typeName, `${typeName}Page!`]);
  });

  const mutationsOf = (typeName: string): string[] => [`create${typeName}`, `update${typeName}`, `delete${typeName}`];

  it.each(fixtures)('offers $typeName create, update and delete, with an idempotency key on each', ({ typeName }) => {
    const mutations = schema.getMutationType()?.getFields() ?? {};
    for (const name of mutationsOf(typeName)) {
      expect([name, mutations[name]?.args.map((argument) => argument.name)]).toEqual([
        name,
        expect.arrayContaining(['idempotencyKey']),
      ]);
    }
  });

  it('offers no mutation of what is only read', () => {
    const views = everyFixture.filter((fixture) => 'make' in fixture && !fixture.isTask);
    const inputs = views.flatMap(({ typeName }) => [`${typeName}Create`, `${typeName}Update`]);
    expect(
      views
        .flatMap(({ typeName }) => mutationsOf(typeName))
        .filter((name) => schema.getMutationType()?.getFields()[name]),
    ).toEqual([]);
    expect(inputs.filter((name) => schema.getType(name))).toEqual([]);
  });
});
