import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { eventually } from '../support/eventually.js';
import { People } from '../rights/people.js';

jest.setTimeout(120_000);

const name = 'Zoë Größe-Łódzka';
const mail = 'zoe@example.net';

/** Zoë, as a client names her, with all that tells who she is. */
const zoe = (role = 'customer'): object => ({
  id: '42',
  name,
  href: `https://crm.example/${mail}`,
  role,
  '@referredType': 'Individual',
  '@type': 'ContactedParty',
  '@schemaLocation': 'https://crm.example/party.json',
  email: mail,
});
const max = { id: '43', name: 'Max Muster', role: 'owner', '@referredType': 'Individual' };

const forget =
  'mutation ($id: ID!, $accounts: [ID!], $names: [String!]) { forgetParty(id: $id, accounts: $accounts, names: $names) { id state partyId places } }';

let people: People;
const made: Record<string, { path: string; id: string }> = {};

async function make(what: string, path: string, body: object): Promise<string> {
  const { status, body: answer } = await people.server.rest('POST', path, {
    headers: { ...people.of('admin'), 'idempotency-key': `key of ${what}` },
    body,
  });
  if (status !== 201) throw new Error(`${what}: ${JSON.stringify(answer)}`);
  made[what] = { path, id: answer.id as string };
  return answer.id as string;
}

/** Every place in the database where a text stands, by table; partitions are of theirs. */
async function placesOf(text: string): Promise<string[]> {
  const { database } = people.server;
  const tables = await database.query<{ name: string }>(Prisma.sql`
    SELECT c.oid::regclass::text AS "name" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname IN ('public', 'pgboss')`);
  const found: string[] = [];
  for (const { name: table } of tables) {
    const rows = await database.query<{ row: string }>(
      Prisma.sql`SELECT row_to_json(t)::text AS "row" FROM ${Prisma.raw(table)} t WHERE position(lower(${text}::text) IN lower(row_to_json(t)::text)) > 0`,
    );
    if (rows.length > 0) found.push(table.replaceAll('"', ''));
  }
  return found.sort();
}

async function forgotten(variables: object): Promise<any> {
  const { data, errors } = await people.graphql('admin', forget, variables);
  if (errors) throw new Error(errors[0]?.message);
  return eventually('the party is forgotten', async () => {
    const query = 'query ($id: ID!) { partyErasure(id: $id) { state rows places placesDone endedAt revision } }';
    const { data: task } = await people.graphql('admin', query, { id: data.forgetParty.id });
    return task.partyErasure.state === 'done' ? task.partyErasure : undefined;
  });
}

const read = async (what: string): Promise<any> =>
  (await people.rest('admin', 'GET', `${made[what]!.path}/${made[what]!.id}`)).body;

beforeAll(async () => {
  people = await People.start({ reader: { roles: ['operator'] } });
  await people.server.startJobs();
  const bucket = await make('bucket', '/bucket', {
    name: `${name}'s money`,
    usageType: 'monetary',
    remainingValue: { amount: 10, units: 'EUR' },
    relatedParty: [zoe(), max],
    partyAccount: { id: 'A-1', name: `Account of ${name}`, description: name, status: 'active' },
  });
  await make('topup', '/topupBalance', {
    amount: { amount: 5, units: 'EUR' },
    bucket: { id: bucket },
    usageType: 'monetary',
    relatedParty: [zoe('seller')],
    requestor: zoe('agent'),
    description: `asked for by ${name}`,
    channel: { id: 'shop' },
    recurringPeriod: undefined,
  });
  const other = await make('other', '/bucket', {
    name: 'of Max',
    usageType: 'monetary',
    remainingValue: { amount: 1, units: 'EUR' },
    relatedParty: [max],
  });
  await make('transfer', '/transferBalance', {
    amount: { amount: 1, units: 'EUR' },
    bucket: { id: other },
    receiverBucket: { id: bucket },
    receiver: zoe('receiver'),
    usageType: 'monetary',
    relatedParty: [max],
  });
  await make('order', '/resourceOrder', {
    description: `SIM for ${name.replace('Zoë', 'ZOË')}, ${name}s second one`,
    note: [
      { author: name, text: `${name} will fetch it` },
      { author: 'Desk', text: 'called back' },
    ],
    orderItem: [
      { id: '1', action: 'add', resource: { '@type': 'Resource', name: 'SIM', relatedParty: [zoe('user'), max] } },
    ],
    relatedParty: [zoe()],
  });
  await make('usage', '/usage', {
    usageSpecification: { id: await make('specification', '/usageSpecification', { name: 'Voice' }) },
    usageCharacteristic: [],
    relatedParty: [zoe('user')],
    description: 'a call',
  });
  await make('bill', '/customerBill', {
    billingAccount: { id: 'A-1', name },
    relatedParty: [zoe()],
    taxIncludedAmount: { value: 12.5, unit: 'EUR' },
  });
  await make('request', '/customerBillOnDemand', { billingAccount: { id: 'A-1', name }, relatedParty: zoe() });
  await make('note of another', '/resourceOrder', {
    note: [{ author: 'Z. Größe', text: 'fetched' }],
    orderItem: [{ id: '1', action: 'add', resource: { '@type': 'Resource' } }],
    relatedParty: [max],
  });
});
afterAll(() => people.close());

