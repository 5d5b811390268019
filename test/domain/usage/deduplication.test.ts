import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import { create, createMany, transports, made, remove, update, type Transport } from '../../fixtures/transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let names = 0;
const usage = (externalId = `cdr-${++names}`): Record<string, unknown> => ({
  externalId,
  source: 'switch-1',
  usageSpecification: { id: 'nobody-knows-it' },
  usageDate: '2026-03-01T08:00:00.000Z',
  usageCharacteristic: [{ name: 'duration', value: 12 }],
  relatedParty: [{ id: 'customer-1', '@referredType': 'Customer' }],
});
const found = async (externalId: unknown): Promise<any[]> =>
  (await retryWhileBusy(() => server.rest('GET', `/usage?externalId=${externalId}`))).body;
const pairs = transports.flatMap((first) => transports.map((second): [Transport, Transport] => [first, second]));

describe('a usage that arrives again', () => {
  it.each(pairs)('with the same data is answered with the one there is (%s, then %s)', async (first, second) => {
    const sent = usage();
    const one = await create(server, first, 'Usage', sent);
    server.clock.advance(1_000);
    // A time may be written in another way, and the status it begins with may be said.
    const other = await create(server, second, 'Usage', {
      ...sent,
      usageDate: '2026-03-01T09:00:00+01:00',
      status: 'received',
    });
    expect([one.replayed, other.replayed, other.status]).toEqual([false, true, second === 'rest' ? 201 : 200]);
    expect(other.resource).toEqual(one.resource);
    expect(await found(sent['externalId'])).toEqual([one.resource]);
    const events = await server.database.client.outbox.findMany({ where: { resourceId: one.resource.id } });
    expect(events.map(({ eventType }) => eventType)).toEqual(['UsageCreateEvent']);
  });

  it.each(transports)('is answered with what has become of it since, through %s', async (door) => {
    const sent = usage();
    const { id } = await made(server, 'Usage', sent);
    await update(server, door, 'Usage', id, { status: 'guided', description: 'looked at' });
    const { resource, replayed } = await create(server, door, 'Usage', sent);
    expect([replayed, resource.id, resource.status, resource.description]).toEqual([true, id, 'guided', 'looked at']);
  });

  it.each(pairs)('with other data is refused, naming what differs (%s, then %s)', async (first, second) => {
    const sent = usage();
    const { resource } = await create(server, first, 'Usage', sent);
    await update(server, first, 'Usage', resource.id, { description: 'changed since', status: 'guided' });
    const cases: [object, string][] = [
      [{ usageDate: '2026-03-01T08:00:00.001Z' }, 'usageDate'],
      [{ usageDate: undefined }, 'usageDate'],
      [{ usageCharacteristic: [{ name: 'duration', value: '12' }] }, 'usageCharacteristic'],
      [{ description: 'changed since' }, 'description'],
      [{ status: 'guided' }, 'status'],
      [{ usageType: 'voice', relatedParty: null }, 'relatedParty, usageType'],
    ];
    for (const [difference, named] of cases) {
      const { status, message, replayed } = await create(server, second, 'Usage', { ...sent, ...difference });
      expect([status, replayed, message]).toEqual([
        409,
        false,
        `externalId '${String(sent['externalId'])}' of source 'switch-1' was taken before with other data, which differ in ${named}`,
      ]);
    }
    expect(await found(sent['externalId'])).toHaveLength(1);
  });

  it('is refused in REST with the address of the one there is', async () => {
    const sent = usage();
    const { href } = await made(server, 'Usage', sent);
    const answer = await server.rest('POST', '/usage', { body: { ...sent, usageType: 'other' } });
    expect([answer.status, answer.body.referenceError]).toEqual([409, href]);
    const fresh = usage();
    const twice = [fresh, { ...fresh, usageType: 'other' }].map((value) => ({ op: 'add', path: '/-', value }));
    const refused = await server.rest('PATCH', '/usage', {
      body: twice,
      headers: { 'content-type': 'application/json-patch+json' },
    });
    // Of the two in one request none is there.
    expect([refused.status, refused.body.referenceError]).toEqual([409, undefined]);
  });

  it('is another one when its source is, or has none', async () => {
    const sent = usage();
    const ids = [];
    for (const source of ['switch-1', 'switch-2', undefined])
      ids.push((await made(server, 'Usage', { ...sent, source })).id);
    expect(new Set(ids).size).toBe(3);
    const again = await create(server, 'rest', 'Usage', { ...sent, source: undefined });
    expect([again.replayed, again.resource.id]).toEqual([true, ids[2]]);
  });

  it('without an externalId is always another one', async () => {
    const { externalId, ...sent } = usage();
    const [one, other] = [await made(server, 'Usage', sent), await made(server, 'Usage', sent)];
    expect(one.id).not.toBe(other.id);
  });

  it('is taken anew when the first one was deleted', async () => {
    const sent = usage();
    const { id } = await made(server, 'Usage', sent);
    expect((await remove(server, 'rest', 'Usage', id)).status).toBe(204);
    const again = await create(server, 'graphql', 'Usage', { ...sent, usageType: 'voice' });
    expect([again.replayed, again.resource.id === id]).toEqual([false, false]);
    expect(await found(sent['externalId'])).toHaveLength(1);
  });

  it('is known by its idempotency key first', async () => {
    const sent = usage();
    const one = await create(server, 'rest', 'Usage', sent, 'key-1');
    await update(server, 'rest', 'Usage', one.resource.id, { description: 'since' });
    const other = await create(server, 'graphql', 'Usage', sent, 'key-1');
    expect([other.replayed, other.resource]).toEqual([true, one.resource]);
    const under = await create(server, 'rest', 'Usage', sent, 'key-2');
    expect([under.replayed, under.resource.description]).toEqual([true, 'since']);
  });

  it('is not claimed by a usage that was refused', async () => {
    const { id } = await made(server, 'UsageSpecification', {
      name: 'strict',
      specCharacteristic: [{ name: 'duration', valueType: 'boolean' }],
    });
    const sent = usage();
    expect((await create(server, 'rest', 'Usage', { ...sent, usageSpecification: { id } })).status).toBe(400);
    expect(await create(server, 'rest', 'Usage', sent)).toMatchObject({ status: 201, replayed: false });
  });

  it.each(transports)('is refused with names that are empty or too long, through %s', async (door) => {
    for (const name of ['externalId', 'source']) {
      for (const value of ['', 'x'.repeat(256)]) {
        expect(await create(server, door, 'Usage', { ...usage(), [name]: value })).toMatchObject({
          status: 400,
          message: expect.stringContaining(name),
        });
      }
    }
  });
});

