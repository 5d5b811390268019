import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { createMigratedStorage, killAll, Program, startMaxMs, type Storage } from '../app/program.js';
import { seed } from '../support/seed.js';
import {
  ended,
  figures,
  importPath,
  linesOf,
  makeTask,
  open,
  put,
  received,
  taskOf,
  usage,
  type Json,
} from './imports.js';
import { proofSize } from '../support/proof.js';

/** Servers that are killed. */
const rounds = proofSize('CRASH_ROUNDS', { short: 1, long: 12 });
// One more start than rounds, and the import itself.
jest.setTimeout((rounds + 3) * startMaxMs);
const count = 6_000;
/** A server is killed after this, at most: while it takes the file, or while it moves what it took. */
const lifeMaxMs = 700;

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

it.each(['skipBad', 'allOrNothing'])(
  'every line is taken once, however often the server is killed (%s)',
  async (mode) => {
    let state = seed;
    const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn' };
    const lines = Array.from({ length: count }, (_, index) =>
      linesOf([
        usage(index % 2 === 0 ? undefined : `c-${index % (count - 1_000)}`, {
          description: String(index % (count - 1_000)),
        }),
      ]),
    );
    const content = lines.join('');
    const named = new Set(
      Array.from({ length: count }, (_, index) => index)
        .filter((index) => index % 2 === 1)
        .map((index) => index % (count - 1_000)),
    ).size;
    const expected = ['succeeded', count, count / 2 + named, count / 2 - named, 0];

    let program = new Program('start', env);
    let server = { url: await program.origin() };
    const { id } = await makeTask(server, { mode });
    for (let round = 1; round <= rounds; round++) {
      const isReceived = (await taskOf(server, id))['status'] !== 'notStarted' && (await isWhole(server, id));
      const killing = sleep(Math.floor(random() * lifeMaxMs)).then(() => program.kill());
      if (!isReceived) {
        const upload = open(server, 'PUT', `${importPath}/${id}/content`);
        for (let at = 0; at < count; at += 500)
          await upload.write(lines.slice(at, at + 500).join('')).catch(() => undefined);
        await upload.end().catch(() => undefined);
      }
      await killing;
      program = new Program('start', env);
      server = { url: await program.origin() };
    }
    const answer = await put(server, id, { content });
    expect([seed, [200, 409].includes(answer.status), answer.text]).toEqual([seed, true, answer.text]);
    const task = await ended(server, id);
    expect([seed, ...figures(task)]).toEqual([seed, ...expected]);
    expect(await program.stop()).toBe(0);
    const [there] = await storage.inspect((database) =>
      database.query<Json>(Prisma.sql`
      SELECT (SELECT count(*)::int FROM "Usage") AS "usages", (SELECT count(*)::int FROM "Outbox" WHERE "eventType" = 'UsageCreateEvent') AS "events",
        (SELECT count(DISTINCT "resourceId")::int FROM "Outbox" WHERE "eventType" = 'UsageCreateEvent') AS "told", (SELECT count(*)::int FROM "UsageImportBatch") AS "batches"`),
    );
    expect({ seed, ...there }).toEqual({
      seed,
      usages: expected[2],
      events: expected[2],
      told: expected[2],
      batches: 0,
    });
  },
);

it('a server that is told to stop waits for no upload, and says that it broke off', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn' };
  let program = new Program('start', env);
  let server = { url: await program.origin() };
  const content = linesOf(Array.from({ length: 1_500 }, (_, index) => usage(`stop-${index}`)));
  const { id } = await makeTask(server);
  const upload = open(server, 'PUT', `${importPath}/${id}/content`);
  await upload.write(content);
  await received(server, id, 1_000);
  expect(await program.stop()).toBe(0);
  program = new Program('start', env);
  server = { url: await program.origin() };
  expect((await taskOf(server, id))['message']).toMatch(
    /broke off: the server stops; send the file again to go on behind line 1000$/,
  );
  expect((await put(server, id, { content })).status).toBe(200);
  expect(figures(await ended(server, id))).toEqual(['succeeded', 1_500, 1_500, 0, 0]);
});

/** Whether the server has the whole file: then it takes no other. */
async function isWhole(server: { url: string }, id: string): Promise<boolean> {
  const { status, lines } = await taskOf(server, id);
  return status === 'succeeded' || lines === count;
}
