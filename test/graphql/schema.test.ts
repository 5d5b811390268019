import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRequiredArgument, type GraphQLSchema } from 'graphql';
import { fixtures, readFixtures } from '../fixtures/index.js';
import { attributeNames, clientSchema, objectType, toGraphqlName, toWireName } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';

const meta = ['@type', '@baseType', '@schemaLocation'];
const reference = ['id', 'href', 'name', ...meta, '@referredType'];
/** Validity is an attribute of actions only in the other edition. */
const action = [
  'id', 'href', 'confirmationDate', 'description', 'reason', 'requestedDate', 'status', 'usageType', 'amount', 'bucket', 'channel', 'impactedBucket',
  'logicalResource', 'partyAccount', 'product', 'relatedParty', 'requestor', 'validFor', ...meta,
];

/** The attributes of the published v4.0.0 swaggers, first TMF654 (DIGEST §1b), and of the classes they are made of. */
const published: Readonly<Record<string, readonly string[]>> = {
  Bucket: [
    'id', 'href', 'description', 'isShared', 'name', 'remainingValueName', 'status', 'usageType', 'logicalResource', 'partyAccount', 'product',
    'relatedParty', 'remainingValue', 'reserveBalance', 'reservedValue', 'validFor', ...meta,
    // The other edition, and the conformance kit, which demands the first of them.
    'confirmationDate', 'requestedDate',
  ],
  TopupBalance: [...action, 'isAutoTopup', 'numberOfPeriods', 'recurringPeriod', 'voucher', 'payment', 'paymentMethod', 'relatedTopupBalance'],
  AdjustBalance: [...action, 'adjustType', 'reserveBalance'],
  ReserveBalance: [...action, 'expirationDate'],
  TransferBalance: [
    ...action, 'costOwner', 'receiverBucketUsageType', 'receiver', 'receiverBucket', 'receiverLogicalResource', 'receiverPartyAccount', 'receiverProduct',
    'transferCost',
  ],
  AccumulatedBalance: ['id', 'href', 'description', 'name', 'bucket', 'logicalResource', 'partyAccount', 'product', 'relatedParty', 'totalBalance', ...meta],
  BalanceAction: [
    ...action,
    // The other edition.
    'isAutoTopup', 'numberOfPeriods', 'voucher', 'adjustType', 'costOwner', 'paymentMethod', 'receiver', 'receiverBucket', 'receiverBucketUsageType',
    'receiverLogicalResource', 'receiverProduct', 'recurringPeriod', 'transferCost',
  ],
  Quantity: ['amount', 'units'],
  TimePeriod: ['startDateTime', 'endDateTime'],
  LogicalResourceRef: [...reference, 'value'],
  PartyAccountRef: [...reference, 'description', 'status'],
  ProductRef: reference,
  RelatedParty: [...reference, 'role'],
  ReserveBalanceRef: reference,
  BucketRef: [...reference, 'usageType'],
  ChannelRef: reference,
  PaymentRef: reference,
  PaymentMethodRef: reference,
  RelatedTopupBalance: [...reference, 'role'],
  ImpactedBucket: ['confirmationDate', 'description', 'name', 'requestedDate', 'amountAfter', 'amountBefore', 'bucket', 'item', ...meta],
  ImpactedBucketItem: ['description', 'itemType', 'name', 'reason', 'amount', ...meta],
  // The published TMF635 v4.0.0 swagger (DIGEST §2b, §5).
  Usage: [
    'id', 'href', 'description', 'usageDate', 'usageType', 'ratedProductUsage', 'relatedParty', 'status', 'usageCharacteristic', 'usageSpecification', ...meta,
  ],
  UsageSpecification: [
    'id', 'href', 'description', 'isBundle', 'lastUpdate', 'lifecycleStatus', 'name', 'version', 'attachment', 'constraint', 'entitySpecRelationship',
    'relatedParty', 'specCharacteristic', 'targetEntitySchema', 'validFor', ...meta,
  ],
  Money: ['unit', 'value'],
  RatedProductUsage: [
    'isBilled', 'isTaxExempt', 'offerTariffType', 'ratingAmountType', 'ratingDate', 'taxRate', 'usageRatingTag', 'bucketValueConvertedInAmount',
    'productRef', 'taxExcludedRatingAmount', 'taxIncludedRatingAmount', ...meta,
  ],
  UsageCharacteristic: ['id', 'name', 'valueType', 'characteristicRelationship', 'value', ...meta],
  CharacteristicRelationship: ['id', 'href', 'relationshipType', ...meta],
  CharacteristicSpecification: [
    'id', 'configurable', 'description', 'extensible', 'isUnique', 'maxCardinality', 'minCardinality', 'name', 'regex', 'valueType',
    'charSpecRelationship', 'characteristicValueSpecification', 'validFor', '@valueSchemaLocation', ...meta,
  ],
  CharacteristicSpecificationRelationship: [
    'id', 'href', 'characteristicSpecificationId', 'name', 'parentSpecificationHref', 'parentSpecificationId', 'relationshipType', 'validFor', ...meta,
  ],
  CharacteristicValueSpecification: [
    'isDefault', 'rangeInterval', 'regex', 'unitOfMeasure', 'valueFrom', 'valueTo', 'valueType', 'validFor', 'value', ...meta,
  ],
  EntitySpecificationRelationship: [...reference, 'relationshipType', 'role', 'associationSpec', 'validFor'],
  AssociationSpecificationRef: reference,
  TargetEntitySchema: ['@schemaLocation', '@type'],
  ConstraintRef: [...reference, 'version'],
  AttachmentRefOrValue: [...reference, 'attachmentType', 'content', 'description', 'mimeType', 'url', 'size', 'validFor'],
  UsageSpecificationRef: reference,
};

