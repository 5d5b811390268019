import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type RestAnswer, type TestServer } from '../support/server.js';

let server: TestServer;
let schemas: string;

beforeAll(async () => {
  schemas = await mkdtemp(join(tmpdir(), 'nested-extensions-'));
  const schema = {
    $id: 'https://schemas.example/physical',
    type: 'object',
    properties: { serialNumber: { type: 'string', pattern: '^S' } },
    required: ['serialNumber'],
  };
  await writeFile(join(schemas, 'physical.json'), JSON.stringify(schema));
  server = await startTestServer({ EXTENSION_SCHEMA_DIR: schemas });
});
afterAll(async () => {
  await server.close();
  await rm(schemas, { recursive: true });
});

const logical = { '@type': 'LogicalResource', value: '491511234567', name: 'a number' };
const physical = {
  '@type': 'PhysicalResource',
  '@schemaLocation': 'https://schemas.example/physical',
  serialNumber: 'S-1',
  slot: { shelf: 3, __typename: 'x' },
};
const related = {
  relationshipType: 'reliesOn',
  '@type': 'PowerRelationship',
  volts: 48,
  resource: { '@type': 'PhysicalResource', serialNumber: 'S-2' },
};

const order = (resource: object, more: object = {}): object => ({
  orderItem: [{ id: '1', action: 'add', resource, ...more }],
});
const post = (body: object, query = ''): Promise<RestAnswer> => server.rest('POST', `/resourceOrder${query}`, { body });

async function create(resource: object, more: object = {}): Promise<any> {
  const { status, body } = await post(order(resource, more));
  expect([status, body.message]).toEqual([201, undefined]);
  return body;
}

const found = async (query: string): Promise<string[]> => {
  const { status, body } = await server.rest('GET', `/resourceOrder?${encodeURI(query)}`);
  expect([query, status]).toEqual([query, 200]);
  return body.map((one: any) => one.id);
};

