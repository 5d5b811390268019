import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prisma } from '../../prisma/generated/client.js';
import type { Database } from '../../src/platform/database/database.js';
import { createMigratedStorage, graphql, killAll, Program, startMaxMs, type Storage } from '../app/program.js';
import { eventually } from '../support/eventually.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';

const usages = 6_000;
jest.setTimeout(5 * startMaxMs);

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

function fill(database: Database): Promise<void> {
  return database.script(`
    INSERT INTO "Usage" ("tenantId", "id", "usageDate", "usageType", "status", "usageSpecification", "relatedParty", "updatedAt")
    SELECT 'default', 'U' || lpad(n::text, 25, '0'), '2026-02-01T00:00:00Z', 'voice', 'received', '{"id": "call"}',
      jsonb_build_array(jsonb_build_object('id', '42', 'name', 'Ann Lee', 'atReferredType', 'Individual')), now()
    FROM generate_series(1, ${usages}) n`);
}

async function ask(origin: string, query: string): Promise<any> {
  const { body } = await retryWhileBusy(() => graphql(origin, query));
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

it('goes on through kill -9 where it was, and changes each row once', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'error' };
  await storage.inspect(fill);
  const killed = new Program('start', env);
  const { forgetParty } = await ask(await killed.origin(), 'mutation { forgetParty(id: "42") { id } }');
  await sleep(300);
  await killed.kill();
  const program = new Program('start', env);
  const origin = await program.origin();
  const done = await eventually('the party is forgotten', async () => {
    const { partyErasure } = await ask(origin, `{ partyErasure(id: "${forgetParty.id}") { state rows } }`);
    return partyErasure.state === 'done' ? partyErasure : undefined;
  });
  expect(await program.stop()).toBe(0);
  expect(done.rows).toBeGreaterThanOrEqual(usages);
  const [left] = await storage.inspect((database) =>
    database.query<{ named: number; revised: number; events: number }>(Prisma.sql`
      SELECT count(*) FILTER (WHERE "relatedParty"::text LIKE '%Ann%')::int AS "named", count(*) FILTER (WHERE "revision" = 2)::int AS "revised",
        (SELECT count(*)::int FROM "Outbox" WHERE "eventType" = 'UsageAttributeValueChangeEvent') AS "events"
      FROM "Usage"`),
  );
  expect(left).toEqual({ named: 0, revised: usages, events: usages });
});
