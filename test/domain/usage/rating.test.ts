import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, eventsOf, ledgerOf, makeBucket } from '../prepay-balance/balances.js';
import { create as createBalance, update as updateBalance } from '../prepay-balance/transports.js';
import { adjustmentsOf, charged, guided, left, ratings, to, usageOf, usageSpecification } from './charges.js';
import { create, transports, made, rate, remove, update, type Transport } from '../../fixtures/transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const bucketOf = (opening: number, attributes?: object): Promise<string> => makeBucket(server, opening, attributes);

describe('a usage that is rated', () => {
  it.each(transports)(
    'consumes the rated amounts, tax included, of the bucket it is charged to, through %s',
    async (door) => {
      const bucket = await bucketOf(10);
      const id = await guided(server);
      const { status, resource } = await rate(server, door, id, [...ratings(1.19, 0.5), {}], { chargeTo: to(bucket) });
      expect([status, resource.status, resource.chargeTo]).toEqual([
        200,
        'rated',
        { bucket: { id: bucket }, amount: eur(1.69) },
      ]);
      expect(await ledgerOf(server, bucket)).toEqual(['1 opening 10 0 → 10 0 EUR', '2 debit -1.69 0 → 8.31 0 EUR']);
      expect(await left(server, bucket)).toEqual([8.31]);
      const [action] = await adjustmentsOf(server, id);
      expect(resource.adjustBalance).toEqual([{ id: action.id }]);
      expect(action).toMatchObject({
        status: 'completed',
        adjustType: 'usageDebit',
        reason: 'Usage charged',
        description: `usage ${id}`,
        usageType: 'monetary',
        amount: eur(1.69),
        bucket: { id: bucket },
        usage: { id },
      });
      expect(await eventsOf(server, id)).toEqual([
        'UsageCreateEvent',
        'UsageStateChangeEvent',
        'UsageAttributeValueChangeEvent',
      ]);
      expect(await eventsOf(server, action.id)).toEqual(['AdjustBalanceCreateEvent']);
    },
  );

  it.each(transports)('consumes the amount that is given instead, in units that convert, through %s', async (door) => {
    const bucket = await bucketOf(0, { usageType: 'data', remainingValue: { amount: 5000, units: 'MB' } });
    const id = await guided(server);
    const { resource } = await rate(server, door, id, ratings(1), { chargeTo: to(bucket, 1.5, 'GB') });
    expect([resource.chargeTo.amount, await left(server, bucket)]).toEqual([{ amount: 1.5, units: 'GB' }, [3500]]);
    expect((await update(server, door, 'Usage', id, { chargeTo: to(bucket, 1_750, 'MB') })).status).toBe(200);
    expect([await left(server, bucket), (await adjustmentsOf(server, id)).map(({ amount }) => amount)]).toEqual([
      [3250],
      [
        { amount: 1.5, units: 'GB' },
        { amount: 250, units: 'MB' },
      ],
    ]);
  });

  it.each(transports)('is charged as it arrives, when it arrives rated, through %s', async (door) => {
    const bucket = await bucketOf(10);
    for (const status of ['rated', 'rerated']) {
      const outcome = await create(server, door, 'Usage', {
        usageSpecification,
        status,
        usageType: 'voice',
        externalId: `${door}-${status}`,
        source: 'switch',
        ratedProductUsage: ratings(2),
        chargeTo: to(bucket),
      });
      const { id, chargeTo, adjustBalance } = outcome.resource;
      const [action] = await adjustmentsOf(server, id);
      expect([chargeTo.amount, adjustBalance, action.description]).toEqual([
        eur(2),
        [{ id: action.id }],
        `usage ${id}, ${door}-${status} of source switch`,
      ]);
    }
    expect(await left(server, bucket)).toEqual([6]);
  });

  it.each(transports)('charges nothing when there is nothing to pay, through %s', async (door) => {
    const id = await guided(server);
    const { status, resource } = await rate(server, door, id, ratings(0), { chargeTo: to('no-such-bucket') });
    expect([status, resource.chargeTo.amount, resource.adjustBalance, await adjustmentsOf(server, id)]).toEqual([
      200,
      eur(0),
      undefined,
      [],
    ]);
    expect((await update(server, door, 'Usage', id, { chargeTo: null })).status).toBe(200);
  });

  it('leads to the bucket, and the adjustment back to it', async () => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 4);
    const { data } = await server.graphql(
      `query ($id: ID!) { usage(id: $id) { chargeTo { bucket { target { remainingValue { amount } } } } adjustBalance { target { amount { amount } usage { target { id } } } } } }`,
      { id },
    );
    expect(data.usage).toEqual({
      chargeTo: { bucket: { target: { remainingValue: { amount: 6 } } } },
      adjustBalance: [{ target: { amount: { amount: 4 }, usage: { target: { id } } } }],
    });
    expect((await server.rest('GET', `/usage?chargeTo.bucket.id=${bucket}&fields=none`)).body).toMatchObject([{ id }]);
  });

  it('becomes what the lifecycle has, or is refused', async () => {
    const next: Record<string, string> = { guided: 'rated', rated: 'rated', rerated: 'rated' };
    for (const status of ['received', 'guided', 'rejected', 'recycled', 'rated', 'rerated', 'billed']) {
      const { id } = await made(server, 'Usage', {
        usageSpecification,
        ratedProductUsage: ratings(1),
        status: status === 'billed' ? 'rated' : status,
      });
      if (status === 'billed') await server.database.client.usage.updateMany({ where: { id }, data: { status } });
      const outcome = await rate(server, 'graphql', id, ratings(2));
      if (next[status]) expect([outcome.status, outcome.resource.status]).toEqual([200, next[status]]);
      else
        expect([outcome.status, outcome.message]).toEqual([
          409,
          expect.stringMatching(
            `usage '${id}' is ${status} and cannot become rated: it may (become (guided or rejected|recycled)|not change any more)`,
          ),
        ]);
    }
  });

  it('is the one that was seen, where that is insisted on', async () => {
    const id = await guided(server);
    expect(await rate(server, 'graphql', id, ratings(1), { ifRevision: 2 })).toMatchObject({ status: 412 });
    expect(await rate(server, 'graphql', id, ratings(1), { ifRevision: 1 })).toMatchObject({ status: 200 });
    expect(await rate(server, 'graphql', 'no-such-usage', ratings(1))).toMatchObject({ status: 404 });
  });

  it('is charged after what was due has happened', async () => {
    const bucket = await bucketOf(1);
    const requestedDate = new Date(server.clock.now().getTime() + 60_000).toISOString();
    await createBalance(server, 'rest', 'TopupBalance', { amount: eur(5), bucket: { id: bucket }, requestedDate });
    const id = await guided(server);
    server.clock.advance(120_000);
    expect(await rate(server, 'graphql', id, ratings(6), { chargeTo: to(bucket) })).toMatchObject({ status: 200 });
    expect(await left(server, bucket)).toEqual([0]);
    const late = await bucketOf(9, {
      validFor: { endDateTime: new Date(server.clock.now().getTime() + 60_000).toISOString() },
    });
    server.clock.advance(120_000);
    expect(await rate(server, 'graphql', id, ratings(6), { chargeTo: to(late) })).toMatchObject({
      status: 409,
      message: `bucket '${late}' is expired`,
    });
    expect(await left(server, bucket, late)).toEqual([0, 9]);
  });
});

