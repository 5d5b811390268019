import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import { resourceNamed } from '../../../graphql/attribute.js';
import { createDirectory } from '../../../src/domain/customer-directory/index.js';
import { lowerFirst } from '../../../src/platform/letter-case.js';
import { made } from '../../fixtures/transports.js';
import { Random } from '../../support/random.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { ended, linesOf, post, usage } from '../../streaming/imports.js';
import { makeBucket } from '../prepay-balance/balances.js';
import { accountParty, makeCycle, makeRate, makeUsage, runCycle } from '../customer-bill/billing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

const tables = [
  'Party',
  'BillingAccount',
  'LogicalResource',
  'AccountParty',
  'LogicalResourceParty',
  'LogicalResourceAccount',
];

/** All that is in the directory, as texts. */
async function contents(): Promise<string[]> {
  const texts = await Promise.all(
    tables.map((table) =>
      server.database.query<{ text: string }>(
        Prisma.raw(`SELECT '${table} ' || to_jsonb(b)::text AS "text" FROM "${table}" b ORDER BY 1`),
      ),
    ),
  );
  return texts.flat().map(({ text }) => text);
}

async function rebuild(): Promise<void> {
  const { filling, empty } = createDirectory(server.database, (name) => mappingOf(resourceNamed(lowerFirst(name))));
  await empty();
  let after: string | undefined;
  do after = (await server.database.transaction((tx) => filling.batch(tx, after))).next;
  while (after !== undefined);
}

const person = (id: string, more: object = {}): object => ({ id, '@referredType': 'Individual', ...more });

async function nameOf(id: string): Promise<string | null | undefined> {
  const { data, errors } = await server.graphql('query ($id: ID!) { party(id: $id) { name } }', { id });
  expect(errors).toBeUndefined();
  return data.party && data.party.name;
}

