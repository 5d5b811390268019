// @ts-check
/** What a list of 1,000 whole buckets adds to the memory of the server, beside lists of 20. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as documents from './documents.js';
import { graphql, rest } from './requests.js';
import { startServer } from './processes.js';
import { seed } from './seed.js';

const root = resolve(import.meta.dirname, '../..');
const rows = 1_000;
const warmUps = 3_000;
const repetitions = 100;
const mebibyte = 1024;
const aim = 5;

/** Of the kernel's account of a process, in KiB. @param {number} pid @param {'VmRSS' | 'VmHWM'} name */
function memoryOf(pid, name) {
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** From now on VmHWM is the most that there is. @param {number} pid */
const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** @param {string} url @param {Record<string, string>} settings @param {AbortSignal} signal */
export async function benchMemory(url, settings, signal) {
  const server = await startServer(root, ['dist/src/app/cli/serve.js'], { ...settings, DATABASE_URL: url });
  try {
    await seed(url);
    const doors = {
      REST: (/** @type {number} */ limit) => rest(`/bucket?limit=${limit}`),
      GraphQL: (/** @type {number} */ limit) => graphql('BucketPage', documents.page, { limit }),
    };
    for (const [door, make] of Object.entries(doors)) {
      const ask = async (/** @type {number} */ limit) => {
        const { method, path, headers, body } = make(limit).request;
        const answer = await fetch(server.origin + path, {
          method,
          headers: /** @type {Record<string, string>} */ (headers),
          body: /** @type {string} */ (body),
          signal,
        });
        const text = await answer.text();
        if (!answer.ok || text.includes('"errors":['))
          throw new Error(`${door}: ${answer.status} ${text.slice(0, 200)}`);
        return text.length;
      };
      for (let time = 0; time < warmUps; time++) await ask(20);
      const before = memoryOf(server.pid, 'VmRSS');
      const added = [];
      let length = 0;
      for (let time = 0; time < repetitions; time++) {
        forgetPeak(server.pid);
        const base = memoryOf(server.pid, 'VmRSS');
        length = await ask(rows);
        added.push((memoryOf(server.pid, 'VmHWM') - base) / mebibyte);
      }
      const after = memoryOf(server.pid, 'VmRSS');
      added.sort((a, b) => a - b);
      const median = added[repetitions / 2] ?? NaN;
      console.log(
        `${door}, ${rows} buckets of ${(length / mebibyte).toFixed(0)} KiB: while one is answered the memory grows by ${median.toFixed(1)} MiB (median of ${repetitions}; at most ${added.at(-1)?.toFixed(1)}; aim < ${aim}); after all of them by ${((after - before) / mebibyte).toFixed(1)} MiB above that of lists of 20 (${(before / mebibyte).toFixed(0)} MiB)`,
      );
    }
  } finally {
    await server.stop();
  }
}