describe('a bucket that is charged', () => {
  it('is filled again when little is left', async () => {
    const bucket = await bucketOf(10);
    await createBalance(server, 'rest', 'TopupBalance', {
      amount: eur(20),
      bucket: { id: bucket },
      autoTopupThreshold: eur(5),
    });
    const id = await charged(server, bucket, 6);
    expect(await left(server, bucket)).toEqual([24]);
    await rate(server, 'graphql', id, ratings(2));
    expect(await left(server, bucket)).toEqual([28]);
  });

  it.each(transports)('and is gone since gives nothing back, through %s', async (door) => {
    const bucket = await bucketOf(3);
    const id = await charged(server, bucket, 3);
    expect((await server.rest('DELETE', `/bucket/${bucket}`)).status).toBe(204);
    expect(await rate(server, door, id, ratings(1))).toMatchObject({
      status: 422,
      message: `bucket '${bucket}' does not exist`,
    });
    expect((await adjustmentsOf(server, id)).map(({ status, adjustType }) => `${status} ${adjustType}`)).toEqual([
      'completed usageDebit',
      'failed usageCredit',
    ]);
    expect((await usageOf(server, id)).chargeTo.amount).toEqual(eur(3));
  });
});

describe('a usage that is rated again', () => {
  it.each(transports)('moves the difference only, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    for (const [amounts, rest] of [
      [[5], 5],
      [[1, 0.25], 8.75],
      [[0], 10],
      [[2], 8],
    ] as const) {
      expect((await rate(server, door, id, ratings(...amounts))).status).toBe(200);
      expect(await left(server, bucket)).toEqual([rest]);
    }
    const actions = await adjustmentsOf(server, id);
    expect(actions.map(({ adjustType, amount }) => [adjustType, amount.amount])).toEqual([
      ['usageDebit', 3],
      ['usageDebit', 2],
      ['usageCredit', 3.75],
      ['usageCredit', 1.25],
      ['usageDebit', 2],
    ]);
    expect((await usageOf(server, id)).adjustBalance).toEqual([{ id: actions.at(-1).id }]);
  });

  it.each(transports)('moves nothing when it costs the same, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    expect((await rate(server, door, id, ratings(1, 2))).resource.status).toBe('rated');
    expect(
      (await rate(server, door, id, ratings(3), { chargeTo: { bucket: { id: bucket, name: 'Main' } } })).resource
        .chargeTo,
    ).toEqual({ bucket: { id: bucket, name: 'Main' }, amount: eur(3) });
    expect([(await adjustmentsOf(server, id)).length, await left(server, bucket)]).toEqual([1, [7]]);
  });

  it.each(transports)('refunds the former bucket whole and charges another one whole, through %s', async (door) => {
    const [one, other] = [await bucketOf(10), await bucketOf(20)];
    const id = await charged(server, one, 3);
    const { resource } = await rate(server, door, id, ratings(5), { chargeTo: to(other) });
    const [, refund, debit] = await adjustmentsOf(server, id);
    expect([resource.chargeTo, resource.adjustBalance]).toEqual([
      { bucket: { id: other }, amount: eur(5) },
      [{ id: refund.id }, { id: debit.id }],
    ]);
    expect([refund.adjustType, refund.reason, debit.adjustType, await left(server, one, other)]).toEqual([
      'usageCredit',
      'Usage refunded',
      'usageDebit',
      [10, 15],
    ]);
  });

  it.each(transports)('refunds the bucket whole when it is charged no more, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    const { resource } = await rate(server, door, id, ratings(4), { chargeTo: null });
    expect([resource.chargeTo, await left(server, bucket)]).toEqual([undefined, [10]]);
    expect((await rate(server, door, id, ratings(5))).resource.chargeTo).toBeUndefined();
    expect(await left(server, bucket)).toEqual([10]);
  });

  it.each(transports)(
    'gives back to a bucket that is suspended, expired or not valid yet, through %s',
    async (door) => {
      for (const change of [
        { status: 'suspended' },
        { validFor: { endDateTime: '2026-02-01T00:00:00.000Z' } },
        { validFor: { startDateTime: '2036-02-01T00:00:00.000Z' } },
      ]) {
        const bucket = await bucketOf(10);
        const id = await charged(server, bucket, 3);
        expect((await updateBalance(server, 'rest', 'Bucket', bucket, change)).status).toBe(200);
        expect((await rate(server, door, id, ratings(2))).status).toBe(200);
        expect((await rate(server, door, id, ratings(4))).status).toBe(409);
        expect((await update(server, door, 'Usage', id, { chargeTo: null })).status).toBe(200);
        expect(await left(server, bucket)).toEqual([10]);
      }
    },
  );

  it.each(transports)('follows the rating unless an amount was given, through %s', async (door) => {
    const bucket = await bucketOf(100);
    const id = await charged(server, bucket, 3);
    // What is sent back as it was read is no amount of one's own.
    const { chargeTo } = await usageOf(server, id);
    expect((await rate(server, door, id, ratings(5), { chargeTo })).resource.chargeTo.amount).toEqual(eur(5));
    expect((await rate(server, door, id, ratings(6), { chargeTo: to(bucket, 10) })).resource.chargeTo.amount).toEqual(
      eur(10),
    );
    expect((await rate(server, door, id, ratings(7))).resource.chargeTo.amount).toEqual(eur(10));
    expect(await left(server, bucket)).toEqual([90]);
    const { resource } = await update(server, door, 'Usage', id, {
      chargeTo: { bucket: { id: bucket }, amount: null },
    });
    expect([resource.chargeTo.amount, await left(server, bucket)]).toEqual([eur(7), [93]]);
  });

  it('follows a PATCH of one rating by JSON Patch, and a change of the ratings alone', async () => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    const headers = { 'content-type': 'application/json-patch+json' };
    const body = [{ op: 'replace', path: '/ratedProductUsage/0/taxIncludedRatingAmount/value', value: 4 }];
    expect((await server.rest('PATCH', `/usage/${id}`, { body, headers })).body.chargeTo.amount).toEqual(eur(4));
    expect((await update(server, 'graphql', 'Usage', id, { ratedProductUsage: ratings(1) })).resource).toMatchObject({
      status: 'rated',
      chargeTo: { amount: eur(1) },
    });
    expect(await left(server, bucket)).toEqual([9]);
  });
});