describe('the directory', () => {
  it('has whoever is named in whatever place, and tells who belongs together', async () => {
    const bucket = await makeBucket(server, 100, {
      relatedParty: [person('p-1', { role: 'customer', name: 'Jane Doe' }), accountParty('a-1')],
      partyAccount: { id: 'a-2', name: 'Private' },
      logicalResource: [{ value: '4917', id: 'sim-1' }, { id: 'sim-2' }],
    });
    const action = { bucket: { id: bucket }, amount: { amount: 1, units: 'EUR' } };
    await made(server, 'TopupBalance', { ...action, requestor: person('p-2'), logicalResource: [{ value: '4918' }] });
    const { data, errors } = await server.graphql(
      `{ party(id: "p-1") { name atReferredType billingAccounts { items { id name } } logicalResources { items { value } } }
         p2: party(id: "p-2") { id billingAccounts { totalCount } balanceActions { totalCount } }
         billingAccount(id: "a-1") { parties { items { id } } logicalResources { totalCount } }
         logicalResource(value: "4917") { value parties { items { id } } billingAccounts { items { id } } buckets { totalCount } balanceActions { totalCount } }
         sim: logicalResource(value: "sim-1") { value } sim2: logicalResource(value: "sim-2") { buckets { totalCount } }
         agent: logicalResource(value: "4918") { parties { totalCount } balanceActions { totalCount } }
         bucket(id: "${bucket}") { relatedParty { party { name } billingAccount { id } } partyAccount { billingAccount { name } } logicalResource { logicalResource { value } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      party: {
        name: 'Jane Doe',
        atReferredType: 'Individual',
        billingAccounts: {
          items: [
            { id: 'a-1', name: null },
            { id: 'a-2', name: 'Private' },
          ],
        },
        logicalResources: { items: [{ value: '4917' }, { value: 'sim-2' }] },
      },
      p2: { id: 'p-2', billingAccounts: { totalCount: 0 }, balanceActions: { totalCount: 0 } },
      billingAccount: { parties: { items: [{ id: 'p-1' }] }, logicalResources: { totalCount: 2 } },
      logicalResource: {
        value: '4917',
        parties: { items: [{ id: 'p-1' }] },
        billingAccounts: { items: [{ id: 'a-1' }, { id: 'a-2' }] },
        buckets: { totalCount: 1 },
        balanceActions: { totalCount: 1 },
      },
      sim: null,
      sim2: { buckets: { totalCount: 1 } },
      agent: { parties: { totalCount: 0 }, balanceActions: { totalCount: 1 } },
      bucket: {
        relatedParty: [
          { party: { name: 'Jane Doe' }, billingAccount: null },
          { party: null, billingAccount: { id: 'a-1' } },
        ],
        partyAccount: { billingAccount: { name: 'Private' } },
        logicalResource: [{ logicalResource: { value: '4917' } }, { logicalResource: { value: 'sim-2' } }],
      },
    });
  });

  it('has the name that was given last, however the row came', async () => {
    const bucket = await makeBucket(server, 1, { relatedParty: [person('renamed', { name: 'First' })] });
    await makeBucket(server, 1, { relatedParty: [person('renamed')] });
    expect(await nameOf('renamed')).toBe('First');
    await server.rest('PATCH', `/bucket/${bucket}`, {
      body: { relatedParty: [person('renamed', { name: 'Second' })] },
    });
    expect(await nameOf('renamed')).toBe('Second');
    await made(server, 'TopupBalance', {
      bucket: { id: bucket },
      amount: { amount: 1, units: 'EUR' },
      relatedParty: [person('renamed', { name: 'Third' })],
    });
    // What does not say who it is names nobody anew.
    await server.rest('PATCH', `/bucket/${bucket}`, { body: { description: 'as before' } });
    expect(await nameOf('renamed')).toBe('Third');
  });

  it('has nobody of a row that was refused', async () => {
    const { status } = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary', remainingValue: { amount: -1, units: 'EUR' }, relatedParty: [person('refused')] },
    });
    expect(status).toBe(400);
    expect(await nameOf('refused')).toBeNull();
  });

  it('leaves out what no index holds, and cuts long names', async () => {
    const long = 'é'.repeat(300);
    await makeBucket(server, 1, { relatedParty: [person(long), person('long name', { name: long })] });
    const { data } = await server.graphql('query ($id: ID!) { party(id: $id) { id } }', { id: long });
    expect(data.party).toBeNull();
    expect(await nameOf('long name')).toBe(long.slice(0, 255));
  });

  it('is the same when it is rebuilt after a random history', async () => {
    const source = new Random(seed);
    const random = (): number => source.next();
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    // One name for each id: of several nobody could tell afterwards which was given last.
    const someone = (): any => {
      const id = `r${Math.floor(random() * 12)}`;
      return random() < 0.3
        ? accountParty(`ra-${id}`)
        : person(id, { role: pick(['customer', 'user', 'seller']), name: `Name of ${id}` });
    };
    const account = (): object => ({ id: `ra-r${Math.floor(random() * 12)}`, name: 'An account' });
    const number = (): object => ({ value: String(4_900 + Math.floor(random() * 9)) });
    const buckets: string[] = [];
    const steps: (() => Promise<unknown>)[] = [
      async () =>
        buckets.push(
          await makeBucket(server, 50, {
            relatedParty: [someone(), someone()],
            partyAccount: account(),
            logicalResource: [number()],
          }),
        ),
      () => makeUsage(server, 'ra-of usage', [1], { relatedParty: [someone(), someone()] }),
      () => makeRate(server, `ra-rate${Math.floor(random() * 5)}`),
      () => made(server, 'ResourceOrder', { orderItem: [{ id: '1', action: 'add' }], relatedParty: [someone()] }),
      // Some are refused, and kept.
      () =>
        server.rest('POST', '/topupBalance', {
          body: {
            bucket: { id: pick(['unknown', ...buckets]) },
            amount: { amount: 1, units: 'EUR' },
            relatedParty: [someone()],
            requestor: person(`q${Math.floor(random() * 9)}`),
            partyAccount: account(),
          },
        }),
      () => server.rest('POST', '/bucket', { body: { usageType: '', relatedParty: [person('of a refused bucket')] } }),
    ];
    for (let count = 0; count < 60; count++) await pick(steps)();
    await Promise.all(Array.from({ length: 20 }, () => pick(steps)()));
    const lines = Array.from({ length: 30 }, (_, index) =>
      usage(`directory-${index}`, { relatedParty: [someone(), someone()] }),
    );
    const { body } = await post(server, { content: linesOf(lines) });
    expect(await ended(server, body.id as string)).toMatchObject({ status: 'succeeded' });
    await runCycle(server, (await makeCycle(server)).id);
    // What tests before this one have named twice.
    const isTold = (text: string): boolean => !text.includes('"renamed"');
    const kept = (await contents()).filter(isTold);
    expect(kept.length).toBeGreaterThan(40);
    await rebuild();
    expect((await contents()).filter(isTold)).toEqual(kept);
  });
});
