import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../../src/platform/config.js';
import { Pending } from '../../../src/app/workers/pending.js';
import { Restarts } from '../../../src/app/workers/restarts.js';
import { configOfWorker } from '../../../src/app/workers/worker-config.js';
import { onlyWorker } from '../../../src/app/workers/workers.js';

describe('a worker that ended', () => {
  it('is replaced at once when it had served for a while', () => {
    const restarts = new Restarts();
    for (let round = 0; round < 20; round++) expect(restarts.ended(10_000, false)).toBe(0);
  });

  it('is replaced later and later when it ends soon after its start, up to a bound', () => {
    const restarts = new Restarts();
    const delays = Array.from({ length: 10 }, () => restarts.ended(9_999, true));
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
    expect(restarts.ended(10_000, true)).toBe(0);
    expect(restarts.ended(0, true)).toBe(100);
  });

  it('is given up after the fifth such end when no other one serves', () => {
    const restarts = new Restarts();
    expect(Array.from({ length: 5 }, () => restarts.ended(0, false))).toEqual([100, 200, 400, 800, undefined]);
    expect(restarts.ended(0, true)).toBe(3_200);
  });
});

describe('a question', () => {
  it('is answered once, by what comes first', async () => {
    const pending = new Pending<string>(60_000);
    let sent = 0;
    const answer = pending.ask((id) => (sent = id), 'late');
    pending.settle(sent + 1, 'of another question');
    pending.settle(sent, 'in time');
    pending.settle(sent, 'again');
    expect(await answer).toBe('in time');
  });

  it('does not wait for ever', async () => {
    expect(await new Pending<string>(1).ask(() => undefined, 'late')).toBe('late');
  });

  it('is answered when who was asked has gone', async () => {
    const pending = new Pending<string>(60_000);
    const answers = [pending.ask(() => undefined, 'late'), pending.ask(() => undefined, 'late')];
    pending.settleAll('gone');
    expect(await Promise.all(answers)).toEqual(['gone', 'gone']);
  });
});

describe('a server of one process', () => {
  it('collects what it answers itself, and what it fails to answer', async () => {
    const workers = onlyWorker();
    workers.answer('readiness', () => Promise.resolve('stopping'));
    expect(await workers.collect('readiness')).toEqual([{ worker: 1, value: 'stopping' }]);
    workers.answer('readiness', () => Promise.reject(new Error('broken')));
    expect(await workers.collect('readiness')).toEqual([{ worker: 1, missing: 'fails to answer' }]);
  });
});

describe('a worker', () => {
  it('has its share of the connections to PostgreSQL, and the port of all', () => {
    const share = (size: string, workers: string): number =>
      configOfWorker(
        readConfig(
          { DATABASE_URL: 'postgres://db/app', PORT: '0', DATABASE_POOL_SIZE: size, WORKERS: workers },
          'sandbox',
        ),
        { port: 4321 },
      ).databasePoolSize;
    expect([share('20', '2'), share('20', '3'), share('3', '8')]).toEqual([10, 6, 1]);
    expect(configOfWorker(readConfig({ PORT: '0' }, 'sandbox'), { port: 4321 }).port).toBe(4321);
  });
});
