import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { bucketOf, party, People } from './people.js';

jest.setTimeout(60_000);

const actions = ['topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance'];
const policy = {
  roles: {
    admin: { grants: [{ operations: ['*:*'] }] },
    self: {
      grants: [
        {
          operations: ['bucket', ...actions].map((resource) => `${resource}:*`),
          rows: 'own',
        },
      ],
    },
  },
};

let people: People;
const ids: Record<string, Record<string, string>> = { ann: {}, bob: {} };
beforeAll(async () => {
  const file = join(tmpdir(), `policy-own-${process.pid}.json`);
  await writeFile(file, JSON.stringify(policy));
  const self = (id: string): object => ({ roles: ['self'], parties: [id] });
  people = await People.start({ ann: self('ann'), bob: self('bob') }, { POLICY_FILE: file });
  for (const [owner, own] of Object.entries(ids)) {
    own['bucket'] = await people.make('/bucket', bucketOf(owner));
    own['topupBalance'] = await people.make('/topupBalance', action(own['bucket']));
    own['reserveBalance'] = await people.make('/reserveBalance', action(own['bucket']));
  }
});
afterAll(() => people.close());

const action = (bucket: string): object => ({
  amount: { amount: 1, units: 'EUR' },
  bucket: { id: bucket },
  usageType: 'monetary',
});

it.each([
  ['bucket', { name: 'renamed' }],
  ['topupBalance', { description: 'changed' }],
  ['topupBalance', { status: 'cancelled' }],
  ['topupBalance', { status: 'cancelled', amount: { amount: 1, units: 'EUR' } }],
  ['topupBalance', { status: 'cancelled', amount: { amount: 2, units: 'EUR' } }],
  ['topupBalance', { status: 'completed' }],
  ['reserveBalance', { status: 'cancelled' }],
])('changes no %s of somebody else: %j', async (resource, change) => {
  const id = ids['bob']![resource]!;
  const { status, body } = await people.rest('ann', 'PATCH', `/${resource}/${id}`, change);
  expect([status, body.code]).toEqual([404, '60']);
  const { errors } = await people.graphql(
    'ann',
    `mutation ($id: ID!, $input: ${resource.charAt(0).toUpperCase()}${resource.slice(1)}Update!) {
      update${resource.charAt(0).toUpperCase()}${resource.slice(1)}(id: $id, input: $input) { id }
    }`,
    { id, input: change },
  );
  // Whether what is sent is what is stored is told of no row but one's own.
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'amount' in change ? 'INVALID_ATTRIBUTE' : 'NOT_FOUND' } });
});

it('ends and deletes nothing of somebody else', async () => {
  const reservation = ids['bob']!['reserveBalance'];
  for (const mutation of ['commitReserveBalance', 'releaseReserveBalance']) {
    const document = `mutation ($id: ID!) { ${mutation}(id: $id) { id } }`;
    const foreign = await people.graphql('ann', document, { id: reservation });
    const unknown = await people.graphql('ann', document, { id: 'unheard-of' });
    expect(foreign.errors?.[0]?.extensions?.code).toBe(unknown.errors?.[0]?.extensions?.code);
  }
  for (const resource of ['bucket', 'topupBalance', 'reserveBalance']) {
    const { status } = await people.rest('ann', 'DELETE', `/${resource}/${ids['bob']![resource]}`);
    expect([resource, status]).toEqual([resource, 404]);
  }
  const { body } = await people.rest('bob', 'GET', `/reserveBalance/${reservation}`);
  expect(body.status).toBe('created');
});

it('changes what is its own, but never whose it is', async () => {
  const path = `/bucket/${ids['ann']!['bucket']}`;
  expect((await people.rest('ann', 'PATCH', path, { name: 'mine' })).body.name).toBe('mine');
  const given = await people.rest('ann', 'PATCH', path, { relatedParty: [party('bob')] });
  expect([given.status, given.body.message]).toEqual([403, expect.stringContaining('must name you')]);
  const shared = await people.rest('ann', 'PATCH', path, { relatedParty: [party('ann'), party('shop', 'seller')] });
  expect(shared.status).toBe(200);
  const released = await people.rest('ann', 'PATCH', `/reserveBalance/${ids['ann']!['reserveBalance']}`, {
    status: 'cancelled',
  });
  expect([released.status, released.body.status]).toEqual([200, 'cancelled']);
});

it('takes no transfer back that another has received', async () => {
  const made = await people.rest('ann', 'POST', '/transferBalance', {
    ...action(ids['ann']!['bucket']!),
    receiverBucket: { id: ids['bob']!['bucket'] },
  });
  expect(made.status).toBe(201);
  for (const who of ['ann', 'bob']) {
    const { status } = await people.rest(who, 'PATCH', `/transferBalance/${made.body.id}`, { status: 'cancelled' });
    expect([who, status]).toEqual([who, 403]);
  }
});
