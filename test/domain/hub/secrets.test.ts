import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { startTestServer, TestClock, type GraphqlAnswer, type TestServer } from '../../support/server.js';
import { makeBucket } from '../prepay-balance/balances.js';
import { documentedIsSigned, Receiver } from './receiver.js';

const clock = new TestClock();
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startTestServer({}, { clock });
  await server.startJobs();
  receiver = await Receiver.start();
});
afterAll(async () => {
  await receiver.down();
  await server.close();
});

const rotate = (variables: object): Promise<GraphqlAnswer> =>
  server.graphql(
    'mutation ($id: ID!, $secret: String, $ifRevision: Int, $key: String) { rotateHubSecret(id: $id, secret: $secret, ifRevision: $ifRevision, idempotencyKey: $key) { id revision secret } }',
    variables,
  );

describe('the secret of a registration', () => {
  it('is changed while deliveries are signed with the one before, too, for a day', async () => {
    const { body: hub } = await server.rest('POST', '/hub', { body: { callback: receiver.url } });
    const { id } = hub;
    const isSigned = await documentedIsSigned();
    /** By which of the secrets the next delivery is signed. */
    const signers = async (secrets: readonly string[]): Promise<boolean[]> => {
      const bucket = await makeBucket(server, 1);
      const { headers, body } = await eventually('the event came', () =>
        receiver.deliveries.find(({ event }) => event.event.bucket?.id === bucket),
      );
      const signature = headers['x-signature'] as string;
      return secrets.map((secret) => isSigned(signature, body, secret, clock.now().getTime()));
    };
    expect(await signers([hub.secret, 'another one of the kind'])).toEqual([true, false]);

    const { data } = await rotate({ id, ifRevision: 1, key: 'rotated' });
    const { secret } = data.rotateHubSecret;
    expect(data.rotateHubSecret).toEqual({ id, revision: 2, secret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(secret).not.toBe(hub.secret);
    const again = await rotate({ id, ifRevision: 1, key: 'rotated' });
    expect(again.data.rotateHubSecret).toEqual({ id, revision: 2, secret: null });
    expect(await signers([secret, hub.secret, 'another one of the kind'])).toEqual([true, true, false]);

    const given = 'a secret that I have made';
    expect((await rotate({ id, secret: given })).data.rotateHubSecret).toEqual({ id, revision: 3, secret: given });
    expect(await signers([given, secret, hub.secret])).toEqual([true, true, false]);
    clock.advance(24 * 3_600_000);
    expect(await signers([given, secret])).toEqual([true, false]);

    const { client } = server.database;
    const events = await client.outbox.findMany({ where: { resourceType: 'hub' }, orderBy: { id: 'asc' } });
    expect(events.map(({ eventType }) => eventType)).toEqual([
      'HubCreateEvent',
      'HubAttributeValueChangeEvent',
      'HubAttributeValueChangeEvent',
    ]);
    const kept = [events, await client.idempotency.findMany(), await client.auditRecord.findMany()];
    const text = JSON.stringify(kept, (_name, value) => (typeof value === 'bigint' ? `${value}` : value));
    for (const one of [hub.secret, secret, given]) expect(text).not.toContain(one);
  });

  it.each([
    [{ id: 'nobody' }, 'NOT_FOUND'],
    [{ secret: 'short' }, 'INVALID_ATTRIBUTE'],
    [{ ifRevision: 7 }, 'REVISION_MISMATCH'],
  ])('is not changed: %j', async (asked, code) => {
    const made = await server.rest('POST', '/hub', { body: { callback: receiver.url, query: `eventId=${code}` } });
    const { errors } = await rotate({ id: made.body.id, ...asked });
    expect(errors?.[0]?.extensions.code).toBe(code);
  });
});
