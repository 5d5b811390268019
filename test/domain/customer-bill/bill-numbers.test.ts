import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { update } from '../../fixtures/transports.js';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billIn } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ OPERATOR_TIME_ZONE: 'Europe/Berlin' });
});
afterAll(() => server.close());

const validate = (id: string, key?: string): ReturnType<typeof update> =>
  update(server, 'rest', 'CustomerBill', id, { state: 'validated' }, key);

async function numbersOf(prefix: string): Promise<number[]> {
  const rows = await server.database.client.customerBill.findMany({ where: { billNo: { startsWith: prefix } } });
  return rows.map(({ billNo }) => Number(billNo?.slice(prefix.length))).sort((a, b) => a - b);
}

describe('the number of a bill', () => {
  it('is given when the bill leaves new, and stays', async () => {
    const bill = await billIn(server, 'new');
    expect(bill.billNo).toBe(undefined);
    const held = await update(server, 'rest', 'CustomerBill', bill.id, { state: 'onHold' });
    expect(held.resource.billNo).toBe(undefined);
    const { resource } = await validate(bill.id);
    expect(resource.billNo).toBe('INV-2026-000001');
    expect((await update(server, 'rest', 'CustomerBill', bill.id, { state: 'onHold' })).resource.billNo).toBe(
      'INV-2026-000001',
    );
    expect((await update(server, 'rest', 'CustomerBill', bill.id, { state: 'validated' })).resource.billNo).toBe(
      'INV-2026-000001',
    );
  });

  it('has a series of its own for credit notes', async () => {
    const { id } = await billIn(server, 'new', { category: 'credit note' });
    expect((await validate(id)).resource.billNo).toBe('CN-2026-000001');
    const other = await billIn(server, 'new', { category: '__proto__' });
    expect((await validate(other.id)).resource.billNo).toBe('INV-2026-000002');
  });

  it('begins anew with the year, as it is at the place of the operator', async () => {
    const { id } = await billIn(server, 'new');
    server.clock.set('2027-12-31T22:59:59.999Z');
    expect((await validate(id)).resource.billNo).toBe('INV-2027-000001');
    const later = await billIn(server, 'new');
    server.clock.set('2027-12-31T23:00:00.000Z');
    expect((await validate(later.id)).resource.billNo).toBe('INV-2028-000001');
  });

  it('is neither missed nor given twice when fifty bills leave new at once, and some are refused', async () => {
    server.clock.set('2030-06-01T00:00:00.000Z');
    const bills: { id: string }[] = [];
    while (bills.length < 50) bills.push(await billIn(server, 'new'));
    const refused = bills.slice(0, 10);
    const answers = await Promise.all([
      ...bills.map(({ id }) => retryWhileBusy((key) => validate(id, key))),
      // These have taken a number, or not yet, when they are refused: the payment does not fit a bill without an amount.
      ...refused.map(({ id }) =>
        retryWhileBusy((key) =>
          update(
            server,
            'graphql',
            'CustomerBill',
            id,
            {
              state: 'validated',
              appliedPayment: [{ payment: { id: 'p' }, appliedAmount: { value: 1, unit: 'EUR' } }],
            },
            key,
          ),
        ),
      ),
    ]);
    expect(answers.slice(0, 50).map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(answers.slice(50).map(({ status }) => status)).toEqual(Array(10).fill(409));
    expect(await numbersOf('INV-2030-')).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it('is taken by the next bill when the transaction that took it fails', async () => {
    server.clock.set('2031-06-01T00:00:00.000Z');
    const [one, other] = [await billIn(server, 'new'), await billIn(server, 'new')];
    // Events are written last, when the number has been taken.
    await server.database.client.$executeRawUnsafe(`
      CREATE FUNCTION "refuseOutbox"() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`);
    await server.database.client.$executeRawUnsafe(`
      CREATE TRIGGER "refused" BEFORE INSERT ON "Outbox" FOR EACH ROW WHEN (NEW."resourceId" = '${one.id}') EXECUTE FUNCTION "refuseOutbox"()`);
    expect((await validate(one.id)).status).toBe(500);
    expect((await validate(other.id)).resource.billNo).toBe('INV-2031-000001');
    await server.database.client.$executeRawUnsafe('DROP TRIGGER "refused" ON "Outbox"');
    expect((await validate(one.id)).resource.billNo).toBe('INV-2031-000002');
  });
});
