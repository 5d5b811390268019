import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { accepted, actions, eur, makeBucket, makeReservation } from './balances.js';
import { create } from './transports.js';

// Links from buckets to actions and from groups to buckets are written by the server: without the triggers that are left for
// servers of the version before, and that distributed tables do not have.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PAYMENT_WAIT_SECONDS: '3600' });
  const triggers = await server.database.query<{ name: string; table: string }>(Prisma.sql`
    SELECT t.tgname::text AS "name", t.tgrelid::regclass::text AS "table" FROM pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgrelid IN ('"Bucket"'::regclass, '"BalanceAction"'::regclass)`);
  expect(triggers.length).toBeGreaterThan(0);
  await server.database.script(triggers.map(({ name, table }) => `DROP TRIGGER "${name}" ON ${table}`).join(';'));
});
afterAll(() => server.close());

const party = (id: string, more: object = {}): object => ({ id, '@referredType': 'Individual', ...more });
const patch = async (path: string, body: object): Promise<number> =>
  (await server.rest('PATCH', path, { body })).status;

/** Links that are there and should not be, or the other way round. */
async function linkProblems(): Promise<unknown[]> {
  return server.database.query(Prisma.sql`
    SELECT coalesce(l."bucketId", w."bucketId") AS "bucket", coalesce(l."actionId", w."actionId") AS "action", w."actionId" IS NULL AS "isTooMuch"
    FROM "BucketAction" l FULL JOIN (
      SELECT a."tenantId", i AS "bucketId", a."id" AS "actionId"
      FROM "BalanceAction" a, "bucketIdsOf"(a."bucket", a."impactedBucket", a."receiverBucket") i
    ) w USING ("tenantId", "bucketId", "actionId")
    WHERE l."actionId" IS NULL OR w."actionId" IS NULL`);
}

async function groupProblems(): Promise<unknown[]> {
  return server.database.query(Prisma.sql`
    SELECT coalesce(l."bucketId", w."bucketId") AS "bucket", coalesce(l."groupId", w."groupId") AS "group", w."groupId" IS NULL AS "isTooMuch"
    FROM "BalanceGroupBucket" l FULL JOIN (
      SELECT b."tenantId", b."id" AS "bucketId", o."groupId" FROM "Bucket" b,
        "balanceGroupsOf"(b."usageType", b."remainingValueUnits", b."logicalResource", b."partyAccount", b."product", b."relatedParty") o
    ) w USING ("tenantId", "bucketId", "groupId")
    WHERE l."groupId" IS NULL OR w."groupId" IS NULL
      OR NOT EXISTS (SELECT 1 FROM "BalanceGroup" g WHERE g."tenantId" = l."tenantId" AND g."id" = l."groupId")`);
}

const historyOf = async (id: string): Promise<string[]> => {
  const { data } = await server.graphql(`query ($id: ID!) { bucket(id: $id) { actions { items { id } } } }`, {
    id,
  });
  return data.bucket.actions.items.map((one: { id: string }) => one.id) as string[];
};

it('links each action to the buckets it names or moved, and follows what becomes of it', async () => {
  const [bucket, other] = [await makeBucket(server, 10), await makeBucket(server, 1, { product: [{ id: 'found' }] })];
  const at = (id: string, amount: number, more: object = {}): object => ({
    bucket: { id },
    amount: eur(amount),
    ...more,
  });
  accepted(await create(server, 'rest', 'TopupBalance', at(bucket, 5)));
  // Found by what it is for, not named.
  accepted(await create(server, 'rest', 'TopupBalance', { amount: eur(1), product: [{ id: 'found' }] }));
  accepted(await create(server, 'rest', 'TransferBalance', at(bucket, 1, { receiverBucket: { id: other } })));
  const reservation = await makeReservation(server, bucket, 2);
  accepted(
    await create(server, 'rest', 'AdjustBalance', {
      ...actions.commit.attributes,
      reserveBalance: { id: reservation },
      amount: eur(1),
    }),
  );
  expect(await patch(`/reserveBalance/${await makeReservation(server, bucket, 2)}`, { status: 'cancelled' })).toBe(200);
  // Refused: recorded, and linked to what it named.
  await create(server, 'rest', 'AdjustBalance', {
    ...actions.debit.attributes,
    ...at(bucket, 1_000),
    usageType: 'monetary',
  });
  // Applied when it is due, to what is found then.
  const later = '2026-03-02T00:00:00.000Z';
  accepted(
    await create(server, 'rest', 'TopupBalance', { amount: eur(1), product: [{ id: 'found' }], requestedDate: later }),
  );
  expect(await linkProblems()).toEqual([]);
  server.clock.set(later);
  expect(await historyOf(other)).toHaveLength(3);
  expect(await linkProblems()).toEqual([]);
  expect(await historyOf(bucket)).toHaveLength(6);
});

it('links an action that waits for its payment to the bucket that it then names', async () => {
  const [bucket, other] = [await makeBucket(server, 10), await makeBucket(server, 1)];
  const topup = accepted(
    await create(server, 'rest', 'TopupBalance', { bucket: { id: bucket }, amount: eur(5), status: 'created' }),
  );
  expect(await patch(`/topupBalance/${topup.id}`, { bucket: { id: other } })).toBe(200);
  expect([await historyOf(bucket), await historyOf(other)]).toEqual([[], [topup.id]]);
  expect(await patch(`/topupBalance/${topup.id}`, { status: 'completed', bucket: { id: bucket } })).toBe(200);
  expect([await historyOf(bucket), await historyOf(other)]).toEqual([[topup.id], []]);
  expect(await linkProblems()).toEqual([]);
});

it('groups buckets by their owners, from their first units until they are deleted', async () => {
  const names = async (id: string): Promise<unknown> =>
    (await server.rest('GET', `/accumulatedBalance?relatedParty.id=${id}`)).body.map((one: any) => one.relatedParty);
  const owners = {
    relatedParty: [party('p1', { name: 'Before' }), party('p2')],
    partyAccount: { id: 'a1' },
    product: [{ id: 'x1' }],
  };
  const first = await makeBucket(server, 3, owners);
  await makeBucket(server, 3, { relatedParty: [party('p1', { name: 'Now' })] });
  expect(await names('p1')).toEqual([[{ id: 'p1', name: 'Now', '@referredType': 'Individual' }]]);
  const empty = await makeBucket(server, undefined, { relatedParty: [party('p3')] });
  expect(await names('p3')).toEqual([]);
  accepted(await create(server, 'rest', 'TopupBalance', { bucket: { id: empty }, amount: eur(1) }));
  expect(await names('p3')).toEqual([[party('p3')]]);
  expect(await patch(`/bucket/${first}`, { relatedParty: [party('p2'), party('p4')], usageType: 'other' })).toBe(200);
  expect(await patch(`/bucket/${first}`, { description: 'no owner changes' })).toBe(200);
  expect(await groupProblems()).toEqual([]);
  const gone = await makeBucket(server, 0, owners);
  expect((await server.rest('DELETE', `/bucket/${gone}`)).status).toBe(204);
  expect(await groupProblems()).toEqual([]);
});
