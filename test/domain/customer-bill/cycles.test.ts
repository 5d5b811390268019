import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { create, transports, made, remove, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eventsOf } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ OPERATOR_TIME_ZONE: 'Europe/Berlin' });
});
afterAll(() => server.close());

const offsets = {
  billingDateShift: 0,
  chargeDateOffset: 5,
  creditDateOffset: 14,
  mailingDateOffset: 1,
  paymentDueDateOffset: 30,
};

describe('a cycle', () => {
  it.each([
    // Begins at midnight of the operator: in March the clock is put forward.
    ['month', '2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z', '2026-03', '2026-03-30T22:00:00.000Z'],
    ['month', '2026-01-30T23:00:00.000Z', '2026-02-27T23:00:00.000Z', '2026-01', '2026-03-01T23:00:00.000Z'],
    ['month', '2028-01-30T23:00:00.000Z', '2028-02-28T23:00:00.000Z', '2028-01', '2028-02-29T23:00:00.000Z'],
    ['month', '2026-11-30T23:00:00.000Z', '2026-12-31T23:00:00.000Z', '2026-12', '2026-12-30T23:00:00.000Z'],
    ['week', '2025-12-28T23:00:00.000Z', '2026-01-04T23:00:00.000Z', '2026-W01', '2026-01-27T23:00:00.000Z'],
    ['quarter', '2026-09-30T22:00:00.000Z', '2026-12-31T23:00:00.000Z', '2026-Q4', '2026-10-30T23:00:00.000Z'],
    ['year', '2028-02-28T23:00:00.000Z', '2029-02-27T23:00:00.000Z', '2028', '2028-03-29T22:00:00.000Z'],
  ])(
    'of a %s that begins at %s ends at %s',
    async (billingPeriod, startDateTime, endDateTime, name, paymentDueDate) => {
      const { id } = await made(server, 'BillCycleSpecification', { billingPeriod, ...offsets });
      for (const door of transports) {
        const { resource } = await create(server, door, 'BillCycle', {
          BillCycleSpecification: { id },
          validFor: { startDateTime },
        });
        expect(resource).toMatchObject({
          validFor: { startDateTime, endDateTime },
          billingPeriod: name,
          billingDate: startDateTime,
          paymentDueDate,
        });
      }
    },
  );

  it('takes what recurs from the frequency, too', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { frequency: 'quarterly' });
    const { validFor } = await made(server, 'BillCycle', {
      BillCycleSpecification: { id },
      validFor: { startDateTime: '2025-12-31T23:00:00.000Z' },
    });
    expect(validFor.endDateTime).toBe('2026-03-31T22:00:00.000Z');
  });

  it('keeps what it is given, and leaves open what nobody says', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { billingPeriod: 'month', ...offsets });
    const given = {
      billingDate: '2026-04-03T00:00:00.000Z',
      billingPeriod: 'March',
      validFor: { startDateTime: '2026-02-28T23:00:00.000Z', endDateTime: '2026-03-15T00:00:00.000Z' },
    };
    expect(await made(server, 'BillCycle', { BillCycleSpecification: { id }, ...given })).toMatchObject({
      ...given,
      mailingDate: '2026-03-01T23:00:00.000Z',
    });
    for (const open of [
      { BillCycleSpecification: { id } },
      { BillCycleSpecification: { id: 'BCSPEC-M' }, validFor: { startDateTime: '2026-03-01T00:00:00.000Z' } },
      { validFor: { startDateTime: '2026-03-01T00:00:00.000Z' } },
    ]) {
      const { id: cycle, href, ...rest } = await made(server, 'BillCycle', open);
      expect([cycle, href, rest]).toEqual([expect.any(String), expect.any(String), open]);
    }
  });

  it('is not derived anew when it or its specification changes', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { billingPeriod: 'month', ...offsets });
    const cycle = await made(server, 'BillCycle', {
      BillCycleSpecification: { id },
      validFor: { startDateTime: '2026-02-28T23:00:00.000Z' },
    });
    await update(server, 'rest', 'BillCycleSpecification', id, { billingDateShift: 10 });
    const { resource } = await update(server, 'rest', 'BillCycle', cycle.id, { mailingDate: null });
    const { mailingDate, ...others } = cycle;
    expect([mailingDate, resource]).toEqual([expect.any(String), others]);
  });

  it.each(transports)(
    'refuses what is beyond the calendar, and periods that end before they start, through %s',
    async (door) => {
      const { id } = await made(server, 'BillCycleSpecification', { billingPeriod: 'year', ...offsets });
      for (const startDateTime of ['9999-01-01T00:00:00.000Z', '9999-12-31T00:00:00.000Z']) {
        expect(
          await create(server, door, 'BillCycle', { BillCycleSpecification: { id }, validFor: { startDateTime } }),
        ).toMatchObject({ status: 400, message: expect.stringContaining('beyond the calendar') });
      }
      const backwards = { startDateTime: '2026-03-01T00:00:00.000Z', endDateTime: '2026-03-01T00:00:00.000Z' };
      expect(await create(server, door, 'BillCycle', { validFor: backwards })).toMatchObject({
        status: 400,
        message: expect.stringContaining('validFor must end after it starts'),
      });
    },
  );

  it('goes, and its specification, with an event', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { name: 'eventful' });
    const cycle = await made(server, 'BillCycle', { BillCycleSpecification: { id } });
    const { data } = await server.graphql(
      'query ($id: ID!) { billCycle(id: $id) { billCycleSpecification { target { name } } } }',
      { id: cycle.id },
    );
    expect(data.billCycle.billCycleSpecification.target).toEqual({ name: 'eventful' });
    await update(server, 'rest', 'BillCycle', cycle.id, { name: 'March' });
    for (const type of ['BillCycle', 'BillCycleSpecification'])
      await remove(server, 'graphql', type, type === 'BillCycle' ? cycle.id : id);
    expect(await eventsOf(server, cycle.id)).toEqual([
      'BillCycleCreateEvent',
      'BillCycleAttributeValueChangeEvent',
      'BillCycleDeleteEvent',
    ]);
    expect(await eventsOf(server, id)).toEqual([
      'BillCycleSpecificationCreateEvent',
      'BillCycleSpecificationDeleteEvent',
    ]);
  });
});

