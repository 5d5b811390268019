import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  balanceTables,
  entriesOf,
  eur,
  eventsOf,
  ledgerProblems,
  make,
  makeBucket,
  makeReservation,
  read,
} from './balances.js';
import { create, transports, remove, unknownWord, update, type Outcome, type Type } from './transports.js';

// The status that a new action is given, and actions that wait for their payment.

const begin = '2026-03-01T12:00:00.000Z';
const justBefore = '2026-03-01T12:59:59.999Z';
const due = '2026-03-01T13:00:00.000Z';
const later = '2026-03-02T00:00:00.000Z';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PAYMENT_WAIT_SECONDS: '3600' });
});
beforeEach(() => server.clock.set(begin));
afterAll(() => server.close());

interface Kind {
  what: string;
  type: Type;
  /** What is asked, of a bucket with 10 EUR and one with 1 EUR; `reservation` holds 4 EUR of the first. */
  input: (ids: { bucket: string; other: string; reservation: string }) => object;
  /** What it makes of both. */
  after: [[number, number], [number, number]];
}

const kinds: Kind[] = [
  {
    what: 'top-up',
    type: 'TopupBalance',
    input: ({ bucket }) => ({ bucket: { id: bucket }, amount: eur(5) }),
    after: [
      [15, 4],
      [1, 0],
    ],
  },
  {
    what: 'credit',
    type: 'AdjustBalance',
    input: ({ bucket }) => ({ ...actions.credit.attributes, bucket: { id: bucket }, amount: eur(5) }),
    after: [
      [15, 4],
      [1, 0],
    ],
  },
  {
    what: 'debit',
    type: 'AdjustBalance',
    input: ({ bucket }) => ({ ...actions.debit.attributes, bucket: { id: bucket }, amount: eur(5) }),
    after: [
      [5, 4],
      [1, 0],
    ],
  },
  {
    what: 'commit',
    type: 'AdjustBalance',
    input: ({ reservation }) => ({ ...actions.commit.attributes, reserveBalance: { id: reservation }, amount: eur(3) }),
    after: [
      [11, 0],
      [1, 0],
    ],
  },
  {
    what: 'transfer',
    type: 'TransferBalance',
    input: ({ bucket, other }) => ({
      bucket: { id: bucket },
      receiverBucket: { id: other },
      amount: eur(5),
      transferCost: eur(1),
    }),
    after: [
      [4, 4],
      [6, 0],
    ],
  },
];

async function arrange(): Promise<{ bucket: string; other: string; reservation: string }> {
  const [bucket, other] = [await makeBucket(server, 14), await makeBucket(server, 1)];
  return { bucket, other, reservation: await makeReservation(server, bucket, 4) };
}

const balances = async ({ bucket, other }: { bucket: string; other: string }): Promise<unknown> => [
  await balanceOf(server, bucket),
  await balanceOf(server, other),
];
const untouched = [
  [10, 4],
  [1, 0],
];

