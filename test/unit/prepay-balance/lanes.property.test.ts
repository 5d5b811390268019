import { describe, expect, it } from '@jest/globals';
import { Lanes, type Queued } from '../../../src/domain/prepay-balance/lanes.js';
import { Random } from '../../support/random.js';
import { seed } from '../../support/seed.js';

let orders = 0;

function request(claims: Queued['claims'], others: Partial<Queued> = {}): Queued {
  return { order: orders++, tenantId: 'default', size: 1, claims, isAlone: false, heldUp: undefined, ...others };
}

const on = (...buckets: string[]): NonNullable<Queued['claims']> => ({ buckets, others: [] });

function lanesWith(items: readonly Queued[], count = 4): Lanes<Queued> {
  const lanes = new Lanes<Queued>(count);
  for (const item of items) lanes.add(item);
  return lanes;
}

const namesOf = ({ claims }: Queued): string[] => (claims ? [...claims.buckets, ...claims.others] : []);

describe('the lanes of the engine', () => {
  it('run what shares nothing at the same time, and what shares something one after the other', () => {
    const [one, other, second] = [request(on('a')), request(on('b')), request(on('a'))];
    const lanes = lanesWith([one]);
    const first = lanes.begin(0);
    expect(first).toEqual([one]);
    lanes.add(other);
    lanes.add(second);
    expect(lanes.begin(0)).toEqual([other]);
    expect(lanes.begin(0)).toBeUndefined();
    lanes.end(first ?? []);
    expect(lanes.begin(0)).toEqual([second]);
  });

  it('take all commands of one bucket together', () => {
    const items = Array.from({ length: 100 }, () => request(on('hot')));
    expect(lanesWith(items).begin(0)).toHaveLength(100);
  });

  it('share out the commands of many buckets', () => {
    const lanes = lanesWith(
      Array.from({ length: 100 }, (_, index) => request(on(`b${index}`))),
      2,
    );
    expect([lanes.begin(0)?.length, lanes.begin(0)?.length, lanes.begin(0)]).toEqual([50, 50, undefined]);
  });

  it('let nothing pass a command whose buckets are not known yet, but what another tenant wants', () => {
    const [unknown, behind] = [request(undefined), request(on('a'))];
    const foreign = request(on('b'), { tenantId: 'other' });
    const lanes = lanesWith([unknown, behind, foreign]);
    expect(lanes.begin(0)).toEqual([foreign]);
    unknown.claims = on('a');
    expect(lanes.begin(0)).toEqual([unknown, behind]);
  });

  it('run alone what cannot be located: nothing beside it, and nothing behind it before it', () => {
    const [before, alone, behind] = [request(on('a')), request(undefined, { isAlone: true }), request(on('b'))];
    const lanes = lanesWith([before, alone, behind]);
    const first = lanes.begin(0) ?? [];
    expect(first).toEqual([before]);
    expect(lanes.begin(0)).toBeUndefined();
    lanes.end(first);
    expect(lanes.begin(0)).toEqual([alone]);
    expect(lanes.begin(0)).toBeUndefined();
    lanes.end([alone]);
    expect(lanes.begin(0)).toBeUndefined();
  });

  it('let a bucket that another server has locked keep only those that need it, in their order', () => {
    const transfer = request(on('locked', 'free'), { heldUp: { buckets: new Set(['locked']), until: 50 } });
    const [second, third, other] = [request(on('locked', 'third')), request(on('third')), request(on('free'))];
    const lanes = lanesWith([transfer, second, third, other]);
    const now = lanes.begin(0);
    expect(now).toEqual([third, other]);
    lanes.end(now ?? []);
    expect(lanes.begin(49)).toBeUndefined();
    expect(lanes.begin(50)).toEqual([transfer, second]);
  });

  it.each(['action r', 'key default k'])('never run two commands of the same %s at once', (name) => {
    const lanes = lanesWith([request({ buckets: ['a'], others: [name] })]);
    lanes.begin(0);
    lanes.add(request({ buckets: ['b'], others: [name] }));
    expect(lanes.begin(0)).toBeUndefined();
  });

  it.each(Array.from({ length: 50 }, (_, round) => round))(
    'keep apart what shares something, keep its order and forget nothing, history %i',
    (round) => {
      const random = new Random(seed + round);
      const lanes = new Lanes<Queued>(1 + random.below(5));
      const buckets = Array.from({ length: 2 + random.below(12) }, (_, index) => `b${index}`);
      const running: (readonly Queued[])[] = [];
      const ended = new Set<Queued>();
      const all: Queued[] = [];
      const startedOf = new Map<string, number>();
      // Tenants share nothing.
      const makeClaims = (tenantId: string): NonNullable<Queued['claims']> => ({
        buckets: Array.from({ length: 1 + random.below(3) }, () => `${tenantId} ${random.pick(buckets)}`),
        others: random.some(1, () => `key ${tenantId} k${random.below(5)}`),
      });
      const begin = (now: number): void => {
        for (let batch = lanes.begin(now); batch; batch = lanes.begin(now)) {
          for (const item of batch) {
            for (const name of namesOf(item)) {
              const isTaken = running.some((other) => other.some((one) => namesOf(one).includes(name)));
              expect(isTaken).toBe(false);
              expect(startedOf.get(name) ?? -1).toBeLessThanOrEqual(item.order);
            }
          }
          for (const item of batch) for (const name of namesOf(item)) startedOf.set(name, item.order);
          expect(new Set(batch.map(({ tenantId }) => tenantId)).size).toBe(1);
          if (batch.some(({ isAlone }) => isAlone)) expect([batch.length, running.length]).toEqual([1, 0]);
          running.push(batch);
        }
      };
      for (let step = 0; step < 200; step++) {
        if (random.chance(0.6)) {
          const tenantId = random.chance(0.8) ? 'default' : 'other';
          const item = request(random.chance(0.8) ? makeClaims(tenantId) : undefined, {
            tenantId,
            size: 1 + random.below(3),
          });
          if (item.claims === undefined && random.chance(0.1)) item.isAlone = true;
          all.push(item);
          lanes.add(item);
        }
        for (const item of lanes.waiting)
          if (item.claims === undefined && !item.isAlone && random.chance(0.5)) item.claims = makeClaims(item.tenantId);
        if (running.length > 0 && random.chance(0.5)) {
          const [batch = []] = running.splice(random.below(running.length), 1);
          for (const item of batch) ended.add(item);
          lanes.end(batch);
        }
        begin(step);
      }
      for (let step = 0; step < 2_000 && ended.size < all.length; step++) {
        for (const item of lanes.waiting)
          if (item.claims === undefined && !item.isAlone) item.claims = makeClaims(item.tenantId);
        const batch = running.shift() ?? [];
        for (const item of batch) ended.add(item);
        lanes.end(batch);
        begin(1_000);
      }
      expect(ended.size).toBe(all.length);
    },
  );
});
