import { describe, expect, it } from '@jest/globals';
import { Decimal } from '../../../src/platform/decimal.js';
import { textOf, type PageRequest } from '../../../src/platform/plan/page-request.js';
import { Sharing, type RunShared } from '../../../src/platform/plan/sharing.js';

/** Reads that end when they are told to. */
function held(): { run: RunShared<string, number>; asked: (readonly string[])[]; end: (result: number) => void } {
  const ends: ((result: number) => void)[] = [];
  const asked: (readonly string[])[] = [];
  return {
    run: (all, signal, onBegin) => {
      asked.push(all);
      onBegin();
      return new Promise((resolve, reject) => {
        ends.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
    asked,
    end: (result) => ends.shift()?.(result),
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('what is asked for by several', () => {
  it('while one runs is read once, after all have asked', async () => {
    const { run, asked, end } = held();
    const sharing = new Sharing(run);
    const first = [sharing.join('a', '1'), sharing.join('a', '2')];
    await turns();
    const later = [sharing.join('a', '3'), sharing.join('a', '4')];
    await turns();
    expect(asked).toEqual([['1', '2']]);
    end(7);
    expect(await Promise.all(first.map(({ result }) => result))).toEqual([7, 7]);
    await turns();
    expect(asked).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    end(8);
    expect(await Promise.all(later.map(({ result }) => result))).toEqual([8, 8]);
    const last = sharing.join('a', '5');
    await turns();
    end(9);
    expect(await last.result).toBe(9);
  });

  it('under another key waits for nobody', async () => {
    const { run, asked } = held();
    const sharing = new Sharing(run);
    sharing.join('a', '1');
    await turns();
    sharing.join('b', '2');
    await turns();
    expect(asked).toEqual([['1'], ['2']]);
  });

  it('ends when nobody waits for it any more, not before', async () => {
    const { run, end } = held();
    const sharing = new Sharing(run);
    const first = sharing.join('a', '1');
    await turns();
    const [second, third] = [sharing.join('a', '2'), sharing.join('a', '3')];
    first.leave();
    await expect(first.result).rejects.toThrow('nobody waits');
    second.leave();
    await turns();
    end(0);
    end(5);
    expect(await third.result).toBe(5);
  });

  it('that all have left before it began is not joined', async () => {
    const { run, asked, end } = held();
    const sharing = new Sharing(run);
    const first = sharing.join('a', '1');
    await turns();
    sharing.join('a', '2').leave();
    const last = sharing.join('a', '3');
    end(1);
    expect(await first.result).toBe(1);
    await turns();
    end(2);
    expect(await last.result).toBe(2);
    expect(asked).toEqual([['1'], ['3']]);
  });

  it('does not wait for one that takes long', async () => {
    const { run, asked, end } = held();
    const sharing = new Sharing(run, 1);
    const first = sharing.join('a', '1');
    await turns();
    const second = sharing.join('a', '2');
    while (asked.length < 2) await turns();
    end(1);
    end(2);
    expect(await Promise.all([first.result, second.result])).toEqual([1, 2]);
  });

  it('fails for all who asked, and for nobody else', async () => {
    let runs = 0;
    const sharing = new Sharing<string, number>(() =>
      ++runs === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(runs),
    );
    const first = [sharing.join('a', '1'), sharing.join('a', '2')];
    for (const { result } of first) await expect(result).rejects.toThrow('broken');
    expect(await sharing.join('a', '3').result).toBe(2);
  });

  it('is left by whom its signal tells to', async () => {
    const { run } = held();
    const sharing = new Sharing(run);
    const client = new AbortController();
    const asking = sharing.of('a', '1', client.signal);
    await turns();
    client.abort(new Error('gone'));
    await expect(asking).rejects.toThrow('gone');
    await expect(sharing.of('a', '1', client.signal)).rejects.toThrow('gone');
  });
});

describe('the text of a request', () => {
  it('differs for requests that differ, also by the types of values that look alike', () => {
    const time = new Date('2026-01-01T00:00:00Z');
    const values = ['5', 5, new Decimal(5), time, time.toISOString(), 'true', true];
    const page: PageRequest = { order: [], offset: 0, limit: 20 };
    const requests: PageRequest[] = [
      page,
      { ...page, offset: 2 },
      { ...page, limit: 2 },
      { ...page, cursor: 'x' },
      { ...page, isBackward: true },
      { ...page, cursor: 'x', isBackward: true },
      { ...page, order: [{ path: ['a'], descending: false }] },
      { ...page, order: [{ path: ['a'], descending: true }] },
      ...values.map((value): PageRequest => ({
        ...page,
        filter: { kind: 'compare', path: ['a'], operator: 'eq', value },
      })),
    ];
    expect(new Set(requests.map(textOf)).size).toBe(requests.length);
    expect(textOf({ ...page })).toBe(textOf(page));
  });
});