describe.each(transports)('a status through %s', (door) => {
  it.each(kinds)(
    'of a new $what that is not one it can begin in is refused, and nothing moves',
    async ({ type, input }) => {
      const ids = await arrange();
      const before = await allTables(server);
      for (const status of ['failed', 'cancelled']) {
        const refused = await create(server, door, type, { ...input(ids), status });
        expect(refused).toMatchObject({
          status: 400,
          code: 'INVALID_ATTRIBUTE',
          message: expect.stringMatching(/status must be one of created, completed: /),
        });
      }
      for (const status of ['foo', '', 'Completed']) {
        const refused = await create(server, door, type, { ...input(ids), status });
        expect(refused).toMatchObject({ status: 400, code: unknownWord, message: expect.stringContaining('status') });
      }
      expect(await allTables(server)).toEqual(before);
    },
  );

  it.each(kinds)(
    'of a new $what that the server sets anyway is taken, and is the same command',
    async ({ type, input, after, what }) => {
      const ids = await arrange();
      const key = `${door} ${what} said`;
      const plain = accepted(await create(server, door, type, input(ids), { key }));
      for (const status of door === 'rest' ? ['completed', 'confirmed'] : ['completed']) {
        expect(await create(server, door, type, { ...input(ids), status }, { key })).toMatchObject({
          replayed: true,
          resource: { id: plain.id, status: 'completed' },
        });
      }
      expect(await balances(ids)).toEqual(after);
      expect(await create(server, door, type, { ...input(ids), status: 'created' }, { key })).toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
    },
  );

  it('of a reservation, or of what has a date or a period, is created only', async () => {
    const { bucket } = await arrange();
    const asked: [Type, object][] = [
      ['ReserveBalance', { bucket: { id: bucket }, amount: eur(1) }],
      ['TopupBalance', { bucket: { id: bucket }, amount: eur(1), requestedDate: later }],
      ['TopupBalance', { bucket: { id: bucket }, amount: eur(1), recurringPeriod: 'monthly', numberOfPeriods: 2 }],
    ];
    for (const [type, input] of asked) {
      for (const status of door === 'rest' ? ['created', 'confirmed'] : ['created'])
        expect(accepted(await create(server, door, type, { ...input, status }))).toMatchObject({ status: 'created' });
      for (const status of ['completed', 'failed'])
        expect(await create(server, door, type, { ...input, status })).toMatchObject({
          status: 400,
          message: expect.stringContaining('status must be one of created:'),
        });
    }
    const scheduled = accepted(await create(server, door, 'TopupBalance', { ...asked[1]?.[1], status: 'created' }));
    expect(scheduled).toMatchObject({ nextDueDate: later });
    expect(scheduled.paymentDueDate).toBeUndefined();
    expect(await update(server, door, 'TopupBalance', scheduled.id, { status: 'completed' })).toMatchObject({
      status: 409,
    });
  });
});

