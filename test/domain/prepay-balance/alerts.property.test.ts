import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { proofSize } from '../../support/proof.js';
import { Random } from '../../support/random.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { alertsOf } from './alerts.js';
import { accepted, actions, eur, make, makeBucket, read } from './balances.js';
import { commitVerb, releaseVerb, update } from './transports.js';

const histories = proofSize('RUNS', { short: 3, long: 40 });
const stepsOfHistory = 60;
jest.setTimeout(60_000 + histories * 30_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Threshold {
  readonly amount?: number;
  readonly percent?: number;
  isReached: boolean;
}

/** What a bucket should have told: written as plainly as can be, in whole numbers. */
class Model {
  remaining = 0;
  lastCredit: number | undefined;
  isEmpty = false;
  thresholds: Threshold[] = [];
  readonly told: string[] = [];

  constructor(readonly id: string) {}

  private levelOf({ amount, percent = 0 }: Threshold): number {
    return amount ?? (this.lastCredit === undefined ? -1 : (this.lastCredit * percent) / 100);
  }

  watch(given: readonly Omit<Threshold, 'isReached'>[]): void {
    this.thresholds = given.map((one) => {
      const same = this.thresholds.find(({ amount, percent }) => amount === one.amount && percent === one.percent);
      return same ?? { ...one, isReached: this.remaining <= this.levelOf({ ...one, isReached: false }) };
    });
  }

  credit(amount: number): void {
    this.remaining += amount;
    this.lastCredit = amount;
    this.isEmpty = false;
    for (const one of this.thresholds) if (this.remaining > this.levelOf(one)) one.isReached = false;
  }

  giveBack(amount: number): void {
    this.remaining += amount;
  }

  take(amount: number): void {
    this.remaining -= amount;
    const crossed = this.thresholds.filter((one) => !one.isReached && this.remaining <= this.levelOf(one));
    crossed.sort((one, other) => this.levelOf(other) - this.levelOf(one));
    for (const one of crossed) {
      one.isReached = true;
      this.told.push(`${one.amount === undefined ? `${one.percent} %` : `${one.amount} EUR`} at ${this.remaining}`);
    }
    if (this.remaining === 0 && !this.isEmpty) {
      this.isEmpty = true;
      this.told.push('empty');
    }
  }
}

/** Two buckets that move at random, and what is kept of it. */
class History {
  private readonly reservations: { id: string; bucket: Model; amount: number }[] = [];
  private readonly reversible: { type: 'TopupBalance' | 'AdjustBalance'; id: string; bucket: Model; added: number }[] =
    [];

  constructor(
    private readonly random: Random,
    readonly buckets: readonly [Model, Model],
  ) {}

  async step(): Promise<void> {
    const { random, buckets } = this;
    const bucket = random.pick(buckets);
    const amount = 1 + random.below(10);
    const on = { bucket: { id: bucket.id }, amount: eur(amount) };
    switch (random.pick(['topup', 'credit', 'debit', 'debit', 'reserve', 'end', 'transfer', 'reverse', 'watch'])) {
      case 'topup':
      case 'credit': {
        const { type, attributes } = random.chance(0.5) ? actions.topup : actions.credit;
        const { id } = await make(server, type, { ...attributes, ...on });
        this.reversible.push({ type, id, bucket, added: amount });
        return bucket.credit(amount);
      }
      case 'debit': {
        if (bucket.remaining < amount) return;
        const { id } = await make(server, 'AdjustBalance', { ...actions.debit.attributes, ...on });
        this.reversible.push({ type: 'AdjustBalance', id, bucket, added: -amount });
        return bucket.take(amount);
      }
      case 'reserve': {
        if (bucket.remaining < amount) return;
        const { id } = await make(server, 'ReserveBalance', on);
        this.reservations.push({ id, bucket, amount });
        return bucket.take(amount);
      }
      case 'end': {
        const held = this.reservations.pop();
        if (held === undefined) return;
        if (random.chance(0.5)) {
          accepted(await releaseVerb(server, held.id));
          return held.bucket.giveBack(held.amount);
        }
        const used = 1 + random.below(held.amount);
        accepted(await commitVerb(server, held.id, eur(used)));
        return held.bucket.giveBack(held.amount - used);
      }
      case 'transfer': {
        const receiver = buckets[bucket === buckets[0] ? 1 : 0];
        if (bucket.remaining < amount) return;
        await make(server, 'TransferBalance', { ...on, receiverBucket: { id: receiver.id } });
        bucket.take(amount);
        return receiver.credit(amount);
      }
      case 'reverse': {
        const done = this.reversible.pop();
        if (done === undefined || done.bucket.remaining < done.added) return;
        accepted(await update(server, 'rest', done.type, done.id, { status: 'cancelled' }));
        return done.added > 0 ? done.bucket.take(done.added) : done.bucket.giveBack(-done.added);
      }
      default: {
        const amounts = [2, 5, 10].filter(() => random.chance(0.5)).map((one) => ({ amount: one }));
        const percents = [25, 50].filter(() => random.chance(0.5)).map((one) => ({ percent: one }));
        const given = [...amounts, ...percents];
        const threshold = given.map((one) => ('amount' in one ? { amount: eur(one.amount) } : one));
        accepted(await update(server, 'graphql', 'Bucket', bucket.id, { threshold }));
        return bucket.watch(given);
      }
    }
  }
}

it(`buckets tell what a plain model says, in ${histories} random histories (seed ${seed})`, async () => {
  for (let history = 0; history < histories; history++) {
    const random = new Random(seed + history);
    const [one, other] = [new Model(await makeBucket(server, 0)), new Model(await makeBucket(server, 0))];
    const run = new History(random, [one, other]);
    for (let step = 0; step < stepsOfHistory; step++) await run.step();
    for (const { id, told, thresholds, remaining, isEmpty } of run.buckets) {
      const bucket = await read(server, 'Bucket', id);
      expect({ history, told: await alertsOf(server, id) }).toEqual({ history, told });
      expect([bucket.remainingValue.amount, bucket.depletedAt !== undefined]).toEqual([remaining, isEmpty]);
      const reached = (bucket.threshold ?? []).map(({ reachedAt }: { reachedAt?: string }) => reachedAt !== undefined);
      expect(reached).toEqual(thresholds.map(({ isReached }) => isReached));
    }
  }
});
