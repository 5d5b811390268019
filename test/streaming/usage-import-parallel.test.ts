import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { startSecondServer } from '../domain/prepay-balance/second-server.js';
import { seed } from '../support/seed.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { figures, linesOf, taken, usage, type Json } from './imports.js';
import { proofSize } from '../support/proof.js';

jest.setTimeout(400_000);

const files = 8;
/** Lines of all files together. */
const linesMax = proofSize('IMPORT_LINES', { short: 4_000, long: 16_000 });
const duplicateShare = 0.2;

const servers: TestServer[] = [];
beforeEach(async () => {
  const first = await startTestServer();
  servers.push(first);
  // A database in this process belongs to one server.
  if (first.database.url) servers.push(await startSecondServer(first, first.clock));
  for (const server of servers) await server.startJobs();
});
afterEach(async () => {
  for (const server of servers.splice(0).reverse()) await server.close();
});

function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Usages, of which some come again, in their file or in another one. */
function makeFiles(): { contents: string[]; names: number } {
  const random = randomFrom(seed);
  const contents: Json[][] = Array.from({ length: files }, () => []);
  let names = 0;
  for (let line = 0; line < linesMax; line++) {
    const isDuplicate = names > 0 && random() < duplicateShare;
    const name = isDuplicate ? Math.floor(random() * names) : names++;
    contents[Math.floor(random() * files)]?.push(
      usage(`p-${name}`, {
        source: `switch-${name % 7}`,
        usageCharacteristic: [{ name: 'duration', value: name % 3_600 }],
      }),
    );
  }
  return { contents: contents.map(linesOf), names };
}

it.each(['skipBad', 'allOrNothing'] as const)(
  'files that share usages are taken side by side, each usage once (%s)',
  async (mode) => {
    const { contents, names } = makeFiles();
    const tasks = await Promise.all(
      contents.map((content, index) => taken(servers[index % servers.length] as TestServer, { content, mode })),
    );
    const sum = (name: string): number => tasks.reduce((total, task) => total + Number(task[name]), 0);
    expect([seed, tasks.map((task) => figures(task)[0])]).toEqual([seed, tasks.map(() => 'succeeded')]);
    expect({
      seed,
      lines: sum('lines'),
      accepted: sum('accepted'),
      duplicates: sum('duplicates'),
      rejected: sum('rejected'),
    }).toEqual({ seed, lines: linesMax, accepted: names, duplicates: linesMax - names, rejected: 0 });
    const [there] = await (servers[0] as TestServer).database.query<Json>(Prisma.sql`
    SELECT (SELECT count(*)::int FROM "Usage") AS "usages", (SELECT count(DISTINCT ("source", "externalId"))::int FROM "Usage") AS "names",
      (SELECT count(*)::int FROM "UsageOrigin" o JOIN "Usage" u ON u."id" = o."usageId" AND u."externalId" = o."externalId") AS "origins",
      (SELECT count(*)::int FROM "Outbox" o JOIN "Usage" u ON u."id" = o."resourceId" WHERE o."eventType" = 'UsageCreateEvent') AS "events",
      (SELECT count(*)::int FROM "Outbox" WHERE "eventType" = 'UsageCreateEvent') AS "allEvents",
      (SELECT count(*)::int FROM "UsageImportBatch") AS "batches"`);
    expect({ seed, ...there }).toEqual({
      seed,
      usages: names,
      names,
      origins: names,
      events: names,
      allEvents: names,
      batches: 0,
    });
  },
);