describe.each(transports)('an action that is to be paid first through %s', (door) => {
  const ask = (kind: Kind, ids: Parameters<Kind['input']>[0], key?: string): Promise<Outcome> =>
    create(server, door, kind.type, { ...kind.input(ids), status: 'created' }, { key });
  const eventNames = async (type: Type, id: string): Promise<string[]> =>
    (await eventsOf(server, id)).map((name) => name.replace(type, ''));

  it.each(kinds)('moves nothing until it is completed: $what', async (kind) => {
    const ids = await arrange();
    const before = await balanceTables(server);
    const key = `${door} ${kind.what} to be paid`;
    const made = accepted(await ask(kind, ids, key));
    expect([made.status, made.impactedBucket, made.confirmationDate]).toEqual(['created', undefined, undefined]);
    expect(await read(server, kind.type, made.id)).toMatchObject({
      status: 'created',
      nextDueDate: due,
      paymentDueDate: due,
    });
    expect(await ask(kind, ids, key)).toMatchObject({ replayed: true, resource: { id: made.id } });
    expect(await balanceTables(server)).toEqual(before);

    server.clock.set(justBefore);
    const pay = (): Promise<Outcome> =>
      update(server, door, kind.type, made.id, { status: 'completed', reason: 'paid' }, { key: `${key} now` });
    const paid = accepted(await pay());
    expect(paid).toMatchObject({
      id: made.id,
      status: 'completed',
      confirmationDate: justBefore,
      reason: 'paid',
      usageType: 'monetary',
    });
    expect(paid.impactedBucket.length).toBeGreaterThan(0);
    expect(await balances(ids)).toEqual(kind.after);
    const again = await pay();
    expect([again.replayed, again.resource]).toEqual([true, paid]);
    expect(accepted(await update(server, door, kind.type, made.id, { status: 'completed' }))).toMatchObject({
      status: 'completed',
    });
    server.clock.set(later);
    expect(await read(server, kind.type, made.id)).toMatchObject({ status: 'completed' });
    expect(await balances(ids)).toEqual(kind.after);
    expect(await eventNames(kind.type, made.id)).toEqual(['CreateEvent', 'StatusChangeEvent']);
    const entries = (await entriesOf(server, ids.bucket)).filter(({ actionId }) => actionId === made.id);
    expect(entries.length).toBeGreaterThan(0);
    expect([...(await ledgerProblems(server, ids.bucket)), ...(await ledgerProblems(server, ids.other))]).toEqual([]);
    // It is as any other completed action: it can be reversed.
    accepted(await update(server, door, kind.type, made.id, { status: 'cancelled' }));
  });

  it.each(kinds)('may fail or be cancelled, and is over then: $what', async (kind) => {
    const ids = await arrange();
    for (const [status, events] of [
      ['failed', ['CreateEvent', 'StatusChangeEvent', 'FailureEvent']],
      ['cancelled', ['CreateEvent', 'CancelEvent', 'StatusChangeEvent']],
    ] as const) {
      const { id } = accepted(await ask(kind, ids));
      const ended = accepted(await update(server, door, kind.type, id, { status, reason: 'card declined' }));
      expect([ended.status, ended.reason, ended.nextDueDate]).toEqual([status, 'card declined', undefined]);
      expect(await eventNames(kind.type, id)).toEqual(events);
      expect(await update(server, door, kind.type, id, { status: 'completed' })).toMatchObject({
        status: 409,
        code: 'CONFLICT',
      });
      accepted(await remove(server, door, kind.type, id));
    }
    expect(await balances(ids)).toEqual(untouched);
  });

  it.each(kinds)('is cancelled by itself when nobody told of its payment, whoever looks first: $what', async (kind) => {
    const ids = await arrange();
    const [seen, told, kept] = [
      accepted(await ask(kind, ids)),
      accepted(await ask(kind, ids)),
      accepted(await ask(kind, ids)),
    ];
    expect(await remove(server, door, kind.type, kept.id)).toMatchObject({ status: 409 });
    server.clock.set(later);
    const late = await update(server, door, kind.type, told.id, { status: 'completed' });
    expect(late).toMatchObject({
      status: 409,
      code: 'CONFLICT',
      message: expect.stringContaining('is cancelled and cannot become completed'),
    });
    expect(await read(server, kind.type, seen.id)).toMatchObject({ status: 'cancelled', paymentDueDate: due });
    expect(await eventNames(kind.type, seen.id)).toEqual(['CreateEvent', 'CancelEvent', 'StatusChangeEvent']);
    expect(await balances(ids)).toEqual(untouched);
  });

  it('is refused at once where its bucket cannot be found, and otherwise when it is paid: it has failed then', async () => {
    const unknown = await create(server, door, 'TopupBalance', {
      bucket: { id: 'nowhere' },
      amount: eur(1),
      status: 'created',
    });
    expect(unknown.code).toBe('BUCKET_UNKNOWN');
    expect(await read(server, 'TopupBalance', String(unknown.reference).split('/').at(-1) as string)).toMatchObject({
      status: 'failed',
    });

    const ids = await arrange();
    const debit = kinds[2] as Kind;
    const { id } = accepted(await ask(debit, ids));
    accepted(await create(server, door, 'AdjustBalance', { ...debit.input(ids), amount: eur(8) }));
    const pay = (): Promise<Outcome> =>
      update(server, door, 'AdjustBalance', id, { status: 'completed' }, { key: `${door} too late` });
    const refused = await pay();
    expect(refused).toMatchObject({
      code: 'INSUFFICIENT_REMAINING',
      reference: expect.stringMatching(new RegExp(`/adjustBalance/${id}$`)),
    });
    expect(await pay()).toMatchObject({ code: refused.code, message: refused.message, replayed: true });
    expect(await read(server, 'AdjustBalance', id)).toMatchObject({
      status: 'failed',
      failureCode: 'INSUFFICIENT_REMAINING',
    });
    expect(await eventNames('AdjustBalance', id)).toEqual(['CreateEvent', 'StatusChangeEvent', 'FailureEvent']);
    expect(await balances(ids)).toEqual([
      [2, 4],
      [1, 0],
    ]);
  });

  it('is paid once, however often that is told at once', async () => {
    const ids = await arrange();
    const { id } = accepted(await ask(kinds[0] as Kind, ids));
    const outcomes = await Promise.all(
      ['completed', 'completed', 'cancelled', 'failed', 'completed'].map((status) =>
        update(server, door, 'TopupBalance', id, { status }),
      ),
    );
    for (const { status } of outcomes) expect([200, 409]).toContain(status);
    const { status } = await read(server, 'TopupBalance', id);
    const moves = (await entriesOf(server, ids.bucket))
      .filter(({ actionId }) => actionId === id)
      .map(({ entryType }) => entryType);
    // Who cancels what was completed meanwhile reverses it.
    expect(
      { completed: ['topup'], cancelled: moves.length > 0 ? ['topup', 'reversal'] : [], failed: [] }[status as string],
    ).toEqual(moves);
    expect(await ledgerProblems(server, ids.bucket)).toEqual([]);
  });

  it('may change in all that it is asked with until it is paid, and in what describes it afterwards', async () => {
    const ids = await arrange();
    const { id } = accepted(await ask(kinds[4] as Kind, ids));
    const change = (input: object): Promise<Outcome> => update(server, door, 'TransferBalance', id, input);
    const changes = {
      bucket: { id: ids.other },
      receiverBucket: { id: ids.bucket },
      amount: eur(0.5),
      transferCost: eur(0.25),
      costOwner: 'receiver',
      usageType: 'monetary',
    };
    for (const [name, value] of Object.entries(changes)) {
      if (name === 'bucket') accepted(await change({ bucket: changes.bucket, receiverBucket: changes.receiverBucket }));
      else expect(accepted(await change({ [name]: value }))).toMatchObject({ [name]: value });
    }
    expect(await change({ receiverBucket: changes.bucket })).toMatchObject({
      status: 400,
      message: expect.stringContaining('must be another bucket'),
    });
    expect(await change({ costOwner: 'nobody' })).toMatchObject({ status: 400 });
    expect(await change({ amount: null })).toMatchObject({ status: 400 });
    expect(await balances(ids)).toEqual(untouched);
    expect(accepted(await change({ status: 'completed', amount: eur(0.75) }))).toMatchObject({
      status: 'completed',
      amount: eur(0.75),
    });
    expect(await balances(ids)).toEqual([
      [10.5, 4],
      [0.25, 0],
    ]);
    for (const [name, value] of Object.entries({
      ...changes,
      amount: eur(2),
      bucket: { id: 'x' },
      costOwner: 'originator',
      usageType: 'data',
      receiverBucket: { id: 'y' },
      transferCost: eur(2),
    })) {
      expect(await change({ [name]: value })).toMatchObject({
        status: 409,
        code: 'CONFLICT',
        message: expect.stringMatching(new RegExp(`^${name} cannot be changed: transferBalance '.*' is completed`)),
      });
    }
    expect(accepted(await change({ description: 'still described' }))).toMatchObject({
      description: 'still described',
    });
  });

  it('of the other kinds, too', async () => {
    const ids = await arrange();
    const topup = accepted(await ask(kinds[0] as Kind, ids));
    expect(
      accepted(
        await update(server, door, 'TopupBalance', topup.id, {
          bucket: { id: ids.other },
          amount: eur(2),
          payment: { id: 'p' },
        }),
      ),
    ).toMatchObject({ bucket: { id: ids.other }, amount: eur(2) });
    expect(await update(server, door, 'TopupBalance', topup.id, { requestedDate: later })).toMatchObject({
      status: 409,
      message: expect.stringContaining('awaits its payment'),
    });
    const adjustment = accepted(await ask(kinds[1] as Kind, ids));
    accepted(
      await update(server, door, 'AdjustBalance', adjustment.id, { adjustType: 'generalDebit', amount: eur(1) }),
    );
    expect(await update(server, door, 'AdjustBalance', adjustment.id, { adjustType: 'sideways' })).toMatchObject({
      status: 400,
    });
    expect(await update(server, door, 'AdjustBalance', adjustment.id, { usageType: null })).toMatchObject({
      status: 400,
    });
    for (const [type, { id }] of [
      ['TopupBalance', topup],
      ['AdjustBalance', adjustment],
    ] as const)
      accepted(await update(server, door, type, id, { status: 'completed' }));
    expect(await balances(ids)).toEqual([
      [9, 4],
      [3, 0],
    ]);
  });

  it('is among the others in a bulk request', async () => {
    const { bucket } = await arrange();
    const mutation =
      'mutation ($inputs: [TopupBalanceCreate!]!) { createTopupBalances(inputs: $inputs) { id status } }';
    const inputs = [
      { bucket: { refId: bucket }, amount: eur(1) },
      { bucket: { refId: bucket }, amount: eur(2), status: 'created' },
    ];
    const { data } = await server.graphql(mutation, { inputs });
    expect(data.createTopupBalances.map(({ status }: any) => status)).toEqual(['completed', 'created']);
    expect(await balanceOf(server, bucket)).toEqual([11, 4]);
  });
});

