import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import { Jobs } from '../../../platform/jobs/jobs.js';
import type { AppContext } from '../../app-context.js';
import { createDomainModules } from '../../domains/index.js';
import { demoKey, kitKeys, remembered } from '../seeded.js';
import { balanceSteps } from './balances.js';
import { billSteps } from './bills.js';
import { orderSteps } from './orders.js';
import { Days, Past } from './past.js';
import { usageSteps } from './usage.js';

/**
 * Writes the demo data: a small operator with three months behind it. Every row is made by the rules of its domain, with a clock that
 * goes from then to now, so that ledgers, bills and histories are what they would be had a server run all the time. What ended early is
 * continued by the next start. Does nothing where the data of the kits are.
 */
export async function writeDemo(appContext: AppContext): Promise<void> {
  const { database, logger } = appContext;
  if (await remembered(database, Object.values(kitKeys))) return;
  const { begunAt, attempt, isWritten } = await begin(database, new Date(appContext.clock.now()));
  if (isWritten) return;
  const days = new Days(begunAt);
  const past = new Past(days, attempt);
  const jobs = new Jobs(database, logger);
  const { clock, nextId } = past;
  const { domains, tenants } = await createDomainModules({ ...appContext, clock, nextId, jobs });
  await tenants.begin();
  await jobs.prepare();
  const startedAt = performance.now();
  const steps = [balanceSteps, usageSteps, billSteps, orderSteps].flatMap((stepsOf) => stepsOf(days, database));
  for (const { at, tell } of steps.sort((one, other) => one.at.getTime() - other.at.getTime())) {
    past.moveTo(at);
    await tell(domains, past);
  }
  await domains.prepayBalance.drain();
  tenants.stop();
  await end(database);
  logger.info({ seconds: Math.round((performance.now() - startedAt) / 100) / 10 }, 'demo data written');
}

interface Begun {
  readonly begunAt: Date;
  readonly attempt: number;
  readonly isWritten: boolean;
}

/** Counts this start, unless it finds all written; each tells the story of the day of the first. */
async function begin(database: Database, now: Date): Promise<Begun> {
  const first = JSON.stringify({ begunAt: now.toISOString(), attempt: 0, isWritten: false });
  const [row] = await database.transaction((tx) =>
    tx.query<{ value: { begunAt: string; attempt: number; isWritten: boolean } }>(Prisma.sql`
      INSERT INTO "ServerState" AS s ("key", "value", "updatedAt") VALUES (${demoKey}, ${first}::jsonb, now())
      ON CONFLICT ("key") DO UPDATE SET "value" = CASE WHEN (s."value" ->> 'isWritten')::boolean THEN s."value"
        ELSE s."value" || jsonb_build_object('attempt', (s."value" ->> 'attempt')::int + 1) END
      RETURNING "value"`),
  );
  if (row === undefined) throw new Error('the beginning was written');
  return { ...row.value, begunAt: new Date(row.value.begunAt) };
}

async function end(database: Database): Promise<void> {
  await database.transaction((tx) =>
    tx.execute(Prisma.sql`
      UPDATE "ServerState" SET "value" = "value" || '{"isWritten": true}'::jsonb, "updatedAt" = now() WHERE "key" = ${demoKey}`),
  );
}