describe('several usages at once', () => {
  it.each(transports)('may hold what was taken before and what is there twice, through %s', async (door) => {
    const [a, b, c] = [usage(), usage(), usage()];
    const first = await made(server, 'Usage', a);
    const { resource, replayed } = await createMany(server, door, 'Usage', [b, a, c, b]);
    expect([replayed, resource.map(({ externalId }: any) => externalId)]).toEqual([
      false,
      [b, a, c, b].map(({ externalId }) => externalId),
    ]);
    expect([resource[1], resource[3]]).toEqual([first, resource[0]]);
    for (const { externalId } of [a, b, c]) expect(await found(externalId)).toHaveLength(1);
    const again = await createMany(server, door, 'Usage', [c, b, a]);
    expect([again.replayed, again.resource]).toEqual([true, [resource[2], resource[0], first]]);
  });

  it.each(transports)('are refused together when one comes with other data, through %s', async (door) => {
    const [a, b] = [usage(), usage()];
    await made(server, 'Usage', a);
    const refused = (what: string): object => ({
      status: 409,
      message: expect.stringMatching(new RegExp(`^element 1: externalId .* ${what}, which differ in usageType$`)),
    });
    expect(await createMany(server, door, 'Usage', [b, { ...a, usageType: 'other' }])).toMatchObject(
      refused('was taken before with other data'),
    );
    expect(await createMany(server, door, 'Usage', [b, { ...b, usageType: 'other' }])).toMatchObject(
      refused('is there twice with different data'),
    );
    // Not even when the first of the two is known.
    expect(await createMany(server, door, 'Usage', [a, { ...a, usageType: 'other' }])).toMatchObject(
      refused('was taken before with other data'),
    );
    expect(await found(b['externalId'])).toEqual([]);
  });
});

describe('the same usage arriving many times at once', () => {
  it('is taken exactly once', async () => {
    const sent = usage();
    const outcomes = await concurrently(40, (index) =>
      retryWhileBusy(() => create(server, transports[index % 2] as Transport, 'Usage', sent)),
    );
    expect(outcomes.map(({ status }) => status < 300)).toEqual(outcomes.map(() => true));
    expect(new Set(outcomes.map(({ resource }) => resource.id)).size).toBe(1);
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await found(sent['externalId'])).toHaveLength(1);
  });

  it('with different data is taken once, and the others are refused', async () => {
    const sent = usage();
    const outcomes = await concurrently(30, (index) =>
      retryWhileBusy(() =>
        create(server, transports[index % 2] as Transport, 'Usage', { ...sent, usageType: `type-${index % 3}` }),
      ),
    );
    const [winner] = await found(sent['externalId']);
    outcomes.forEach(({ status, resource }, index) => {
      const isSame = `type-${index % 3}` === winner.usageType;
      expect([status < 300, resource?.id]).toEqual(isSame ? [true, winner.id] : [false, undefined]);
      if (!isSame) expect(status).toBe(409);
    });
  });

  it('in batches of opposite order waits in one direction and is taken once', async () => {
    const batch = Array.from({ length: 30 }, () => usage());
    const outcomes = await concurrently(12, (index) =>
      retryWhileBusy(() =>
        createMany(server, transports[index % 2] as Transport, 'Usage', index % 3 === 0 ? batch.toReversed() : batch),
      ),
    );
    expect(outcomes.map(({ message }) => message)).toEqual(outcomes.map(() => undefined));
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    for (const { externalId } of batch) expect(await found(externalId)).toHaveLength(1);
  });

  it('while it is deleted again and again is there at most once, and never half', async () => {
    const sent = usage();
    await concurrently(40, async (index) => {
      if (index % 2 === 0) {
        const { status } = await retryWhileBusy(() =>
          create(server, transports[index % 2] as Transport, 'Usage', sent),
        );
        expect([200, 201]).toContain(status);
      } else
        for (const { id } of await found(sent['externalId']))
          await retryWhileBusy(() => remove(server, 'rest', 'Usage', id));
    });
    const rows = await found(sent['externalId']);
    const origins = await server.database.client.usageOrigin.findMany({
      where: { externalId: String(sent['externalId']) },
    });
    expect(origins.map(({ usageId }) => usageId)).toEqual(rows.map(({ id }) => id));
    expect(rows.length).toBeLessThan(2);
  });
});
