import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { concurrently } from '../../support/concurrently.js';
import { proofSize } from '../../support/proof.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { guided, ratings, to } from '../usage/charges.js';
import { rate, update as updateUsage } from '../../fixtures/transports.js';
import { alertsOf, toldOf } from './alerts.js';
import { accepted, actions, balanceOf, eur, eventsOf, make, makeBucket, read, type Action } from './balances.js';
import { commitVerb, create, releaseVerb, transports, update, type Transport } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const five = { name: 'low', amount: eur(5) };
const bucketWith = (opening: number | undefined, ...threshold: object[]): Promise<string> =>
  makeBucket(server, opening, { threshold });

/** What is done to a bucket, in words: `debit 3`. */
type Step = (id: string) => Promise<unknown>;

const move =
  (action: Action, amount: number, attributes: object = {}): Step =>
  (id) =>
    make(server, actions[action].type, {
      ...actions[action].attributes,
      amount: eur(amount),
      bucket: { id },
      ...attributes,
    });
const debit = (amount: number): Step => move('debit', amount);
const credit = (amount: number): Step => move('credit', amount);
const topup = (amount: number): Step => move('topup', amount);
/** Takes and gives back again. */
const cancelled =
  (action: 'debit' | 'topup' | 'credit', amount: number): Step =>
  async (id) => {
    const { type } = actions[action];
    const made: any = await move(action, amount)(id);
    accepted(await update(server, 'rest', type, made.id, { status: 'cancelled' }));
  };
const reserved =
  (amount: number, then: (reservation: string) => Promise<unknown>): Step =>
  async (id) => {
    const made: any = await move('reserve', amount)(id);
    await then(made.id);
  };
const released = (amount: number): Step => reserved(amount, (id) => releaseVerb(server, id));
const committed = (amount: number, of: number): Step => reserved(amount, (id) => commitVerb(server, id, eur(of)));
const transferred =
  (amount: number, more: object = {}): Step =>
  async (id) =>
    make(server, 'TransferBalance', {
      amount: eur(amount),
      bucket: { id },
      receiverBucket: { id: await makeBucket(server, 0) },
      ...more,
    });
const received =
  (amount: number, more: object = {}): Step =>
  async (id) =>
    make(server, 'TransferBalance', {
      amount: eur(amount),
      bucket: { id: await makeBucket(server, 100) },
      receiverBucket: { id },
      ...more,
    });
const refused =
  (amount: number): Step =>
  async (id) => {
    const { code } = await create(server, 'rest', 'AdjustBalance', {
      ...actions.debit.attributes,
      amount: eur(amount),
      bucket: { id },
    });
    expect(code).toBe('INSUFFICIENT_REMAINING');
  };
const charged =
  (amount: number): Step =>
  async (id) => {
    const usage = await guided(server);
    expect((await rate(server, 'rest', usage, ratings(amount), { chargeTo: to(id) })).status).toBe(200);
  };
const refunded =
  (amount: number): Step =>
  async (id) => {
    const usage = await guided(server);
    await rate(server, 'rest', usage, ratings(amount), { chargeTo: to(id) });
    expect((await updateUsage(server, 'rest', 'Usage', usage, { chargeTo: null })).status).toBe(200);
  };

const percent = (share: number): object => ({ percent: share });

