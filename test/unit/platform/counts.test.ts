import { describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { Counts, type RunCount } from '../../../src/platform/plan/counts.js';

const statement = Prisma.sql`SELECT ${1}`;

/** Counts that end when they are told to. */
function held(): { run: RunCount; begun: () => number; end: (count: number) => void } {
  const ends: ((count: number) => void)[] = [];
  let begun = 0;
  return {
    run: (_statement, signal, onBegin) => {
      begun++;
      onBegin();
      return new Promise((resolve, reject) => {
        ends.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
    begun: () => begun,
    end: (count) => ends.shift()?.(count),
  };
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('counts', () => {
  it('of those who ask while one runs are one, which begins after they have asked', async () => {
    const counts = new Counts();
    const { run, begun, end } = held();
    const first = counts.begin(statement, run);
    await turns();
    const later = [counts.begin(statement, run), counts.begin(statement, run)];
    await turns();
    expect(begun()).toBe(1);
    end(7);
    expect(await first.count).toBe(7);
    await turns();
    expect(begun()).toBe(2);
    end(8);
    expect(await Promise.all(later.map(({ count }) => count))).toEqual([8, 8]);
    const other = counts.begin(Prisma.sql`SELECT ${2}`, run);
    await turns();
    expect(begun()).toBe(3);
    end(9);
    expect(await other.count).toBe(9);
  });

  it('end when nobody waits for them any more, not before', async () => {
    const counts = new Counts();
    const { run, end } = held();
    const first = counts.begin(statement, run);
    await turns();
    const [second, third] = [counts.begin(statement, run), counts.begin(statement, run)];
    first.leave();
    await expect(first.count).rejects.toThrow('nobody waits');
    second.leave();
    await turns();
    end(0);
    end(5);
    expect(await third.count).toBe(5);
  });

  it('that all have left before it began is not joined', async () => {
    const counts = new Counts();
    const { run, end } = held();
    const first = counts.begin(statement, run);
    await turns();
    counts.begin(statement, run).leave();
    const last = counts.begin(statement, run);
    end(1);
    expect(await first.count).toBe(1);
    await turns();
    end(2);
    expect(await last.count).toBe(2);
  });
});
