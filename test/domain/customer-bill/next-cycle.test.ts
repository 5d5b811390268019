import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { made, remove } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eventsOf } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ OPERATOR_TIME_ZONE: 'Europe/Berlin' });
});
afterAll(() => server.close());

const mutation = `mutation ($id: ID!, $key: String) { cycle: createNextBillCycle(billCycleSpecificationId: $id, idempotencyKey: $key) {
  id name billingPeriod billingDate paymentDueDate validFor { startDateTime endDateTime } billCycleSpecification { refId name } } }`;

async function next(id: string, key?: string): Promise<any> {
  const { data, errors } = await server.graphql(mutation, { id, key });
  if (errors) throw Object.assign(new Error(errors[0]?.message), errors[0]?.extensions);
  return data.cycle;
}

/** Local days on which the periods of the next cycles begin and end, in Berlin. */
async function periods(specification: object, count: number): Promise<string[]> {
  const { id } = await made(server, 'BillCycleSpecification', { name: 'Rhythm', ...specification });
  const day = (time: string): string =>
    new Date(time).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' }).replace(' 00:00:00', '');
  const days: string[] = [];
  for (let index = 0; index < count; index++) {
    const { validFor } = await next(id);
    days.push(`${day(validFor.startDateTime)} ${day(validFor.endDateTime)}`);
  }
  return days;
}

const from = (startDateTime: string): object => ({ validFor: { startDateTime } });

