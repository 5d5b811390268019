import { afterEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { toldOf } from './alerts.js';
import { accepted, actions, eur, make, makeBucket, makeBuckets, read } from './balances.js';
import { update } from './transports.js';

jest.setTimeout(180_000);

const begin = '2026-03-01T12:00:00.000Z';
const [hour, day] = [3_600_000, 86_400_000];

let server: TestServer;
afterEach(() => server.close());

const after = (milliseconds: number): string => new Date(new Date(begin).getTime() + milliseconds).toISOString();
const until = (milliseconds: number): object => ({ validFor: { endDateTime: after(milliseconds) } });

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startTestServer(env);
  server.clock.set(begin);
  await server.startJobs();
  const marks = (env['EXPIRING_DAYS'] ?? '7,1').split(',').filter((one) => one !== '').length;
  await eventually('what ends by now counts as told', async () =>
    (await server.database.client.bucketExpiringMark.count()) === marks ? true : undefined,
  );
}

/** Sets the clock, and waits until all that ends by then was looked at: a bucket that ends last is told. */
async function goTo(milliseconds: number, days = 1): Promise<void> {
  const last = await makeBucket(server, 1, until(milliseconds + days * day));
  server.clock.set(after(milliseconds));
  await eventually(
    'the last bucket is told',
    async () => ((await toldOf(server, last)).length > 0 ? true : undefined),
    {
      maxMs: 30_000,
    },
  );
}

/** When a bucket was told to expire, in hours after the beginning, and which end that was. */
async function told(id: string): Promise<[number, string][]> {
  const events = (await toldOf(server, id)).filter(({ eventType }) => eventType === 'BucketExpiringEvent');
  return events.map(({ occurredAt, payload }) => [
    (occurredAt.getTime() - new Date(begin).getTime()) / hour,
    payload.validFor.endDateTime,
  ]);
}

it('tells of a bucket that ends, once so many days before, if something is left in it', async () => {
  await start();
  const end = 8 * day;
  const [whole, used, shorter] = (await makeBuckets(server, 3, 10, until(end))) as [string, string, string];
  const [suspended, empty] = [await makeBucket(server, 10, until(end)), await makeBucket(server, 0, until(end))];
  const soon = await makeBucket(server, 10, until(12 * hour));
  await makeBucket(server, 10);
  accepted(await update(server, 'rest', 'Bucket', suspended, { status: 'suspended' }));
  await goTo(day - 1, 7);
  expect(await told(whole)).toEqual([]);
  await goTo(day, 7);
  expect([await told(whole), await told(suspended), await told(empty), await told(soon)]).toEqual([
    [[24, after(end)]],
    [],
    [],
    [],
  ]);
  const [event] = await toldOf(server, whole);
  const { href: _, reserveBalance: __, ...bucket } = await read(server, 'Bucket', whole);
  expect(event).toMatchObject({ payload: bucket, principalId: 'system' });

  // What is used up meanwhile is not told again; what moves to a later end is, and what moves to an earlier one that lies behind is not.
  await make(server, 'AdjustBalance', { ...actions.debit.attributes, amount: eur(10), bucket: { id: used } });
  accepted(await update(server, 'rest', 'Bucket', shorter, until(30 * hour)));
  await make(server, 'TopupBalance', { amount: eur(1), bucket: { id: whole }, ...until(11 * day) });
  await goTo(4 * day, 7);
  await goTo(10 * day);
  expect([await told(whole), await told(used), await told(shorter)]).toEqual([
    [
      [24, after(end)],
      [4 * 24, after(11 * day)],
      [10 * 24, after(11 * day)],
    ],
    [[24, after(end)]],
    [[24, after(end)]],
  ]);
});

it('tells what came between two looks, only the fewest days of it, and nothing that is over', async () => {
  await start();
  const [over, late, both] = [
    await makeBucket(server, 10, until(9 * day)),
    await makeBucket(server, 10, until(11 * day)),
    await makeBucket(server, 10, until(17 * day)),
  ];
  await goTo(10 * day);
  expect([await told(over), await told(late), await told(both)]).toEqual([
    [],
    [[240, after(11 * day)]],
    [[240, after(17 * day)]],
  ]);
});

it('tells many that end at the same instant, each once', async () => {
  await start({ EXPIRING_DAYS: '1' });
  const ids: string[] = [];
  while (ids.length < 1_200) ids.push(...(await makeBuckets(server, 200, 10, until(2 * day))));
  await goTo(day);
  const events = await server.database.client.outbox.findMany({ where: { eventType: 'BucketExpiringEvent' } });
  const counts = new Map<string, number>();
  for (const { resourceId } of events) counts.set(resourceId, (counts.get(resourceId) ?? 0) + 1);
  expect([ids.length, ids.filter((id) => counts.get(id) !== 1)]).toEqual([1_200, []]);
});

it('moves its mark with the events, or not at all', async () => {
  await start({ EXPIRING_DAYS: '1' });
  const { database } = server;
  const id = await makeBucket(server, 10, until(2 * day));
  const markAt = async (): Promise<Date | undefined> =>
    (await database.client.bucketExpiringMark.findFirst())?.validForEnd;
  const before = await markAt();
  await database.script(
    `ALTER TABLE "Outbox" ADD CONSTRAINT "none" CHECK ("eventType" <> 'BucketExpiringEvent') NOT VALID`,
  );
  server.clock.set(after(day));
  await eventually('it was tried in vain', async () => {
    const [row] = await database.query<{ isFailing: boolean }>(
      Prisma.sql`SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE "name" = 'tell-expiring-buckets' AND ("data" ->> 'failures')::int > 0) AS "isFailing"`,
    );
    return row?.isFailing || undefined;
  });
  expect([await told(id), await markAt()]).toEqual([[], before]);
  await database.script('ALTER TABLE "Outbox" DROP CONSTRAINT "none"');
  await goTo(day);
  expect(await told(id)).toEqual([[24, after(2 * day)]]);
});
