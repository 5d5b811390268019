import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { create, createMany, transports, made, remove, update, type Transport } from '../../fixtures/transports.js';
import { eventsOf } from '../../fixtures/outbox.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const usageSpecification = { id: 'nobody-knows-it' };
const ratedProductUsage = [{ taxIncludedRatingAmount: { value: 1.19, unit: 'EUR' } }];

/** The lifecycle of docs/standard/usage.md, written down a second time; billed is left to billing. */
const lifecycle: Readonly<Record<string, readonly string[]>> = {
  received: ['guided', 'rejected'],
  guided: ['rated', 'rejected'],
  rejected: ['recycled'],
  recycled: ['guided', 'rejected'],
  rated: ['rerated'],
  rerated: ['rated'],
  billed: [],
};
const states = Object.keys(lifecycle);

/** A usage in any state; to billed no client can lead it. */
async function usageIn(status: string): Promise<string> {
  const { id } = await made(server, 'Usage', {
    usageSpecification,
    ratedProductUsage,
    status: status === 'billed' ? 'rated' : status,
  });
  if (status === 'billed') await server.database.client.usage.updateMany({ where: { id }, data: { status } });
  return id;
}

const everyWay = states.flatMap((from) =>
  states.flatMap((to) => transports.map((door): [string, string, Transport] => [from, to, door])),
);

describe('the lifecycle of a usage', () => {
  it.each(everyWay)('from %s to %s is as the diagram has it, through %s', async (from, to, door) => {
    const id = await usageIn(from);
    const { status, message, resource } = await update(server, door, 'Usage', id, { status: to });
    const allowed = lifecycle[from] as readonly string[];
    if (from === to || allowed.includes(to)) {
      expect([status, resource?.status]).toEqual([200, to]);
      return;
    }
    const choice = allowed.length > 0 ? `it may become ${allowed.join(' or ')}` : 'it may not change any more';
    expect([status, message]).toEqual([409, `usage '${id}' is ${from} and cannot become ${to}: ${choice}`]);
    expect((await server.rest('GET', `/usage/${id}`)).body.status).toBe(from);
  });

  it.each(transports.flatMap((door) => [undefined, ...states].map((status) => [status, door] as const)))(
    'begins as %s, unless that is billed, through %s',
    async (status, door) => {
      const outcome = await create(server, door, 'Usage', { usageSpecification, ratedProductUsage, status });
      if (status === 'billed')
        expect([outcome.status, outcome.message]).toEqual([400, expect.stringContaining('status')]);
      else expect([outcome.status < 300, outcome.resource?.status]).toEqual([true, status ?? 'received']);
    },
  );

  it.each(transports)('rates nothing without a result, through %s', async (door) => {
    for (const none of [undefined, null, []]) {
      const outcome = await create(server, door, 'Usage', {
        usageSpecification,
        status: 'rated',
        ratedProductUsage: none,
      });
      expect([outcome.status, outcome.message]).toEqual([400, expect.stringContaining('ratedProductUsage')]);
    }
    const { id } = await made(server, 'Usage', { usageSpecification, status: 'guided' });
    expect(await update(server, door, 'Usage', id, { status: 'rated' })).toMatchObject({
      status: 400,
      message: expect.stringContaining('ratedProductUsage'),
    });
    expect(await update(server, door, 'Usage', id, { status: 'rated', ratedProductUsage })).toMatchObject({
      status: 200,
      resource: { status: 'rated', ratedProductUsage },
    });
    for (const none of [null, []]) {
      expect(await update(server, door, 'Usage', id, { ratedProductUsage: none })).toMatchObject({
        status: 400,
        message: expect.stringContaining('ratedProductUsage'),
      });
    }
  });

  it.each(transports)('knows no other state, through %s', async (door) => {
    for (const status of ['Received', 'done', '', 'constructor', '__proto__']) {
      expect(await create(server, door, 'Usage', { usageSpecification, status })).toMatchObject({
        status: 400,
        message: expect.stringContaining('status'),
      });
    }
  });

  it.each(transports)('leaves what is billed as it was billed, through %s', async (door) => {
    const id = await usageIn('billed');
    for (const change of [{ description: 'another' }, { ratedProductUsage: [] }]) {
      expect(await update(server, door, 'Usage', id, change)).toMatchObject({
        status: 409,
        message: expect.stringContaining('is billed'),
      });
    }
    expect(await remove(server, door, 'Usage', id)).toMatchObject({
      status: 409,
      message: expect.stringContaining('is billed'),
    });
    expect(await update(server, door, 'Usage', id, { ratedProductUsage })).toMatchObject({ status: 200 });
  });
});