describe('a threshold', () => {
  const rows: [what: string, opening: number, thresholds: object[], steps: Step[], told: string[]][] = [
    ['is told when a debit goes below it', 10, [five], [debit(6)], ['low at 4']],
    ['is told when a debit comes down to it', 10, [five], [debit(5)], ['low at 5']],
    ['is not told above it', 10, [five], [debit(4.999999999)], []],
    ['is told once, however much follows', 10, [five], [debit(6), debit(1), debit(1)], ['low at 4']],
    ['is told when a reservation goes below it', 10, [five], [move('reserve', 6)], ['low at 4']],
    ['is not told by a refused action', 10, [five], [refused(11)], []],
    ['is told when a usage is charged', 10, [five], [charged(6)], ['low at 4']],
    ['is told to the originator of a transfer', 10, [five], [transferred(6)], ['low at 4']],
    [
      'is told when the cost of a transfer goes below it',
      10,
      [five],
      [transferred(4, { transferCost: eur(2) })],
      ['low at 4'],
    ],
    ['is told when a top-up is taken back', 4, [five], [cancelled('topup', 6)], ['low at 4']],
    ['is not told again by commit', 10, [five], [committed(6, 6)], ['low at 4']],
    ['is not told again after the rest of a commit', 10, [five], [committed(6, 1), debit(5)], ['low at 4']],
    ['is not armed by a release', 10, [five], [released(6), debit(6)], ['low at 4']],
    ['is not armed by the reversal of a debit', 10, [five], [cancelled('debit', 6), debit(6)], ['low at 4']],
    ['is not armed by the refund of a usage', 10, [five], [refunded(6), debit(6)], ['low at 4']],
    ['is not armed by a credit that stays below it', 10, [five], [debit(8), credit(2), debit(1)], ['low at 2']],
    ['is not armed by a credit up to it', 10, [five], [debit(8), credit(3), debit(1)], ['low at 2']],
    ['is armed by an adjustment above it', 10, [five], [debit(8), credit(4), debit(2)], ['low at 2', 'low at 4']],
    ['is armed by a top-up above it', 10, [five], [debit(8), topup(4), debit(2)], ['low at 2', 'low at 4']],
    ['is armed by a transfer to it', 10, [five], [debit(8), received(4), debit(2)], ['low at 2', 'low at 4']],
    [
      'is told when the cost of what it receives takes all of it',
      6,
      [five],
      [received(1, { transferCost: eur(2.5), costOwner: 'receiver' })],
      ['low at 4.5'],
    ],
    ['in percent is a share of the opening balance', 50, [percent(10)], [debit(44), debit(1)], ['10 % at 5']],
    ['in percent is a share of the last credit', 50, [percent(10)], [topup(100), debit(139), debit(1)], ['10 % at 10']],
    ['in percent is a share of a transfer received', 0, [percent(50)], [received(8), debit(4)], ['50 % at 4']],
    ['in percent is not a share of a refund', 10, [percent(50)], [refunded(2), debit(4), debit(1)], ['50 % at 5']],
    [
      'among several is told by itself, the highest first',
      10,
      [{ amount: eur(2) }, five, percent(80)],
      [debit(8)],
      ['80 % at 2', 'low at 2', '2 EUR at 2'],
    ],
    ['below which the bucket begins is not told', 3, [five], [debit(1)], []],
    ['below which the bucket begins is armed by a credit', 3, [five], [credit(7), debit(6)], ['low at 4']],
  ];
  it.each(rows)('%s', async (_what, opening, thresholds, steps, told) => {
    const id = await bucketWith(opening, ...thresholds);
    for (const step of steps) await step(id);
    expect((await alertsOf(server, id)).filter((line) => line !== 'empty')).toEqual(told);
  });

  it('counts in units that convert to those of the bucket', async () => {
    const id = await makeBucket(server, undefined, {
      usageType: 'data',
      remainingValue: { amount: 2, units: 'GB' },
      threshold: [{ amount: { amount: 500, units: 'MB' } }],
    });
    const take = (amount: number): Promise<unknown> =>
      make(server, 'AdjustBalance', { ...actions.debit.attributes, amount: { amount, units: 'MB' }, bucket: { id } });
    await take(1499);
    expect(await alertsOf(server, id)).toEqual([]);
    await take(1);
    expect(await alertsOf(server, id)).toEqual(['500 MB at 0.5']);
  });

  it('shows the bucket as it stands, by whom, and is seen in it', async () => {
    const id = await bucketWith(10, five, { amount: eur(2) });
    await debit(6)(id);
    const bucket = await read(server, 'Bucket', id);
    const [told, ...more] = await toldOf(server, id);
    expect(more).toEqual([]);
    const reached = { ...five, reachedAt: server.clock.now().toISOString() };
    expect(bucket).toMatchObject({ threshold: [reached, { amount: eur(2) }], lastReachedThreshold: reached });
    const { href: _, reserveBalance: __, ...shown } = bucket;
    expect(told?.payload).toEqual({ ...shown, revision: 2, updatedAt: server.clock.now().toISOString() });
    expect([told?.occurredAt, told?.principalId]).toEqual([server.clock.now(), expect.stringMatching(/./)]);
    const action = await server.database.client.outbox.findFirst({
      where: { eventType: 'AdjustBalanceCreateEvent' },
      orderBy: { id: 'desc' },
    });
    expect(told?.principalId).toBe(action?.principalId);
  });

  it.each(transports)('keeps its state when it is sent again, and not what is sent of it, through %s', async (door) => {
    const id = await bucketWith(10, five, percent(20));
    await debit(6)(id);
    const renamed = { name: 'getting low', amount: eur(5) };
    const wrong = { ...percent(20), reachedAt: '1999-01-01T00:00:00.000Z' };
    accepted(
      await update(server, door, 'Bucket', id, {
        threshold: [wrong, renamed, { amount: eur(4.5) }, { amount: eur(1) }],
      }),
    );
    const reachedAt = server.clock.now().toISOString();
    expect((await read(server, 'Bucket', id)).threshold).toEqual([
      percent(20),
      { ...renamed, reachedAt },
      { amount: eur(4.5), reachedAt },
      { amount: eur(1) },
    ]);
    await debit(3)(id);
    expect(await alertsOf(server, id)).toEqual(['low at 4', '20 % at 1', '1 EUR at 1']);
    accepted(await update(server, door, 'Bucket', id, { threshold: null }));
    expect((await read(server, 'Bucket', id)).threshold).toBeUndefined();
  });

  const refusals: [what: string, threshold: object[], attribute: string, words: string][] = [
    ['without a value', [{ name: 'low' }], 'threshold.0', 'must have either an amount or a percent'],
    ['with two values', [{ ...five, percent: 5 }], 'threshold.0', 'must have either an amount or a percent'],
    ['of zero', [{ amount: eur(0) }], 'threshold.0.amount.amount', 'must be greater than zero'],
    ['below zero', [five, { amount: eur(-1) }], 'threshold.1.amount.amount', 'must be greater than zero'],
    ['of no percent', [percent(0)], 'threshold.0.percent', 'must be above 0 and below 100'],
    ['of a hundred percent', [percent(100)], 'threshold.0.percent', 'must be above 0 and below 100'],
    [
      'in other units',
      [{ amount: { amount: 1, units: 'USD' } }],
      'threshold.0.amount.units',
      "must convert to EUR: 'USD'",
    ],
    ['of an amount twice', [five, { amount: eur(5) }], 'threshold.1', 'is the same as threshold.0'],
    ['of a percent twice', [percent(5), percent(7), percent(5)], 'threshold.2', 'is the same as threshold.0'],
    ['without a letter in its name', [{ ...five, name: '' }], 'threshold.0.name', 'must have 1 to 255 characters'],
    ['beyond ten', Array.from({ length: 11 }, (_, index) => percent(index + 1)), 'threshold', 'THRESHOLDS_MAX is 10'],
  ];
  it.each(refusals)('%s is refused', async (_what, threshold, attribute, words) => {
    const id = await makeBucket(server, 10);
    for (const door of transports) {
      const made = await create(server, door, 'Bucket', { usageType: 'monetary', remainingValue: eur(10), threshold });
      const changed = await update(server, door, 'Bucket', id, { threshold });
      for (const { code, message, attribute: named } of [made, changed]) {
        expect([code, message]).toEqual(['INVALID_ATTRIBUTE', expect.stringContaining(`${attribute} `)]);
        expect(message).toContain(words);
        if (door === 'graphql') expect(named).toBe(attribute);
      }
    }
  });

  it('in an amount needs a bucket that has units, in percent none', async () => {
    const { code, message } = await create(server, 'rest', 'Bucket', { usageType: 'monetary', threshold: [five] });
    expect([code, message]).toEqual(['INVALID_ATTRIBUTE', expect.stringContaining('this one has no units yet')]);
    const id = await makeBucket(server, undefined, { threshold: [percent(50)] });
    for (const step of [topup(8), debit(4)]) await step(id);
    expect(await alertsOf(server, id)).toEqual(['50 % at 4']);
  });

  it('is told and armed again when an auto top-up fills the bucket at once', async () => {
    const id = await bucketWith(10, five);
    await make(server, 'TopupBalance', { bucket: { id }, amount: eur(20), autoTopupThreshold: eur(5) });
    for (const step of [debit(6), debit(10)]) await step(id);
    expect([await alertsOf(server, id), await balanceOf(server, id)]).toEqual([['low at 4'], [14, 0]]);
    expect((await read(server, 'Bucket', id)).threshold).toEqual([five]);
  });

  it('is told of an action that is paid, when it is paid', async () => {
    const id = await bucketWith(10, five);
    const due: any = await move('debit', 6, { status: 'created' })(id);
    expect(await alertsOf(server, id)).toEqual([]);
    accepted(await update(server, 'rest', 'AdjustBalance', due.id, { status: 'completed' }));
    expect(await alertsOf(server, id)).toEqual(['low at 4']);
  });

  it('is told of actions that apply together, and of none of them when one is refused', async () => {
    const id = await bucketWith(10, five, { amount: eur(2) });
    const ask = (amounts: number[]): Promise<any> =>
      server.graphql('mutation ($inputs: [AdjustBalanceCreate!]!) { createAdjustBalances(inputs: $inputs) { id } }', {
        inputs: amounts.map((amount) => ({
          adjustType: 'oneTimeChargeDebit',
          amount: eur(amount),
          bucket: { refId: id },
          usageType: 'monetary',
        })),
      });
    expect((await ask([6, 6])).errors).toHaveLength(1);
    expect(await alertsOf(server, id)).toEqual([]);
    expect((await ask([4, 3, 1])).errors).toBeUndefined();
    expect(await alertsOf(server, id)).toEqual(['low at 3', '2 EUR at 2']);
  });
});

