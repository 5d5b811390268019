import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { update } from '../../fixtures/transports.js';
import { billIn, eur, pay, standings } from './bills.js';

const hour = 3_600_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

const inHours = (hours: number): string => new Date(server.clock.now().getTime() + hours * hour).toISOString();
const due = (hours: number): object => ({ amountDue: eur(100), paymentDueDate: inHours(hours) });

/** What was told of a bill, by the date at which it was due. */
async function told(id: string): Promise<string[]> {
  const where = { resourceId: id, eventType: 'CustomerBillOverdueEvent' };
  const events = await server.database.client.outbox.findMany({ where, orderBy: { id: 'asc' } });
  return events.map(({ payload }) => (payload as { paymentDueDate: string }).paymentDueDate);
}

/** Lets time pass, and waits until everything was looked at that is due by then: a bill that is due last is told. */
async function pass(hours: number): Promise<void> {
  const { id } = await billIn(server, 'sent', due(hours));
  server.clock.advance(hours * hour);
  await eventually('the last bill is told', async () => ((await told(id)).length > 0 ? true : undefined));
}

it('is told of a bill that was sent and is not paid in time, and not again', async () => {
  const first = inHours(2);
  const { id } = await billIn(server, 'sent', due(2));
  await pass(1);
  expect(await told(id)).toEqual([]);
  await pass(1);
  expect(await told(id)).toEqual([first]);
  const [event] = await server.database.client.outbox.findMany({
    where: { resourceId: id, eventType: 'CustomerBillOverdueEvent' },
  });
  const { href: _, billDocument: __, ...bill } = (await server.rest('GET', `/customerBill/${id}`)).body;
  expect(event).toMatchObject({ payload: bill, principalId: 'system' });
  await pay(server, 'rest', id, 40);
  await pass(1);
  expect(await told(id)).toEqual([first]);
});

it('is told of no bill but those that were sent and not paid, of the others when they are', async () => {
  const date = inHours(1);
  const bills = new Map<string, string>();
  for (const standing of standings) bills.set(standing, (await billIn(server, standing, due(1))).id);
  const undated = (await billIn(server, 'sent', { amountDue: eur(100) })).id;
  await pass(1);
  const tellsOf = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const [standing, id] of bills) if ((await told(id)).join() === date) found.push(standing);
    return found;
  };
  expect([await tellsOf(), await told(undated)]).toEqual([['sent', 'partiallyPaid'], []]);
  for (const [standing, state] of [
    ['validated', 'sent'],
    ['onHold:sent', 'sent'],
  ] as const) {
    const { status } = await update(server, 'rest', 'CustomerBill', String(bills.get(standing)), { state });
    expect([standing, status]).toEqual([standing, 200]);
  }
  await pass(1);
  expect(await tellsOf()).toEqual(['validated', 'sent', 'partiallyPaid', 'onHold:sent']);
});
