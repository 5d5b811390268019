import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { startTestServer } from '../support/server.js';
import { bucketOf, party, People } from './people.js';

jest.setTimeout(60_000);

const policy = {
  roles: {
    admin: { grants: [{ operations: ['*:*'] }] },
    desk: {
      grants: [{ operations: ['*:read', 'bucket:update', 'bucket:create', 'customerBill:readDocument'] }],
      hidden: {
        bucket: ['description', 'relatedParty', 'reservedValue'],
        usage: ['usageType'],
        customerBill: ['amountDue'],
      },
    },
    auditor: {
      grants: [{ operations: ['*:read'] }],
      hidden: { bucket: ['relatedParty'], resourceOrder: ['relatedParty'], customerBill: ['billDate'] },
    },
  },
};

const file = join(tmpdir(), `policy-${process.pid}.json`);
let people: People;
let id: string;
beforeAll(async () => {
  await writeFile(file, JSON.stringify(policy));
  people = await People.start(Object.fromEntries(['desk', 'auditor'].map((role) => [role, { roles: [role] }])), {
    POLICY_FILE: file,
  });
  id = await people.make('/bucket', { ...bucketOf('ann'), description: 'a secret' });
});
afterAll(() => people.close());

it('leaves a hidden attribute out, and refuses it where it is named', async () => {
  const { body } = await people.rest('desk', 'GET', `/bucket/${id}`);
  expect([body.name, body.description, body.relatedParty]).toEqual(['of ann', undefined, undefined]);
  const [listed] = (await people.rest('desk', 'GET', '/bucket')).body;
  expect([listed.name, listed.description]).toEqual(['of ann', undefined]);
  for (const path of [
    `/bucket/${id}?fields=description`,
    '/bucket?fields=name,description',
    '/bucket?description=a%20secret',
    '/bucket?relatedParty.id=unheard-of',
    '/bucket?sort=-description',
  ]) {
    const { status, body } = await people.rest('desk', 'GET', path);
    expect([path, status, body.code, body.message]).toEqual([
      path,
      403,
      '52',
      expect.stringContaining('is hidden from you'),
    ]);
  }
});