describe('an empty bucket', () => {
  const rows: [what: string, opening: number, steps: Step[], told: string[]][] = [
    ['is told', 10, [debit(4), debit(6)], ['empty']],
    ['is told when the last is reserved', 10, [move('reserve', 10)], ['empty']],
    ['is told when the last is transferred', 10, [transferred(10)], ['empty']],
    ['is told once while it is reserved and released', 10, [released(10), released(10), committed(10, 10)], ['empty']],
    ['is told again after a credit', 10, [debit(10), topup(3), debit(3)], ['empty', 'empty']],
    ['is not told when it was never filled', 0, [refused(1)], []],
  ];
  it.each(rows)('%s', async (_what, opening, steps, told) => {
    const id = await makeBucket(server, opening);
    for (const step of steps) await step(id);
    expect(await alertsOf(server, id)).toEqual(told);
  });

  it('says since when, until a credit', async () => {
    const id = await bucketWith(10, five);
    await debit(10)(id);
    expect(await alertsOf(server, id)).toEqual(['low at 0', 'empty']);
    expect((await read(server, 'Bucket', id)).depletedAt).toBe(server.clock.now().toISOString());
    await credit(1)(id);
    expect((await read(server, 'Bucket', id)).depletedAt).toBeUndefined();
    expect(await eventsOf(server, id)).toEqual([
      'BucketCreateEvent',
      'BucketThresholdReachedEvent',
      'BucketDepletedEvent',
    ]);
  });
});

const debits = proofSize('DEBITS', { short: 200, long: 1_000 });

it(`tells a threshold once when ${debits} concurrent debits go through it`, async () => {
  const opening = debits + 10;
  const level = Math.floor(debits / 2);
  const id = await bucketWith(opening, { amount: eur(level) });
  await concurrently(debits, async (index) => {
    const door: Transport = transports[index % 2] ?? 'rest';
    accepted(
      await create(server, door, 'AdjustBalance', { ...actions.debit.attributes, amount: eur(1), bucket: { id } }),
    );
  });
  expect([await balanceOf(server, id), await alertsOf(server, id)]).toEqual([[10, 0], [`${level} EUR at ${level}`]]);
});