describe('a usage that is charged', () => {
  it.each(transports)('is deleted only without its chargeTo, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    expect(await remove(server, door, 'Usage', id)).toMatchObject({
      status: 409,
      message: `usage '${id}' is charged to a bucket and cannot be deleted: remove its chargeTo first`,
    });
    await update(server, door, 'Usage', id, { chargeTo: null });
    expect((await remove(server, door, 'Usage', id)).status).toBeLessThan(300);
    expect(await left(server, bucket)).toEqual([10]);
  });

  it.each(transports)('keeps its adjustment from being reversed, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    const [{ id: actionId }] = await adjustmentsOf(server, id);
    expect(await updateBalance(server, door, 'AdjustBalance', actionId, { status: 'cancelled' })).toMatchObject({
      code: 'CONFLICT',
      message: `adjustBalance '${actionId}' belongs to usage '${id}': change the chargeTo of the usage instead`,
    });
    expect((await updateBalance(server, door, 'AdjustBalance', actionId, { reason: 'Call' })).status).toBe(200);
    expect(await left(server, bucket)).toEqual([7]);
  });

  it.each(transports)('stays as it was billed, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await charged(server, bucket, 3);
    await server.database.client.usage.updateMany({ where: { id }, data: { status: 'billed' } });
    for (const change of [{ chargeTo: null }, { chargeTo: to(bucket, 1) }, { ratedProductUsage: ratings(1) }]) {
      expect(await update(server, door, 'Usage', id, change)).toMatchObject({
        status: 409,
        message: `usage '${id}' is billed and cannot be changed`,
      });
    }
    expect(await left(server, bucket)).toEqual([7]);
  });
});