describe('a specification of cycles', () => {
  it.each([
    ['another period', { billingPeriod: 'day' }, 'billingPeriod must be one of week, month, quarter, year'],
    ['another frequency', { frequency: 'now and then' }, 'frequency must be one of weekly, monthly, quarterly, yearly'],
    [
      'a rhythm of its own',
      { billingPeriod: 'quarter', frequency: 'monthly' },
      'frequency must be quarterly, as the billingPeriod is quarter',
    ],
    [
      'a step far from its period',
      { mailingDateOffset: 1001 },
      'mailingDateOffset must be from -1000 to 1000 days, the limit OFFSET_DAYS_MAX: 1001',
    ],
    ['a name of no length', { name: '' }, 'name'],
  ])('is refused with %s, when it is made and when it is changed', async (_title, wrong, named) => {
    const { id } = await made(server, 'BillCycleSpecification', { name: 'fine' });
    for (const door of transports) {
      expect(await create(server, door, 'BillCycleSpecification', wrong)).toMatchObject({
        status: 400,
        message: expect.stringContaining(named),
      });
      expect(await update(server, door, 'BillCycleSpecification', id, wrong)).toMatchObject({
        status: 400,
        message: expect.stringContaining(named),
      });
    }
  });

  it('cannot change one half of its rhythm alone', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { billingPeriod: 'month', frequency: 'monthly' });
    expect(await update(server, 'rest', 'BillCycleSpecification', id, { billingPeriod: 'year' })).toMatchObject({
      status: 400,
    });
    expect(
      await update(server, 'rest', 'BillCycleSpecification', id, { billingPeriod: 'year', frequency: 'yearly' }),
    ).toMatchObject({ status: 200 });
  });
});
