import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Prisma } from '../../../../prisma/generated/client.js';
import { seedUsage } from '../../../../src/app/seed/kit/usage.js';
import { createServer, type AppServer } from '../../../../src/app/server.js';
import { readConfig } from '../../../../src/platform/config.js';
import { contentOf } from '../../../fixtures/rows.js';
import { openTestDatabase, type TestDatabase } from '../../../support/database.js';
import { TestClock } from '../../../support/server.js';

const logger = pino({ level: 'silent' });
const config = readConfig({ PORT: '0', SEED: 'none', LOG_LEVEL: 'silent' }, 'sandbox');

describe('the kit usage', () => {
  let database: TestDatabase;
  let server: AppServer;
  const clock = new TestClock();
  beforeAll(async () => {
    database = await openTestDatabase();
    server = await createServer({ config, database, logger, clock });
    await seedUsage({ config, database, logger }, server.domains);
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  it('is a month of three kinds, of which all but the latest is rated', async () => {
    const usages = await database.client.usage.findMany({ orderBy: { id: 'asc' } });
    expect(usages).toHaveLength(320);
    expect(await database.client.usageSpecification.count()).toBe(3);
    const dates = usages.map(({ usageDate }) => usageDate.getTime());
    expect([...dates].sort((a, b) => a - b)).toEqual(dates);
    const day = 24 * 3_600_000;
    expect([
      clock.now().getTime() - dates[0]! > 28 * day,
      clock.now().getTime() - dates[0]! <= 30 * day,
      dates.at(-1)! <= clock.now().getTime(),
    ]).toEqual([true, true, true]);
    const share = (test: (usage: (typeof usages)[number]) => boolean): number =>
      usages.filter(test).length / usages.length;
    for (const kind of ['voice', 'data', 'sms'])
      expect(share(({ usageType }) => usageType === kind)).toBeGreaterThan(0.1);
    expect(share(({ status }) => status === 'rated')).toBeGreaterThan(0.8);
    expect(new Set(usages.map(({ status }) => status))).toEqual(new Set(['rated', 'rejected', 'received', 'guided']));
  });

  it('is written once, also when the first start died before it could say so', async () => {
    const before = await contentOf(database);
    await seedUsage({ config, database, logger }, server.domains);
    expect(await contentOf(database)).toEqual(before);
    clock.advance(3_600_000);
    await database.transaction((tx) => tx.execute(Prisma.sql`DELETE FROM "ServerState" WHERE "key" = 'demo usage'`));
    await seedUsage({ config, database, logger }, server.domains);
    const after = await contentOf(database);
    for (const table of ['Usage', 'UsageSpecification', 'UsageOrigin', 'Outbox'])
      expect([table, after[table]]).toEqual([table, before[table]]);
  });
});