describe('a request that is repeated', () => {
  const pairs = transports.flatMap((first) => transports.map((second): [Transport, Transport] => [first, second]));

  it.each(pairs)('charges once under its externalId (%s, then %s)', async (first, second) => {
    const [bucket, other] = [await bucketOf(10), await bucketOf(10)];
    const sent = {
      usageSpecification,
      usageDate: '2026-03-01T08:00:00.000Z',
      status: 'rated',
      externalId: `once-${bucket}`,
      ratedProductUsage: ratings(3),
      chargeTo: to(bucket),
    };
    const one = await create(server, first, 'Usage', sent);
    const again = await create(server, second, 'Usage', sent);
    expect([again.replayed, again.resource]).toEqual([true, one.resource]);
    for (const chargeTo of [to(other), to(bucket, 3), undefined]) {
      const outcome = await create(server, second, 'Usage', { ...sent, chargeTo });
      expect([outcome.status, outcome.message]).toEqual([409, expect.stringMatching(/differ in chargeTo$/)]);
    }
    expect(await left(server, bucket, other)).toEqual([7, 10]);
  });

  it.each(transports)('charges once under its key, and its refusal is told again, through %s', async (door) => {
    const bucket = await bucketOf(10);
    const id = await guided(server);
    const rated = await rate(server, 'graphql', id, ratings(3), { chargeTo: to(bucket) }, `rate ${id}`);
    expect(await rate(server, 'graphql', id, ratings(3), { chargeTo: to(bucket) }, `rate ${id}`)).toEqual({
      ...rated,
      replayed: true,
    });
    const change = { status: 'rerated', ratedProductUsage: ratings(12) };
    const refused = await update(server, door, 'Usage', id, change, `change ${id} ${door}`);
    expect([refused.status, refused.replayed]).toEqual([409, false]);
    await createBalance(server, 'rest', 'TopupBalance', { amount: eur(90), bucket: { id: bucket } });
    expect(await update(server, door, 'Usage', id, change, `change ${id} ${door}`)).toEqual({
      ...refused,
      replayed: true,
    });
    expect((await update(server, door, 'Usage', id, change, `anew ${id} ${door}`)).status).toBe(200);
    expect((await update(server, door, 'Usage', id, change, `anew ${id} ${door}`)).replayed).toBe(true);
    expect(await left(server, bucket)).toEqual([88]);
    const sent = { usageSpecification, status: 'rated', ratedProductUsage: ratings(89), chargeTo: to(bucket) };
    const [first, second] = [
      await create(server, door, 'Usage', sent, `new ${id}`),
      await create(server, door, 'Usage', sent, `new ${id}`),
    ];
    expect([first.status, second]).toEqual([409, { ...first, replayed: true }]);
  });
});