describe('the next bill cycle', () => {
  it.each([
    [
      'months from the 31st end with each month',
      { billingPeriod: 'month', ...from('2027-12-31T00:00:00+01:00') },
      [
        '2027-12-31 2028-01-31',
        '2028-01-31 2028-02-29',
        '2028-02-29 2028-03-31',
        '2028-03-31 2028-04-30',
        '2028-04-30 2028-05-31',
      ],
    ],
    [
      'February of other years has 28 days',
      { billingPeriod: 'month', ...from('2026-01-31T00:00:00+01:00') },
      ['2026-01-31 2026-02-28', '2026-02-28 2026-03-31'],
    ],
    [
      'months begin with the first over both changes of the clock',
      { frequency: 'monthly', ...from('2026-03-01T00:00:00+01:00') },
      ['2026-03-01 2026-04-01', '2026-04-01 2026-05-01'],
    ],
    [
      'weeks stay weeks over both changes of the clock',
      { billingPeriod: 'week', ...from('2026-03-23T00:00:00+01:00') },
      ['2026-03-23 2026-03-30', '2026-03-30 2026-04-06'],
    ],
    [
      'weeks in autumn',
      { frequency: 'weekly', ...from('2026-10-19T00:00:00+02:00') },
      ['2026-10-19 2026-10-26', '2026-10-26 2026-11-02'],
    ],
    [
      'quarters',
      { billingPeriod: 'quarter', ...from('2026-11-30T00:00:00+01:00') },
      ['2026-11-30 2027-02-28', '2027-02-28 2027-05-30', '2027-05-30 2027-08-30'],
    ],
    [
      'years from a leap day',
      { billingPeriod: 'year', ...from('2028-02-29T00:00:00+01:00') },
      ['2028-02-29 2029-02-28', '2029-02-28 2030-02-28', '2030-02-28 2031-02-28', '2031-02-28 2032-02-29'],
    ],
    [
      'without a validity the present month is the first',
      { billingPeriod: 'month' },
      ['2026-03-01 2026-04-01', '2026-04-01 2026-05-01'],
    ],
  ])('%s', async (_title, specification, expected) => {
    expect(await periods(specification, expected.length)).toEqual(expected);
  });

  it('has its name, its dates and its event', async () => {
    const specification = await made(server, 'BillCycleSpecification', {
      name: 'Monthly',
      billingPeriod: 'month',
      billingDateShift: 32,
      paymentDueDateOffset: 45,
      ...from('2026-03-01T00:00:00+01:00'),
    });
    const cycle = await next(specification.id);
    expect(cycle).toEqual({
      id: expect.any(String),
      name: 'Monthly 2026-03',
      billingPeriod: '2026-03',
      // The clock has changed meanwhile.
      billingDate: '2026-04-01T22:00:00.000Z',
      paymentDueDate: '2026-04-14T22:00:00.000Z',
      validFor: { startDateTime: '2026-02-28T23:00:00.000Z', endDateTime: '2026-03-31T22:00:00.000Z' },
      billCycleSpecification: { refId: specification.id, name: 'Monthly' },
    });
    expect(await eventsOf(server, cycle.id)).toEqual(['BillCycleCreateEvent']);
  });

  it('follows the last one there is, also when that was made by hand', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { name: 'Monthly', billingPeriod: 'month' });
    await made(server, 'BillCycle', {
      name: 'by hand',
      billingDate: '2026-07-01T00:00:00.000Z',
      BillCycleSpecification: { id },
      validFor: { startDateTime: '2026-05-31T22:00:00.000Z' },
    });
    expect((await next(id)).validFor).toEqual({
      startDateTime: '2026-06-30T22:00:00.000Z',
      endDateTime: '2026-07-31T22:00:00.000Z',
    });
  });

  it('is counted from where the specification begins, also when the first cycle was deleted', async () => {
    const { id } = await made(server, 'BillCycleSpecification', {
      name: 'Monthly',
      billingPeriod: 'month',
      ...from('2028-01-31T00:00:00+01:00'),
    });
    const [first] = [await next(id), await next(id), await next(id)];
    expect(await remove(server, 'rest', 'BillCycle', first.id)).toMatchObject({ status: 204 });
    expect((await next(id)).validFor).toEqual({
      startDateTime: '2028-04-29T22:00:00.000Z',
      endDateTime: '2028-05-30T22:00:00.000Z',
    });
  });

  it('is another one for each of those who ask at once, without a gap', async () => {
    const { id } = await made(server, 'BillCycleSpecification', {
      name: 'Weekly',
      billingPeriod: 'week',
      ...from('2026-01-05T00:00:00+01:00'),
    });
    const cycles = await Promise.all(Array.from({ length: 8 }, () => next(id)));
    const sorted = cycles.map(({ validFor }) => validFor).sort((a, b) => (a.startDateTime < b.startDateTime ? -1 : 1));
    expect(sorted[0].startDateTime).toBe('2026-01-04T23:00:00.000Z');
    expect(sorted.slice(1).map(({ startDateTime }) => startDateTime)).toEqual(
      sorted.slice(0, -1).map(({ endDateTime }) => endDateTime),
    );
  });

  it('is the same one under one key', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { name: 'Weekly', billingPeriod: 'week' });
    const [first, again] = [await next(id, 'next'), await next(id, 'next')];
    expect(again).toEqual(first);
    expect((await next(id)).id).not.toBe(first.id);
  });

  it('is refused where it would begin when the specification is no longer valid', async () => {
    const endDateTime = '2026-03-09T00:00:00.000Z';
    const { id } = await made(server, 'BillCycleSpecification', {
      name: 'Weekly',
      billingPeriod: 'week',
      validFor: { startDateTime: '2026-03-02T00:00:00+01:00', endDateTime },
    });
    // The second begins an hour before the end.
    for (const start of ['2026-03-01T23:00:00.000Z', '2026-03-08T23:00:00.000Z'])
      expect((await next(id)).validFor.startDateTime).toBe(start);
    await expect(next(id)).rejects.toMatchObject({
      code: 'CONFLICT',
      status: 409,
      message: `billCycleSpecification '${id}' is valid until ${endDateTime}: no cycle begins later`,
    });
  });

  it('is refused where nothing recurs, for nobody, and beyond the calendar', async () => {
    const { id } = await made(server, 'BillCycleSpecification', { name: 'Whenever' });
    await expect(next(id)).rejects.toMatchObject({
      code: 'CONFLICT',
      status: 409,
      message: `billCycleSpecification '${id}' does not say what recurs: it has neither billingPeriod nor frequency`,
    });
    await expect(next('nobody')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
      message: "billCycleSpecification 'nobody' does not exist",
    });
    const last = await made(server, 'BillCycleSpecification', {
      name: 'Last',
      billingPeriod: 'year',
      ...from('9999-06-01T00:00:00Z'),
    });
    await expect(next(last.id)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('beyond the calendar'),
    });
  });
});