describe('the events of a usage', () => {
  it.each(transports)('tell what happened, once each, through %s', async (door) => {
    const { resource } = await create(server, door, 'Usage', { usageSpecification });
    await update(server, door, 'Usage', resource.id, { description: 'changed' });
    await update(server, door, 'Usage', resource.id, { description: 'changed' });
    await update(server, door, 'Usage', resource.id, { status: 'guided' });
    await update(server, door, 'Usage', resource.id, { status: 'rejected', description: 'both' });
    await update(server, door, 'Usage', resource.id, { status: 'rated' });
    await remove(server, door, 'Usage', resource.id);
    expect(await eventsOf(server, resource.id)).toEqual([
      'UsageCreateEvent',
      'UsageAttributeValueChangeEvent',
      'UsageStateChangeEvent',
      'UsageStateChangeEvent',
      'UsageAttributeValueChangeEvent',
      'UsageDeleteEvent',
    ]);
  });

  it.each(transports)('and those of a specification, through %s', async (door) => {
    const { resource } = await create(server, door, 'UsageSpecification', { name: 'eventful' });
    await update(server, door, 'UsageSpecification', resource.id, { lifecycleStatus: 'active' });
    await remove(server, door, 'UsageSpecification', resource.id);
    expect(await eventsOf(server, resource.id)).toEqual([
      'UsageSpecificationCreateEvent',
      'UsageSpecificationAttributeValueChangeEvent',
      'UsageSpecificationDeleteEvent',
    ]);
  });

  it('come with each usage of several', async () => {
    const { resource } = await createMany(server, 'graphql', 'Usage', [
      { usageSpecification },
      { usageSpecification, status: 'guided' },
    ]);
    for (const { id } of resource) expect(await eventsOf(server, id)).toEqual(['UsageCreateEvent']);
  });
});

describe('a usage specification', () => {
  it('says when it was last changed', async () => {
    const { id, lastUpdate } = await made(server, 'UsageSpecification', { name: 'dated' });
    expect(lastUpdate).toBe(server.clock.now().toISOString());
    server.clock.advance(60_000);
    const { resource } = await update(server, 'rest', 'UsageSpecification', id, { version: '2' });
    expect(resource.lastUpdate).toBe(server.clock.now().toISOString());
  });

  it('is what a reference to it leads to', async () => {
    const { id } = await made(server, 'UsageSpecification', { name: 'Joined' });
    const { id: usage } = await made(server, 'Usage', { usageSpecification: { id } });
    const { data } = await server.graphql(
      'query ($id: ID!) { usage(id: $id) { usageSpecification { target { name } } } }',
      { id: usage },
    );
    expect(data.usage.usageSpecification.target).toEqual({ name: 'Joined' });
    expect((await server.rest('GET', `/usage/${usage}?expand=usageSpecification`)).body.usageSpecification.name).toBe(
      'Joined',
    );
  });

  it.each(transports)('goes without its usages, through %s', async (door) => {
    const { id } = await made(server, 'UsageSpecification', { name: 'Leaving' });
    const { id: usage } = await made(server, 'Usage', { usageSpecification: { id } });
    expect((await remove(server, door, 'UsageSpecification', id)).status).toBeLessThan(300);
    expect((await server.rest('GET', `/usage/${usage}`)).body.usageSpecification).toEqual({ id });
  });
});

describe('other editions of TMF635', () => {
  it('are read: names, texts for booleans, open ends of ranges, and attributes that say nothing', async () => {
    const { resource } = await create(server, 'rest', 'UsageSpecification', {
      name: 'Voice',
      validFor: { id: 'x', startDateTime: '2020-07-07T17:00:00-01:00' },
      usageSpecCharacteristic: [
        {
          name: 'duration',
          configurable: 'true',
          extensible: false,
          usageSpecCharacteristicValue: [
            { valueType: 'number', default: 'false', value: '', valueFrom: '0', valueTo: '' },
          ],
        },
      ],
    });
    expect(resource).toMatchObject({
      validFor: { startDateTime: '2020-07-07T18:00:00.000Z' },
      specCharacteristic: [
        {
          name: 'duration',
          configurable: true,
          characteristicValueSpecification: [{ valueType: 'number', isDefault: false, value: '', valueFrom: 0 }],
        },
      ],
    });
    const usage = { usageSpecification: { id: resource.id }, usageCharacteristic: [{ name: 'duration', value: '12' }] };
    const taken = await create(server, 'rest', 'Usage', {
      ...usage,
      ratedProductUsage: [{ taxExcludedAmount: { id: 'm', '@type': 'Money', unit: 'EUR', value: 0 } }],
    });
    expect(taken.resource).toMatchObject({
      usageCharacteristic: [{ value: '12' }],
      ratedProductUsage: [{ taxExcludedRatingAmount: { value: 0, unit: 'EUR' } }],
    });
    const refused = await create(server, 'rest', 'Usage', {
      ...usage,
      usageCharacteristic: [{ name: 'duration', value: '-1' }],
    });
    expect([refused.status, refused.message]).toEqual([400, expect.stringContaining("'duration'")]);
  });

  it('are read in a merge patch, too, that removes an attribute', async () => {
    const { id } = await made(server, 'UsageSpecification', {
      name: 'Voice',
      specCharacteristic: [{ name: 'duration' }],
    });
    const { status, body } = await server.rest('PATCH', `/usageSpecification/${id}`, {
      body: { usageSpecCharacteristic: null },
    });
    expect([status, body.specCharacteristic]).toEqual([200, undefined]);
    expect((await server.rest('GET', `/usageSpecification/${id}`)).body).toEqual(body);
  });
});