it('is null with an error in GraphQL', async () => {
  const { data, errors } = await people.graphql('desk', '{ buckets { items { name description } } }');
  expect(data.buckets.items).toEqual([{ name: 'of ann', description: null }]);
  expect(errors).toEqual([
    expect.objectContaining({
      path: ['buckets', 'items', 0, 'description'],
      extensions: expect.objectContaining({ code: 'FORBIDDEN', status: 403 }),
    }),
  ]);
  const sorted = await people.graphql('desk', '{ buckets(orderBy: [{ description: ASC }]) { totalCount } }');
  expect(sorted.errors?.[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
});

it('is nothing that groups are made of', async () => {
  const asked = async (text: string): Promise<unknown> => {
    const { data, errors } = await people.graphql('desk', `{ found: ${text} { items { count } } }`);
    return errors ? [errors[0]?.extensions.code, errors[0]?.message] : data.found.items;
  };
  expect(await asked('bucketsAggregate(groupBy: [status])')).toEqual([{ count: 1 }]);
  for (const [text, hidden] of [
    ['bucketsAggregate(groupBy: [status, relatedPartyRole])', "'relatedParty.role' of bucket"],
    ['bucketsAggregate(filter: { description: { isNull: false } })', "'description' of bucket"],
    ['usagesAggregate(groupBy: [usageType])', "'usageType' of usage"],
    ['customerBillsAggregate(of: amountDue)', "'amountDue.value' of customerBill"],
  ] as const)
    expect(await asked(text)).toEqual(['FORBIDDEN', expect.stringContaining(`${hidden} is hidden from you`)]);
});

it('is not told by a write, nor guessed by one', async () => {
  const changed = await people.rest('desk', 'PATCH', `/bucket/${id}`, { name: 'renamed' });
  expect([changed.status, changed.body.name, changed.body.description]).toEqual([200, 'renamed', undefined]);
  const { data, errors } = await people.graphql(
    'desk',
    'mutation ($id: ID!) { updateBucket(id: $id, input: { name: "again" }) { name description } }',
    { id },
  );
  expect([data.updateBucket, errors?.[0]?.message]).toEqual([
    { name: 'again', description: null },
    'this attribute is hidden from you',
  ]);
  const guess = await people.rest('desk', 'PATCH', `/bucket/${id}`, { description: 'a secret' });
  expect([guess.status, guess.body.message]).toEqual([403, expect.stringContaining('hidden from you')]);
  expect((await people.rest('admin', 'GET', `/bucket/${id}`)).body.description).toBe('a secret');
});

it('is seen by everybody where nobody is asked who they are, whatever the policy says', async () => {
  const server = await startTestServer({ POLICY_FILE: file });
  try {
    const { status } = await server.rest('POST', '/bucket', { body: bucketOf('ann') });
    const { body } = await server.rest('GET', '/bucket');
    expect([status, body[0].relatedParty.length]).toEqual([201, 1]);
  } finally {
    await server.close();
  }
});

it('is not told by sums and documents', async () => {
  const grouped = await people.graphql('desk', '{ usageAggregate(groupBy: [usageType]) { count } }');
  expect(grouped.errors?.[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
  const counted = await people.graphql('desk', '{ usageAggregate(groupBy: []) { count } }');
  expect(counted.data.usageAggregate).toEqual([{ count: 0 }]);
  const bill = await people.make('/customerBill', {
    amountDue: { value: 5, unit: 'EUR' },
    billingAccount: { id: 'account', name: 'account' },
  });
  await people.make('/appliedCustomerBillingRate', {
    billingAccount: { id: 'account' },
    date: '2026-02-01T00:00:00.000Z',
    taxExcludedAmount: { value: 5, unit: 'EUR' },
  });
  const below = await people.graphql(
    'desk',
    '{ billingAccount(id: "account") { balances { buckets } unbilled { count } lastBill { state amountDue { value } } nextBill { state amountDue { value } } } }',
  );
  expect(below.data.billingAccount).toEqual({
    balances: null,
    unbilled: [{ count: 1 }],
    lastBill: { state: 'new', amountDue: null },
    nextBill: [{ state: 'new', amountDue: null }],
  });
  expect(below.errors?.map(({ path }) => path?.at(-1))).toEqual(['balances', 'amountDue', 'amountDue']);
  for (const format of ['pdf', 'csv', 'json']) {
    const { status, body } = await people.rest('desk', 'GET', `/customerBill/${bill}/document.${format}`);
    expect([status, body.message]).toEqual([403, expect.stringContaining("'amountDue'")]);
  }
});

it('is not told by what is found or put first by it', async () => {
  await people.make('/resourceOrder', { orderItem: [{ id: '1' }], relatedParty: [party('ann')] });
  const attribute = 'relatedParty.refId';
  const below = [
    'party(id: "ann") { buckets { totalCount } }',
    'party(id: "ann") { resourceOrders { totalCount } }',
    'party(id: "ann") { openOrders { totalCount } }',
    'parties { items { balances { buckets } } }',
    'billingAccount(id: "account") { lastBill { id } }',
  ];
  for (const query of below) {
    expect((await people.graphql('admin', `{ ${query} }`)).errors).toBe(undefined);
    const { errors } = await people.graphql('auditor', `{ ${query} }`);
    expect([query, errors?.[0]?.extensions]).toEqual([query, expect.objectContaining({ code: 'FORBIDDEN' })]);
  }
  const filtered = '{ resourceOrders(filter: { relatedParty: { some: { refId: { eq: "ann" } } } }) { totalCount } }';
  expect((await people.graphql('auditor', filtered)).errors?.[0]).toMatchObject({
    message: `the attribute '${attribute}' of resourceOrder is hidden from you`,
    extensions: { code: 'FORBIDDEN', attribute },
  });
});