/** Published attributes that we do not have, and why. */
const left: Readonly<Record<string, string>> = {};

/** Resources of the swagger that are no type of ours yet, and why. */
const leftResources: Readonly<Record<string, string>> = {
};

/** Attributes of ours that nobody published (DESIGN §8). */
const own: Readonly<Record<string, readonly string[]>> = {
  Bucket: ['priority'],
  TopupBalance: ['failureCode', 'failureMessage', 'nextDueDate', 'periodsDone', 'autoTopupThreshold'],
  AdjustBalance: ['failureCode', 'failureMessage'],
  ReserveBalance: ['failureCode', 'failureMessage', 'nextDueDate'],
  TransferBalance: ['failureCode', 'failureMessage'],
  AccumulatedBalance: ['usageType'],
  // relatedTopupBalance is the other edition's balanceTopup.
  BalanceAction: ['kind', 'failureCode', 'failureMessage', 'relatedTopupBalance', 'reserveBalance', 'nextDueDate', 'expirationDate'],
  Usage: ['externalId', 'source'],
};

describe('the GraphQL schema', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
  });
  afterAll(() => server.close());

  it.each(Object.entries(published))('has every published attribute of %s, or a reason why not', (typeName, attributes) => {
    const fields = attributeNames(objectType(schema, typeName)).map(toWireName);
    const missing = attributes.filter((name) => !fields.includes(name) && left[`${typeName}.${name}`] === undefined);
    expect(missing).toEqual([]);
  });

  it.each(Object.entries(published))('has nothing in %s that is neither published nor known as ours', (typeName, attributes) => {
    const known = [...attributes, ...(own[typeName] ?? [])];
    const fields = attributeNames(objectType(schema, typeName)).map(toWireName);
    expect(fields.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('lists no attribute and no resource as missing that is there', () => {
    for (const path of Object.keys(left)) {
      const [typeName = '', name = ''] = path.split('.');
      expect([path, attributeNames(objectType(schema, typeName)).includes(toGraphqlName(name))]).toEqual([path, false]);
    }
    for (const name of Object.keys(leftResources)) expect([name, schema.getType(name)]).toEqual([name, undefined]);
  });

  it('has a fixture for every resource', () => {
    const resources = Object.values(schema.getTypeMap()).filter((type) => 'getFields' in type && 'revision' in type.getFields() && 'href' in type.getFields());
    expect(resources.map(({ name }) => name).sort()).toEqual(readFixtures.map(({ typeName }) => typeName).sort());
  });

  it('describes every type, field, argument and input for people', () => {
    const bare: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__') || ['String', 'Int', 'Float', 'Boolean', 'ID', 'Query', 'Mutation', 'Subscription'].includes(type.name)) continue;
      if (!type.description) bare.push(type.name);
      if (!('getFields' in type)) continue;
      for (const field of Object.values(type.getFields())) if (!field.description) bare.push(`${type.name}.${field.name}`);
    }
    expect(bare).toEqual([]);
  });

  it.each(readFixtures)('offers $typeName one and many', ({ typeName, segment }) => {
    const queries = schema.getQueryType()?.getFields() ?? {};
    expect(queries[segment]?.args.filter(isRequiredArgument).map(({ name }) => name)).toEqual(['id']);
    expect(queries[`${segment}s`]?.args.map(({ name }) => name)).toEqual(['filter', 'orderBy', 'offset', 'limit', 'after']);
    expect([String(queries[segment]?.type), String(queries[`${segment}s`]?.type)]).toEqual([typeName, `${typeName}Page!`]);
  });

  const mutationsOf = (typeName: string): string[] => [`create${typeName}`, `update${typeName}`, `delete${typeName}`];

  it.each(fixtures)('offers $typeName create, update and delete, with an idempotency key on each', ({ typeName }) => {
    const mutations = schema.getMutationType()?.getFields() ?? {};
    for (const name of mutationsOf(typeName)) {
      expect([name, mutations[name]?.args.map((argument) => argument.name)]).toEqual([name, expect.arrayContaining(['idempotencyKey'])]);
    }
  });

  it('offers no mutation of what is only read', () => {
    const views = readFixtures.filter((fixture) => 'make' in fixture);
    const inputs = views.flatMap(({ typeName }) => [`${typeName}Create`, `${typeName}Update`]);
    expect(views.flatMap(({ typeName }) => mutationsOf(typeName)).filter((name) => schema.getMutationType()?.getFields()[name])).toEqual([]);
    expect(inputs.filter((name) => schema.getType(name))).toEqual([]);
  });
});
