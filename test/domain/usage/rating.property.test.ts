import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, make, makeBuckets } from '../prepay-balance/balances.js';
import { update as updateBalance } from '../prepay-balance/transports.js';
import { guided, left, ratings, to, usageOf, usageSpecification } from './charges.js';
import { create, transports, rate, remove, type Transport, type Outcome } from '../../fixtures/transports.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 1, long: 10 });
const bucketCount = 3;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** The bucket that is asked for (undefined: nothing is said of it, null: none), with an amount of its own or without. */
interface Asked {
  bucket: number | null | undefined;
  amount: number | undefined;
}

const cents = fc.integer({ min: 0, max: 900 }).map((value) => value / 100);
const asked: fc.Arbitrary<Asked> = fc.record({
  bucket: fc.constantFrom(undefined, undefined, null, 0, 1, 2, 0, 1, 2),
  amount: fc.option(cents, { nil: undefined, freq: 4 }),
});
const door = fc.constantFrom<Transport>(...transports);
const common = { door, usage: fc.nat({ max: 4 }), asked, total: cents };
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('rate' as const), ...common }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('create' as const), ...common }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), ...common }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('suspend' as const, 'activate' as const, 'topup' as const),
      bucket: fc.nat({ max: bucketCount - 1 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Rate = Extract<Step, { total: number }>;

interface Usage {
  id: string;
  total: Decimal | undefined;
  /** The bucket it consumes, how much of it, and whether that is what rating says. */
  charge: { bucket: number; amount: Decimal } | undefined;
}

/** What must be, told in the simplest way: the whole of the old charge back, the whole of the new one away. */
class History {
  readonly usages: Usage[] = [];
  readonly remaining: Decimal[] = [];
  readonly isSuspended: boolean[] = Array(bucketCount).fill(false);

  wanted({ asked: { bucket, amount }, total, door: through }: Rate, usage: Usage | undefined): Usage['charge'] {
    const before = usage?.charge;
    if (bucket === null || (bucket === undefined && before === undefined)) return undefined;
    // A merge patch leaves the amount that it does not name as it is.
    const isMerged = through === 'rest' && usage !== undefined;
    const own =
      bucket === undefined
        ? before?.amount
        : amount === undefined
          ? isMerged
            ? before?.amount
            : undefined
          : new Decimal(amount);
    const follows =
      own === undefined ||
      (before !== undefined && own.eq(before.amount) && usage?.total !== undefined && own.eq(usage.total));
    return { bucket: bucket ?? (before as { bucket: number }).bucket, amount: follows ? new Decimal(total) : own };
  }

  isPossible(before: Usage['charge'], after: Usage['charge']): boolean {
    if (after === undefined) return true;
    const given = before?.bucket === after.bucket ? before.amount : new Decimal(0);
    const more = after.amount.minus(given);
    return more.lte(0) || (!this.isSuspended[after.bucket] && this.remaining[after.bucket]!.gte(more));
  }

  move(before: Usage['charge'], after: Usage['charge']): void {
    if (before) this.remaining[before.bucket] = this.remaining[before.bucket]!.plus(before.amount);
    if (after) this.remaining[after.bucket] = this.remaining[after.bucket]!.minus(after.amount);
  }
}

async function play(steps: readonly Step[]): Promise<void> {
  const history = new History();
  const ids = await makeBuckets(server, bucketCount, 20);
  for (let index = 0; index < bucketCount; index++) history.remaining.push(new Decimal(20));
  const chargeToOf = ({ bucket, amount }: Asked): object =>
    bucket === undefined ? {} : { chargeTo: bucket === null ? null : to(ids[bucket]!, amount) };
  for (let index = 0; index < 3; index++)
    history.usages.push({ id: await guided(server), total: undefined, charge: undefined });

  for (const one of steps) {
    if ('bucket' in one) {
      const bucket = { id: ids[one.bucket]! };
      const isTopup = one.type === 'topup' && !history.isSuspended[one.bucket];
      if (isTopup) await make(server, 'TopupBalance', { amount: eur(5), bucket });
      if (isTopup) history.remaining[one.bucket] = history.remaining[one.bucket]!.plus(5);
      if (one.type !== 'topup')
        await updateBalance(server, 'rest', 'Bucket', bucket.id, {
          status: one.type === 'suspend' ? 'suspended' : 'active',
        });
      if (one.type !== 'topup') history.isSuspended[one.bucket] = one.type === 'suspend';
    } else if (one.type === 'remove') {
      const usage = history.usages[one.usage % history.usages.length]!;
      const { status } = await remove(server, one.door, 'Usage', usage.id);
      expect(status < 300).toBe(usage.charge === undefined);
      if (status < 300)
        history.usages.splice(history.usages.indexOf(usage), 1, {
          id: await guided(server),
          total: undefined,
          charge: undefined,
        });
    } else {
      const usage = one.type === 'create' ? undefined : history.usages[one.usage % history.usages.length]!;
      const wanted = history.wanted(one, usage);
      const isPossible = history.isPossible(usage?.charge, wanted);
      const chargeTo = chargeToOf(one.asked);
      const outcome: Outcome = usage
        ? await rate(server, one.door, usage.id, ratings(one.total), chargeTo)
        : await create(server, one.door, 'Usage', {
            usageSpecification,
            status: 'rated',
            ratedProductUsage: ratings(one.total),
            ...chargeTo,
          });
      expect([outcome.status, outcome.message]).toEqual([
        isPossible ? (usage || one.door === 'graphql' ? 200 : 201) : 409,
        isPossible ? undefined : expect.any(String),
      ]);
      if (isPossible) {
        history.move(usage?.charge, wanted);
        const after = { id: outcome.resource.id, total: new Decimal(one.total), charge: wanted };
        if (usage) Object.assign(usage, after);
        else history.usages.push(after);
      }
    }
    expect(await left(server, ...ids)).toEqual(history.remaining.map((amount) => amount.toNumber()));
  }
  for (const { id, charge } of history.usages) {
    const { chargeTo } = await usageOf(server, id);
    expect([id, chargeTo?.bucket.id, chargeTo?.amount]).toEqual([
      id,
      charge && ids[charge.bucket],
      charge && eur(charge.amount.toNumber()),
    ]);
  }
}

describe('whatever is rated, charged, moved and refused', () => {
  it(
    'leaves in every bucket what its usages have not consumed',
    async () => {
      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40 }), play), {
        seed,
        numRuns: runs,
        endOnFailure: true,
      });
    },
    60_000 + runs * 60_000,
  );
});
