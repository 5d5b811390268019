// @ts-check
/** `npm run bench -- --isolation`: how fast top-ups are while ten clients repeat the slowest list, beside how fast they are alone. */
import { resolve } from 'node:path';
import pg from 'pg';
import { startServer } from './processes.js';
import { fill } from './summary.js';

const root = resolve(import.meta.dirname, '../..');
const listClients = 10;
const topupClients = 16;
const bar = 0.7;
/** No index helps, and no row matches: each list looks at every usage. */
const slowList = '/tmf-api/usageManagement/v4/usage?limit=1&description.contains=nobody&sort=-description';
const topups = '/tmf-api/prepayBalanceManagement/v4';

/** @param {string} databaseUrl @param {number} count of usages @param {number} measureMs @param {AbortSignal} signal */
export async function benchIsolation(databaseUrl, count, measureMs, signal) {
  const client = new pg.Client(databaseUrl);
  const settings = {
    DATABASE_URL: databaseUrl,
    ALLOWED_HOSTS: '127.0.0.1,localhost',
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_SECONDS: '0',
  };
  // It applies the migrations when it starts.
  const server = await startServer(root, ['dist/src/app/cli/serve.js'], settings);
  try {
    await client.connect();
    await fill(client, count, signal);
    const buckets = await Promise.all(Array.from({ length: topupClients }, () => makeBucket(server.origin)));
    await topUp(server.origin, buckets, measureMs / 2, signal);
    const alone = await topUp(server.origin, buckets, measureMs, signal);
    const stopping = new AbortController();
    const lists = repeatLists(server.origin, AbortSignal.any([signal, stopping.signal]));
    const beside = await topUp(server.origin, buckets, measureMs, signal);
    stopping.abort();
    const statuses = await lists;
    const ratio = beside.done / alone.done;
    const told = Object.entries(statuses)
      .map(([status, times]) => `${times} × ${status}`)
      .join(', ');
    console.log(
      `${count.toLocaleString('en')} usages; ${listClients} clients repeat ${slowList}: ${told || 'none was answered in that time'}`,
    );
    console.log(
      `top-ups per second: ${rate(alone.done, measureMs)} alone, ${rate(beside.done, measureMs)} beside the lists; ratio ${ratio.toFixed(2)} (at least ${bar}); failed: ${alone.failed} alone, ${beside.failed} beside`,
    );
  } finally {
    await client.end();
    await server.stop();
  }
}

/** @param {number} done @param {number} ms */
const rate = (done, ms) => Math.round((done / ms) * 1000);

/** @param {string} origin @returns {Promise<string>} */
async function makeBucket(origin) {
  const response = await post(origin, '/bucket', {
    usageType: 'monetary',
    remainingValue: { amount: 0, units: 'EUR' },
  });
  if (response.status !== 201) throw new Error(`a bucket is refused: ${response.status} ${await response.text()}`);
  return /** @type {any} */ (await response.json()).id;
}

/** @param {string} origin @param {string} path @param {object} body */
function post(origin, path, body) {
  return fetch(`${origin}${topups}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** A closed loop of clients, each with a bucket of its own. @param {string} origin @param {string[]} buckets @param {number} ms @param {AbortSignal} signal */
async function topUp(origin, buckets, ms, signal) {
  const end = performance.now() + ms;
  const sums = { done: 0, failed: 0 };
  const client = async (/** @type {string} */ id) => {
    while (performance.now() < end && !signal.aborted) {
      const response = await post(origin, '/topupBalance', { bucket: { id }, amount: { amount: 1, units: 'EUR' } });
      await response.arrayBuffer();
      sums[response.status === 201 ? 'done' : 'failed'] += 1;
    }
  };
  await Promise.all(buckets.map(client));
  return sums;
}

/** Until the signal is aborted; how often each status came. @param {string} origin @param {AbortSignal} signal */
async function repeatLists(origin, signal) {
  /** @type {Record<number, number>} */
  const statuses = {};
  const client = async () => {
    while (!signal.aborted) {
      try {
        const response = await fetch(`${origin}${slowList}`, { signal });
        await response.arrayBuffer();
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: listClients }, client));
  return statuses;
}
