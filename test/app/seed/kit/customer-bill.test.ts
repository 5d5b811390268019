import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Prisma } from '../../../../prisma/generated/client.js';
import { seedCustomerBill } from '../../../../src/app/seed/kit/customer-bill.js';
import { createServer, type AppServer } from '../../../../src/app/server.js';
import { readConfig } from '../../../../src/platform/config.js';
import { contentOf } from '../../../fixtures/rows.js';
import { openTestDatabase, type TestDatabase } from '../../../support/database.js';
import { TestClock } from '../../../support/server.js';

const logger = pino({ level: 'silent' });
const config = readConfig({ PORT: '0', SEED: 'none', LOG_LEVEL: 'silent' }, 'sandbox');

describe('the kit bills', () => {
  let database: TestDatabase;
  let server: AppServer;
  const clock = new TestClock();
  const seed = (): Promise<void> => seedCustomerBill({ config, database, logger }, server.domains);
  beforeAll(async () => {
    database = await openTestDatabase();
    server = await createServer({ config, database, logger, clock });
    await seed();
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  it('are last month, billed, in each state that bills come to, and one of a single line out of turn, which is new', async () => {
    expect(await database.client.billCycleSpecification.count()).toBe(2);
    const [cycle] = await database.client.billCycle.findMany();
    expect([
      cycle?.validForStart?.toISOString(),
      cycle?.validForEnd?.toISOString(),
      cycle?.paymentDueDate?.toISOString(),
    ]).toEqual(['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-03-19T00:00:00.000Z']);
    const bills = await database.client.customerBill.findMany({ orderBy: { id: 'asc' } });
    const told = bills.map(({ billingAccount, state, taxIncludedAmountValue, remainingAmountValue, billNo }) => [
      (billingAccount as { id: string }).id,
      state,
      Number(taxIncludedAmountValue),
      Number(remainingAmountValue),
      billNo !== null,
    ]);
    expect(told).toEqual([
      ['account-1', 'settled', 38.47, 0, true],
      ['account-2', 'partiallyPaid', 47.59, 27.59, true],
      ['account-3', 'onHold', 199.21, 199.21, false],
      ['account-4', 'sent', 47.59, 47.59, true],
      ['account-1', 'new', 11.9, 11.9, false],
    ]);
    const lines = await database.client.appliedCustomerBillingRate.findMany({
      where: { bill: { path: ['id'], equals: String(bills.at(-1)?.id) } },
    });
    expect(lines.map(({ isBilled, taxIncludedAmountValue }) => [isBilled, Number(taxIncludedAmountValue)])).toEqual([
      [true, 11.9],
    ]);
  });

  it('leave rates and rated usages of the present month to be billed', async () => {
    expect(await database.client.appliedCustomerBillingRate.count({ where: { isBilled: false } })).toBe(2);
    expect(
      await server.domains.customerBill.createRatesFromUsage(
        { tenantId: 'default', principalId: 'a test' },
        { billingAccount: { id: 'account-1' } },
      ),
    ).toEqual({ usages: 3, rates: 3, hasMore: false });
  });

  it('are written once, also when the first start died before it could say so', async () => {
    const before = await contentOf(database);
    await seed();
    expect(await contentOf(database)).toEqual(before);
    clock.advance(40 * 24 * 3_600_000);
    await database.transaction((tx) => tx.execute(Prisma.sql`DELETE FROM "ServerState" WHERE "key" = 'demo bills'`));
    await seed();
    const { ServerState: _ignored, ...after } = await contentOf(database);
    const { ServerState, ...first } = before;
    expect(after).toEqual(first);
  });
});