describe('forgetParty', () => {
  it('takes names and contact details out of everything, and nothing else', async () => {
    expect(await placesOf(name)).toEqual(
      expect.arrayContaining(['BalanceAction', 'BalanceGroup', 'Bucket', 'CustomerBill', 'Idempotency', 'Outbox']),
    );
    const before = { bucket: await read('bucket'), bill: await read('bill') };
    const task = await forgotten({ id: '42', accounts: ['A-1'], names: ['Z. Größe'] });
    expect(task).toMatchObject({ state: 'done', placesDone: task.places, endedAt: expect.any(String) });
    for (const text of [name, mail, 'Z. Größe']) expect([text, await placesOf(text)]).toEqual([text, []]);

    const bucket = await read('bucket');
    const bare = { id: '42', role: 'customer', '@referredType': 'Individual', '@type': 'ContactedParty' };
    expect(bucket).toEqual({
      ...before.bucket,
      name: "[forgotten]'s money",
      relatedParty: [{ ...bare, '@schemaLocation': 'https://crm.example/party.json' }, max],
      partyAccount: { id: 'A-1', status: 'active' },
    });
    const bill = await read('bill');
    expect([bill.billingAccount, bill.amountDue]).toEqual([{ id: 'A-1' }, { value: 12.5, unit: 'EUR' }]);
    const order = await read('order');
    expect(order.description).toBe('SIM for [forgotten], [forgotten]s second one');
    expect(order.note.map((one: any) => [one.author, one.text])).toEqual([
      [undefined, '[forgotten] will fetch it'],
      ['Desk', 'called back'],
    ]);
    expect(order.orderItem[0].resource.relatedParty).toEqual([
      expect.objectContaining({ id: '42', role: 'user' }),
      max,
    ]);
    expect((await read('note of another')).note[0].author).toBeUndefined();
    const transfer = await read('transfer');
    expect([transfer.receiver.id, transfer.receiver.name, transfer.relatedParty]).toEqual(['42', undefined, [max]]);
  });

  it('gives what changed a new version and an event, without the name', async () => {
    const { headers } = await people.rest('admin', 'GET', `/bucket/${made['bucket']!.id}`);
    const events = await people.server.database.query<{ eventType: string; payload: any }>(Prisma.sql`
      SELECT "eventType", "payload" FROM "Outbox" WHERE "resourceId" = ${made['bucket']!.id} ORDER BY "id" DESC LIMIT 1`);
    expect(events).toEqual([
      {
        eventType: 'BucketAttributeValueChangeEvent',
        payload: expect.objectContaining({ name: "[forgotten]'s money", revision: expect.any(Number) }),
      },
    ]);
    expect(headers.get('etag')).toContain(String(events[0]!.payload.revision));
    const kinds = await people.server.database.query<{ eventType: string }>(Prisma.sql`
      SELECT DISTINCT "eventType" FROM "Outbox" WHERE "eventType" LIKE '%AttributeValueChangeEvent' ORDER BY 1`);
    expect(kinds.map(({ eventType }) => eventType.replace('AttributeValueChangeEvent', ''))).toEqual([
      'Bucket',
      'CustomerBill',
      'CustomerBillOnDemand',
      'PartyErasure',
      'ResourceOrder',
      'TopupBalance',
      'TransferBalance',
      'Usage',
    ]);
  });

  it('answers a repeated request without the name, too', async () => {
    const { status, body, headers } = await people.server.rest('POST', '/customerBillOnDemand', {
      headers: { ...people.of('admin'), 'idempotency-key': 'key of request' },
      body: { billingAccount: { id: 'A-1', name }, relatedParty: zoe() },
    });
    expect([status, headers.get('idempotency-replayed'), body.id]).toEqual([201, 'true', made['request']!.id]);
    expect([body.relatedParty.name, body.billingAccount]).toEqual([undefined, { id: 'A-1' }]);
  });

  it('changes nothing when there is nothing left, and forgets again what was told again', async () => {
    expect((await forgotten({ id: '42', accounts: ['A-1'], names: ['Z. Größe'] })).rows).toBe(0);
    const before = (await people.rest('admin', 'GET', `/bucket/${made['bucket']!.id}`)).headers.get('etag');
    await people.rest('admin', 'PATCH', `/bucket/${made['bucket']!.id}`, { relatedParty: [zoe(), max] });
    expect(await placesOf(name)).toEqual(expect.arrayContaining(['Bucket', 'BalanceGroup', 'Outbox']));
    await forgotten({ id: '42' });
    expect(await placesOf(name)).toEqual([]);
    expect((await people.rest('admin', 'GET', `/bucket/${made['bucket']!.id}`)).headers.get('etag')).not.toBe(before);
  });

  it('leaves others as they are, even those whose id is within an id', async () => {
    await make('long', '/bucket', {
      usageType: 'monetary',
      remainingValue: { amount: 1, units: 'EUR' },
      product: [{ id: '42', name: 'Tariff 42' }],
      relatedParty: [{ id: '421', name: 'Long Name', '@referredType': 'Individual', role: 'customer' }],
    });
    await forgotten({ id: '42' });
    const { product, relatedParty } = await read('long');
    expect([product[0].name, relatedParty[0].name]).toEqual(['Tariff 42', 'Long Name']);
    expect((await read('bucket')).relatedParty[1]).toEqual(max);
  });

  it('takes names out of what waits in imports, of trials of runs, and of rows that are deleted', async () => {
    const { database } = people.server;
    const row = {
      id: 'u',
      extension: { weight: 0.1, contact: { id: '42', role: 'caller', name } },
      relatedParty: [zoe()],
    };
    const deleted = await make('deleted', '/topupBalance', {
      amount: { amount: 1, units: 'EUR' },
      bucket: { id: made['bucket']!.id },
      usageType: 'monetary',
      requestor: zoe('agent'),
      relatedParty: [max],
    });
    expect((await people.rest('admin', 'DELETE', `/topupBalance/${deleted}`)).status).toBe(204);
    const rows = JSON.stringify([{ line: 1, eventId: 'e', row: { ...row, description: 'Größe' } }]);
    await database.transaction(async (tx) => {
      await tx.execute(Prisma.sql`
        INSERT INTO "UsageImportBatch" ("tenantId", "importId", "firstLine", "claims", "rows")
        SELECT 'default', 'i', n, '[]', ${rows} FROM generate_series(1, 5) n`);
      await tx.execute(Prisma.sql`
        INSERT INTO "UsageImportProblem" ("tenantId", "importId", "line", "code", "message")
        VALUES ('default', 'i', 7, 'INVALID_ATTRIBUTE', ${`'${name}' is no number`})`);
      await tx.execute(Prisma.sql`
        INSERT INTO "BillRunPreview" ("tenantId", "runId", "billId", "bill")
        VALUES ('default', 'r', 'b', ${JSON.stringify({ ...row, amountDueValue: 12.5 })}::jsonb)`);
    });
    await forgotten({ id: '42', names: [name] });
    for (const text of [name, mail]) expect([text, await placesOf(text)]).toEqual([text, []]);
    const [batch] = await database.query<{ rows: string }>(
      Prisma.sql`SELECT "rows" FROM "UsageImportBatch" WHERE "firstLine" = 5`,
    );
    expect(JSON.parse(batch!.rows)).toEqual([
      {
        line: 1,
        eventId: 'e',
        row: {
          id: 'u',
          description: 'Größe',
          extension: { weight: 0.1, contact: { id: '42', role: 'caller' } },
          relatedParty: [expect.not.objectContaining({ name: expect.anything() })],
        },
      },
    ]);
  });

  it('is given to admins only, and refuses what it cannot look for', async () => {
    const refused = await people.graphql('reader', forget, { id: '42' });
    expect(refused.errors?.[0]).toMatchObject({ message: 'the right party:forget is missing' });
    const { errors } = await people.graphql('admin', forget, { id: '42', names: ['Al'] });
    expect(errors?.[0]?.message).toBe('names.0 must have at least 3 characters: shorter ones are in every text');
    const empty = await people.graphql('admin', forget, { id: '' });
    expect(empty.errors?.[0]?.extensions.code).toBe('INVALID_ATTRIBUTE');
  });
});