describe.each(transports)('a live reservation through %s', (door) => {
  it('may hold longer or shorter, and lapses then', async () => {
    const bucket = await makeBucket(server, 10);
    const id = await makeReservation(server, bucket, 4, { expirationDate: due });
    const change = (input: object): Promise<Outcome> => update(server, door, 'ReserveBalance', id, input);
    expect(accepted(await change({ expirationDate: later }))).toMatchObject({
      expirationDate: later,
      nextDueDate: later,
      status: 'created',
    });
    expect(await change({ expirationDate: begin })).toMatchObject({
      status: 400,
      message: expect.stringContaining('expirationDate must be in the future'),
    });
    server.clock.set(due);
    expect(await balanceOf(server, bucket)).toEqual([6, 4]);
    expect(await change({ amount: eur(5) })).toMatchObject({
      status: 409,
      message: expect.stringMatching(/^amount cannot be changed: .* holds already/),
    });
    expect(accepted(await change({ amount: eur(4), description: 'as it was' }))).toMatchObject({
      description: 'as it was',
    });
    server.clock.set(later);
    expect(await balanceOf(server, bucket)).toEqual([10, 0]);
    expect(await change({ expirationDate: '2026-04-01T00:00:00.000Z' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('is cancelled'),
    });
    expect(await ledgerProblems(server, bucket)).toEqual([]);
  });

  it('may hold without an end', async () => {
    const bucket = await makeBucket(server, 10);
    const id = await makeReservation(server, bucket, 4, { expirationDate: due });
    expect(
      accepted(await update(server, door, 'ReserveBalance', id, { expirationDate: null })).nextDueDate,
    ).toBeUndefined();
    server.clock.set('2026-09-01T00:00:00.000Z');
    expect(await balanceOf(server, bucket)).toEqual([6, 4]);
  });
});

describe.each(transports)('a deleted action through %s', (door) => {
  it('is not read any more, and kept for those who audit', async () => {
    const bucket = await makeBucket(server, 10);
    const { id } = await make(server, 'TopupBalance', {
      bucket: { id: bucket },
      amount: eur(5),
      reason: 'why',
      requestor: { id: 'who', '@referredType': 'Individual' },
    });
    const key = `${door} deleted`;
    for (let times = 0; times < 2; times++) accepted(await remove(server, door, 'TopupBalance', id, { key }));
    expect(await read(server, 'TopupBalance', id)).toBeUndefined();
    for (const path of [`/topupBalance?id=${id}`, `/balanceAction?id=${id}`])
      expect((await server.rest('GET', path)).body).toEqual([]);
    expect((await server.rest('GET', `/balanceAction/${id}`)).status).toBe(404);
    const { data } = await server.graphql(
      `query ($id: ID!, $action: String!) { bucket(id: $id) { actions { totalCount items { id } } entries { items { actionId actionKind } } }
        topupBalance(id: "${id}") { id } topupBalances(filter: { id: { eq: $action } }) { totalCount } }`,
      { id: bucket, action: id },
    );
    expect(data).toMatchObject({
      bucket: { actions: { totalCount: 0, items: [] } },
      topupBalance: null,
      topupBalances: { totalCount: 0 },
    });
    expect(data.bucket.entries.items.at(-1)).toEqual({ actionId: id, actionKind: 'topupBalance' });
    const stored = await server.database.client.balanceAction.findFirstOrThrow({ where: { id } });
    expect(stored).toMatchObject({
      reason: 'why',
      requestor: { id: 'who' },
      deletedBy: 'anonymous',
      deletedAt: new Date(begin),
    });
    expect((await eventsOf(server, id)).at(-1)).toBe('TopupBalanceDeleteEvent');
    // It is as gone for whoever writes.
    for (const again of [
      await remove(server, door, 'TopupBalance', id),
      await update(server, door, 'TopupBalance', id, { status: 'cancelled' }),
      await update(server, door, 'TopupBalance', id, { reason: 'x' }),
    ]) {
      expect(again).toMatchObject({ status: 404 });
    }
  });
});
