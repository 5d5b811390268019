import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { startTestServer } from '../support/server.js';
import { bucketOf, People } from './people.js';

jest.setTimeout(60_000);

const policy = {
  roles: {
    admin: { grants: [{ operations: ['*:*'] }] },
    desk: {
      grants: [{ operations: ['*:read', 'bucket:update', 'bucket:create', 'customerBill:readDocument'] }],
      hidden: { bucket: ['description', 'relatedParty'], usage: ['usageType'], customerBill: ['amountDue'] },
    },
  },
};

const file = join(tmpdir(), `policy-${process.pid}.json`);
let people: People;
let id: string;
beforeAll(async () => {
  await writeFile(file, JSON.stringify(policy));
  people = await People.start({ desk: { roles: ['desk'] } }, { POLICY_FILE: file });
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
    expect([path, status, body.message]).toEqual([path, 403, expect.stringContaining('is hidden from you')]);
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
  for (const format of ['pdf', 'csv', 'json']) {
    const { status, body } = await people.rest('desk', 'GET', `/customerBill/${bill}/document.${format}`);
    expect([status, body.message]).toEqual([403, expect.stringContaining("'amountDue'")]);
  }
});
