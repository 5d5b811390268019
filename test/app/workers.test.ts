import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { basePath, call, createMigratedStorage, killAll, Program, startMaxMs, type Storage } from './program.js';

jest.setTimeout(4 * startMaxMs);

const writers = 4;
/** Acknowledged top-ups before a worker is killed, and after it was replaced. */
const topupsPerPhase = 30;
/** A bound of waiting for a connection that has to end. */
const endMaxMs = 30_000;

const eur = (amount: number): object => ({ amount, units: 'EUR' });

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

const startTwo = (env: Record<string, string> = {}): Program =>
  new Program('serve', {
    ...storage.env,
    WORKERS: '2',
    LOG_LEVEL: 'debug',
    SHUTDOWN_DELAY_SECONDS: '0',
    DATABASE_POOL_SIZE: '12',
    ...env,
  });

/** Process id of the worker that serves under this number, or served last. */
function workerPid(program: Program, worker: number): number {
  const started = program.log().filter((line) => line.worker === worker && line.workerPid !== undefined);
  return started.at(-1)?.workerPid;
}

function isAlive(pid: number): boolean {
  try {
    // A process that nobody has waited for yet is no longer alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** One request on a connection of its own: its answer, or how the connection ended. */
async function dial(origin: string, path = '/health/live'): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', (error) => (text += error.message));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(new Error('the connection stays open')), endMaxMs);
  await closed;
  clearTimeout(timer);
  return text;
}

const isAnswered = (text: string): boolean => text.startsWith('HTTP/1.1 200 ');

/** The workers that have done background jobs, from this place of the log on. */
const jobWorkers = (program: Program, from = 0): number[] => [
  ...new Set(
    program
      .log()
      .slice(from)
      .filter(({ job }) => job !== undefined)
      .map(({ worker }) => worker),
  ),
];

const untilReady = (origin: string): Promise<true> =>
  eventually(
    'the server is ready',
    async () => (await call(origin, 'GET', '/../../../health/ready')).status === 200 || undefined,
  );

if (process.env.TEST_DATABASE_URL) {
  describe('two workers', () => {
    it('answer on one port, and lose nothing when one of them is killed', async () => {
      const program = startTwo();
      const origin = await program.origin();
      const [first, second] = [workerPid(program, 1), workerPid(program, 2)];
      expect(program.output.match(/^GraphQL /gm)).toHaveLength(1);

      // While one of them is stopped the other one answers. A connection that was handed to the stopped one waits.
      for (const stopped of [first, second]) {
        process.kill(stopped, 'SIGSTOP');
        const answers = [dial(origin), dial(origin), dial(origin)].map(async (answer) => isAnswered(await answer));
        expect(await Promise.race(answers)).toBe(true);
        process.kill(stopped, 'SIGCONT');
        expect(await Promise.all(answers)).toEqual([true, true, true]);
      }

      const { body: bucket } = await call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(0) });
      const acknowledged = new Map<string, string>();
      let [count, isOver] = [0, false];
      const topUp = async (): Promise<void> => {
        while (!isOver) {
          const key = `topup-${++count}`;
          const body = { amount: eur(1), bucket: { id: bucket.id } };
          await eventually('the top-up is taken', async () => {
            // A connection to the killed worker breaks: nobody knows whether the top-up was done, so it is sent again.
            const answer = await call(origin, 'POST', '/topupBalance', body, key).catch(() => undefined);
            if (answer === undefined || answer.status === 503) return undefined;
            expect(answer).toMatchObject({ status: 201 });
            acknowledged.set(key, answer.body.id);
            return true;
          });
        }
      };
      const working = Promise.all(Array.from({ length: writers }, topUp));
      let failure: Error | undefined;
      working.catch((error: Error) => (failure = error));
      const further = (topups: number): Promise<true> => {
        const goal = acknowledged.size + topups;
        return eventually('top-ups are acknowledged', () => {
          if (failure) throw failure;
          return acknowledged.size >= goal || undefined;
        });
      };

      await further(topupsPerPhase);
      expect(jobWorkers(program)).toEqual([1]);
      process.kill(first, 'SIGSTOP');
      // One of these is on its way to the worker that is about to die.
      const dialled = [dial(origin), dial(origin), dial(origin)];
      const jobsBefore = program.log().length;
      process.kill(first, 'SIGKILL');
      await program.prints(/"a worker ended, and is replaced"/);
      const replacements = program.log().filter(({ workerPid: pid }) => pid !== undefined).length;
      await further(topupsPerPhase);
      // That many were taken by the other worker alone, unless the replacement was as quick.
      const ready = await call(origin, 'GET', '/../../../health/ready');
      if (program.log().filter(({ workerPid: pid }) => pid !== undefined).length === replacements)
        expect(ready).toMatchObject({ status: 503, body: { status: 'worker 1 is starting' } });
      await untilReady(origin);
      const ended = await Promise.all(dialled);
      expect(ended.filter((text) => text.includes('stays open'))).toEqual([]);
      expect(ended.filter(isAnswered).length).toBeGreaterThanOrEqual(2);
      await further(topupsPerPhase);
      isOver = true;
      await working;

      expect(workerPid(program, 1)).not.toBe(first);
      expect([isAlive(first), isAlive(second), isAlive(workerPid(program, 1))]).toEqual([false, true, true]);
      const { body: now } = await call(origin, 'GET', `/bucket/${bucket.id}`);
      expect([acknowledged.size, now.remainingValue]).toEqual([count, eur(count)]);
      const found: string[] = [];
      for (let offset = 0; offset < count; offset += 1_000) {
        const page = `/topupBalance?bucket.id=${bucket.id}&fields=id&limit=1000&offset=${offset}`;
        found.push(...(await call(origin, 'GET', page)).body.map(({ id }: any) => id));
      }
      expect(found.sort()).toEqual([...acknowledged.values()].sort());
      // Jobs go on in the worker that stayed, and in no other.
      await eventually('jobs run again', () => jobWorkers(program, jobsBefore).length > 0 || undefined);
      expect(jobWorkers(program, jobsBefore)).toEqual([2]);

      const pids = [workerPid(program, 1), workerPid(program, 2)];
      expect(await program.stop()).toBe(0);
      expect(pids.map(isAlive)).toEqual([false, false]);
      expect(program.errors).toBe('');
    });

    it('are counted together in the metrics, whichever of them answers', async () => {
      const token = 'a-token-for-prometheus';
      const origin = await startTwo({ METRICS_TOKEN: token }).origin();
      const read = (): Promise<unknown> => fetch(`${origin}${basePath}/bucket`, { headers: { connection: 'close' } });
      for (let round = 0; round < 20; round++) await read();
      const headers = { authorization: `Bearer ${token}`, connection: 'close' };
      const texts = await Promise.all(
        Array.from({ length: 4 }, async () => (await fetch(`${origin}/metrics`, { headers })).text()),
      );
      for (const text of texts) {
        expect(text).toContain('\ntmf_workers 2\n');
        expect(text).toContain('tmf_operations_total{operation="bucket:read",outcome="ok"} 20\n');
      }
    });

    it('let requests end on SIGTERM, are told to balancers all together, and go with their primary', async () => {
      const program = startTwo({ SHUTDOWN_DELAY_SECONDS: '1' });
      const origin = await program.origin();
      const { hostname, port } = new URL(origin);
      const body = JSON.stringify({ usageType: 'monetary', name: 'under way' });
      // One for each worker.
      const open = await Promise.all(
        [1, 2].map(async () => {
          const socket = connect(Number(port), hostname);
          const one = { socket, answer: '', closed: once(socket, 'close') };
          socket.on('data', (chunk) => (one.answer += chunk.toString()));
          socket.write(
            `POST ${basePath}/bucket HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
          );
          await once(socket, 'data');
          return one;
        }),
      );
      program.signal('SIGTERM');
      await eventually(
        'both stop',
        () => program.log().filter(({ msg, worker }) => msg === 'stopping' && worker).length === 2 || undefined,
      );
      const probes = await Promise.all(Array.from({ length: 4 }, () => dial(origin, '/health/ready')));
      expect(probes.map((text) => /^HTTP\/1\.1 (\d+)[^]*("status":"\w+")/.exec(text)?.slice(1))).toEqual(
        probes.map(() => ['503', '"status":"stopping"']),
      );
      for (const { socket } of open) socket.write(body);
      await Promise.all(open.map(({ closed }) => closed));
      expect(open.map(({ answer }) => answer)).toEqual([
        expect.stringMatching(/^HTTP\/1\.1 201 Created/m),
        expect.stringMatching(/^HTTP\/1\.1 201 Created/m),
      ]);
      expect(await program.exitCode()).toBe(0);

      const again = startTwo();
      expect((await call(await again.origin(), 'GET', '/bucket?fields=name')).body).toHaveLength(2);
      const pids = [workerPid(again, 1), workerPid(again, 2)];
      await again.kill();
      await eventually('the workers end', () => !pids.some(isAlive) || undefined);
    });
  });

  describe('a start of workers that cannot succeed', () => {
    it('ends when they die again and again, and says how', async () => {
      const dying = `import cluster from 'node:cluster'; if (cluster.isWorker) process.exit(7);`;
      const program = startTwo({ NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(dying)}` });
      expect(await program.exitCode()).toBe(1);
      expect(program.errors).toMatch(
        /^the server ends: worker [12] ended again and again soon after its start \(exit code 7\)\n$/,
      );
      const replaced = program.log().filter(({ msg }) => msg === 'a worker ended, and is replaced');
      for (const worker of [1, 2])
        expect(replaced.filter((line) => line.worker === worker).length).toBeLessThanOrEqual(4);
    });

    it('ends at once when the reason is for the user, and tells it once', async () => {
      const unreachable = startTwo({ DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/db' });
      const busy = createServer().listen(0, '127.0.0.1');
      await once(busy, 'listening');
      const { port } = busy.address() as AddressInfo;
      const blocked = startTwo({ PORT: String(port) });
      try {
        expect([await unreachable.exitCode(), await blocked.exitCode()]).toEqual([1, 1]);
      } finally {
        busy.close();
      }
      expect(unreachable.errors).toMatch(/^cannot use PostgreSQL at 127\.0\.0\.1:1: [^\n]+\n$/);
      expect(unreachable.errors).not.toContain('secret');
      expect(blocked.errors).toMatch(new RegExp(`^[^\\n]*127\\.0\\.0\\.1:${port}\\n$`));
    });
  });
}