describe('a nested object with a type of its own', () => {
  it.each([
    ['a logical resource', logical],
    ['a physical resource', physical],
    ['a resource that is related to another', { '@type': 'PhysicalResource', resourceRelationship: [related] }],
    [
      'names that every object inherits',
      JSON.parse('{"@type":"OddResource","constructor":1,"__proto__":{"a":1},"toString":{"b":2}}'),
    ],
  ])('keeps its further attributes: %s', async (_title, resource) => {
    const { id, orderItem } = await create(resource);
    expect(JSON.parse(JSON.stringify(orderItem[0].resource))).toEqual(resource);
    expect((await server.rest('GET', `/resourceOrder/${id}`)).body.orderItem[0].resource).toEqual(resource);
    expect((await server.rest('GET', `/resourceOrder?id=${id}`)).body[0].orderItem[0].resource).toEqual(resource);
  });

  it('is kept at every place that TMF makes extensible', async () => {
    const party = { id: '1', '@referredType': 'Individual', '@type': 'VipParty', rank: 7 };
    const item = {
      '@type': 'PriorityItem',
      priorityClass: 'gold',
      note: [{ text: 'n', '@type': 'LegalNote', paragraph: 4 }],
    };
    const { id } = await create(
      { ...logical, resourceCharacteristic: [{ name: 'c', value: { any: 1 }, '@type': 'Measured', accuracy: 0.5 }] },
      item,
    );
    const { body } = await server.rest('GET', `/resourceOrder/${id}`);
    expect(body.orderItem[0]).toMatchObject({
      ...item,
      resource: { resourceCharacteristic: [{ '@type': 'Measured', accuracy: 0.5 }] },
    });
    const bucket = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' }, relatedParty: [party] },
    });
    expect([bucket.status, bucket.body.relatedParty]).toEqual([201, [party]]);
    const topup = await server.rest('POST', '/topupBalance', {
      body: {
        amount: { amount: 1, units: 'EUR' },
        bucket: { id: bucket.body.id },
        payment: { id: 'p', '@type': 'CardPayment', maskedNumber: '*1' },
        channel: { id: 'c', '@type': 'Shop', till: 3 },
      },
    });
    expect([topup.status, topup.body.payment, topup.body.channel]).toEqual([
      201,
      { id: 'p', '@type': 'CardPayment', maskedNumber: '*1' },
      { id: 'c', '@type': 'Shop', till: 3 },
    ]);
    expect((await server.rest('GET', `/bucket?relatedParty.extension.rank=7&fields=id`)).body).toEqual([
      { id: bucket.body.id },
    ]);
  });

  it.each([
    ['resource', { value: '1' }, 'orderItem.0.resource.value'],
    ['its own class', { '@type': 'ResourceRefOrValue', value: '1' }, 'orderItem.0.resource.value'],
    [
      'what another object announced',
      { ...logical, place: { role: 'r', latitude: 1 } },
      'orderItem.0.resource.place.latitude',
    ],
    ['extension by that name', { extension: { value: '1' } }, 'orderItem.0.resource.extension'],
  ])('is wanted: without an announcement %s is refused', async (_title, resource, path) => {
    const { status, body } = await post(order(resource));
    expect([status, body.message]).toEqual([400, expect.stringContaining(`unknown attribute '${path}'`)]);
  });

  it('still must fit where the class says what an attribute is', async () => {
    const { status, body } = await post(order({ ...logical, note: 'x', startOperatingDate: 'tomorrow' }));
    expect([status, body.message]).toEqual([
      400,
      expect.stringMatching(/orderItem\.0\.resource\.(note|startOperatingDate)/),
    ]);
  });

  it('is validated by the schema of the folder', async () => {
    for (const wrong of [
      { ...physical, serialNumber: 'X' },
      { ...physical, serialNumber: undefined },
    ]) {
      const { status, body } = await post(order(wrong));
      expect([status, body.message]).toEqual([
        400,
        expect.stringContaining('refuses the extension of orderItem.0.resource'),
      ]);
    }
    const { id } = await create(physical);
    const headers = { 'content-type': 'application/json-patch+json' };
    const refused = await server.rest('PATCH', `/resourceOrder/${id}`, {
      headers,
      body: [{ op: 'replace', path: '/orderItem/0/resource/serialNumber', value: 'X' }],
    });
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('refuses the extension')]);
    const input = {
      orderItem: [
        {
          itemId: '1',
          action: 'add',
          resource: {
            atType: 'PhysicalResource',
            atSchemaLocation: 'https://schemas.example/physical',
            extension: { serialNumber: 'X' },
          },
        },
      ],
    };
    const { errors } = await server.graphql(
      'mutation ($input: ResourceOrderCreate!) { createResourceOrder(input: $input) { id } }',
      { input },
    );
    expect(errors?.[0]?.message).toContain('refuses the extension of orderItem.0.resource');
  });

  it('is selected by fields', async () => {
    const { id } = await create({ ...physical, slot: { shelf: 3 } });
    const select = async (fields: string): Promise<any> =>
      (await server.rest('GET', `/resourceOrder/${id}?fields=${fields}`)).body.orderItem;
    expect(await select('orderItem.resource.serialNumber')).toEqual([{ resource: { serialNumber: 'S-1' } }]);
    expect(await select('orderItem.resource.extension.slot')).toEqual([{ resource: { slot: { shelf: 3 } } }]);
    expect(await select('orderItem.resource.serialNumber,orderItem.resource.@type')).toEqual([
      { resource: { serialNumber: 'S-1', '@type': 'PhysicalResource' } },
    ]);
    expect(await select('orderItem.resource.extension')).toEqual([
      { resource: { serialNumber: 'S-1', slot: { shelf: 3 } } },
    ]);
    expect(await select('orderItem.resource')).toEqual([{ resource: { ...physical, slot: { shelf: 3 } } }]);
  });

  it('is found by its attributes, in both transports', async () => {
    const { id } = await create({
      '@type': 'PhysicalResource',
      serialNumber: 'S-find',
      resourceRelationship: [{ ...related, resource: { '@type': 'PhysicalResource', serialNumber: 'S-below' } }],
    });
    expect(await found('orderItem.resource.extension.serialNumber=S-find')).toEqual([id]);
    expect(await found('orderItem.resource.resourceRelationship.resource.extension.serialNumber=S-below')).toEqual([
      id,
    ]);
    expect(await found("filter=$[?(@.orderItem[?(@.resource.extension.serialNumber=='S-find')])]")).toEqual([id]);
    expect(await found('orderItem.resource.extension.serialNumber=S-none')).toEqual([]);
    // The same, from the extension of the resource on.
    expect(await found('extension.orderItem.resource.serialNumber=S-find')).toEqual([id]);
    expect(await found('extension.orderItem.resource.resourceRelationship.resource.serialNumber=S-below')).toEqual([
      id,
    ]);
    expect(await found('extension.orderItem.resource.serialNumber=S-none')).toEqual([]);
    const filter = { orderItem: { some: { resource: { extension: { path: 'serialNumber', eq: 'S-find' } } } } };
    const { data } = await server.graphql(
      'query ($filter: ResourceOrderFilter) { resourceOrders(filter: $filter) { items { id orderItem { resource { atType extension } } } } }',
      { filter },
    );
    expect(data.resourceOrders.items).toEqual([
      { id, orderItem: [{ resource: { atType: 'PhysicalResource', extension: { serialNumber: 'S-find' } } }] },
    ]);
  });

  it('changes by both kinds of patch', async () => {
    const { body: bucket } = await server.rest('POST', '/bucket', {
      body: {
        usageType: 'monetary',
        remainingValue: { amount: 1, units: 'EUR' },
        relatedParty: [
          { id: '1', '@referredType': 'Individual', '@type': 'VipParty', rank: 7 },
          { id: '2', '@referredType': 'Individual', '@type': 'VipParty', rank: 8 },
        ],
      },
    });
    const patch = (body: unknown, type: string): Promise<RestAnswer> =>
      server.rest('PATCH', `/bucket/${bucket.id}`, { body, headers: { 'content-type': type } });
    const replaced = await patch(
      [
        { op: 'replace', path: '/relatedParty/0/rank', value: 9 },
        { op: 'add', path: '/relatedParty/0/lounge', value: true },
      ],
      'application/json-patch+json',
    );
    expect([replaced.status, replaced.body.relatedParty[0]]).toEqual([
      200,
      { id: '1', '@referredType': 'Individual', '@type': 'VipParty', rank: 9, lounge: true },
    ]);
    const queried = await patch(
      [{ op: 'replace', path: '/relatedParty/rank?relatedParty.extension.rank=8', value: 1 }],
      'application/json-patch-query+json',
    );
    expect([queried.status, queried.body.relatedParty.map((one: any) => one.rank)]).toEqual([200, [9, 1]]);
    const removed = await patch(
      [
        { op: 'remove', path: '/relatedParty/0/rank' },
        { op: 'remove', path: '/relatedParty/0/lounge' },
      ],
      'application/json-patch+json',
    );
    expect(removed.body.relatedParty[0]).toEqual({ id: '1', '@referredType': 'Individual', '@type': 'VipParty' });
    const bare = await patch([{ op: 'remove', path: '/relatedParty/1/@type' }], 'application/json-patch+json');
    expect([bare.status, bare.body.message]).toEqual([
      400,
      expect.stringContaining("unknown attribute 'relatedParty.1.rank'"),
    ]);
  });
});

describe('the edition of TMF652 of December 2019', () => {
  it('is taken: isRef, resourceRelationshipCharacteristic, and a relationship without resource', async () => {
    const relationship = {
      id: 'r',
      href: 'http://other.example/r',
      relationshipType: 'contains',
      resourceRelationshipCharacteristic: [{ name: 'priority', value: 1 }],
    };
    const resource = {
      id: '1',
      href: 'http://other.example/1',
      attachment: [{ id: 'a', name: 'plan', isRef: true }],
      resourceRelationship: [relationship],
    };
    const { id, orderItem } = await create(resource);
    expect(orderItem[0].resource).toEqual(resource);
    expect((await server.rest('GET', `/resourceOrder/${id}`)).body.orderItem[0].resource).toEqual(resource);
    expect(await found('orderItem.resource.attachment.isRef=true')).toEqual([id]);
    expect(
      await found('orderItem.resource.resourceRelationship.resourceRelationshipCharacteristic.name=priority'),
    ).toEqual([id]);
  });
});
