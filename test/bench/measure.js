// @ts-check
/** Rounds: in each, every peer does the work once, so that what disturbs one disturbs all. */
import { resolve } from 'node:path';
import { connections, load } from './load.js';
import { startLimit, startPostgraphile } from './peers.js';
import { runPgbench } from './pgbench.js';
import { startServer } from './processes.js';
import { processorMeter } from './processor.js';
import { requireSameRows } from './same.js';
import { peersOf, reads } from './works.js';

/** @typedef {import('./processes.js').Server} Server */
/** @typedef {import('./works.js').Peer} Peer */
/** @typedef {import('./works.js').Work} Work */
/** @typedef {{ rounds: number, measureMs: number, warmUpMs: number }} Pace */
/** @typedef {Partial<Record<Peer, Server>> & { meter: Awaited<ReturnType<typeof processorMeter>>, stop: () => Promise<void> }} Servers */

const root = resolve(import.meta.dirname, '../..');

/**
 * @typedef {object} Bench what all measurements share
 * @property {Pace} pace
 * @property {string[]} profile options of node for our two servers
 * @property {Record<string, string>} settings of every server
 * @property {Set<Peer>} missing peers that this machine has not
 * @property {string} [pgbench] the program
 * @property {AbortSignal} signal
 */

/**
 * Ours, which migrates the database when it starts; then, when that is filled, the others that the works need.
 * @param {Bench} bench
 * @param {string} url
 * @param {Work[]} works
 * @param {() => Promise<void>} fill
 * @returns {Promise<Servers>}
 */
export async function startPeers({ profile, settings, missing }, url, works, fill) {
  const all = { ...settings, DATABASE_URL: url };
  const ours = await startServer(root, [...profile, 'dist/src/app/cli/serve.js'], all);
  /** @type {Servers} */
  const servers = {
    rest: ours,
    graphql: ours,
    meter: await processorMeter(url),
    stop: async () => {
      await servers.meter.end();
      for (const server of new Set([servers.rest, servers.handWritten, servers.limit, servers.postgraphile]))
        await server?.stop();
    },
  };
  const needed = new Set(works.flatMap(peersOf));
  try {
    await fill();
    // The answers of the two are compared, whatever is measured.
    if (works.some(({ database }) => database === undefined))
      servers.handWritten = await startServer(root, [...profile, resolve(import.meta.dirname, 'baseline.js')], all);
    if (needed.has('limit') && !missing.has('limit')) servers.limit = await startLimit(all);
    if (needed.has('postgraphile') && !missing.has('postgraphile')) servers.postgraphile = await startPostgraphile(all);
    return servers;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

/**
 * @param {Bench} bench
 * @param {string} url of the database
 * @param {Servers} servers
 * @param {Work} work
 */
export async function measure({ pace, missing, pgbench, signal }, url, servers, work) {
  /** @type {import('./load.js').Counts[]} */
  const counts = [];
  const run = async (/** @type {Peer} */ peer, /** @type {number} */ durationMs) => {
    const server = servers[peer];
    try {
      const result = server
        ? await servers.meter.during(server.pid, () =>
            load(server.origin, work.ask[/** @type {keyof Work['ask']} */ (peer)] ?? { walk: [] }, durationMs, signal),
          )
        : await runPgbench(
            String(pgbench),
            url,
            { buckets: work.pgbench ?? 'spread', connections, durationMs },
            signal,
          );
      counts.push(result.counts);
      return result;
    } catch (error) {
      const complaint = server?.complaint() ?? '';
      throw new Error(`${work.name}, ${peer}: ${/** @type {Error} */ (error).message} ${complaint}`, { cause: error });
    }
  };
  /** @type {string[]} */
  const failures = [];
  /** @type {Set<Peer>} */
  const present = new Set(peersOf(work).filter((peer) => !missing.has(peer)));
  /** Undefined when the peer cannot do what is only read; what is written must be known to the last row. */
  const attempt = async (/** @type {Peer} */ peer, /** @type {number} */ durationMs) => {
    try {
      return await run(peer, durationMs);
    } catch (error) {
      if (signal.aborted || !reads.includes(work)) throw error;
      failures.push(/** @type {Error} */ (error).message);
      present.delete(peer);
      return undefined;
    }
  };
  if (reads.includes(work)) await requireSameRows(work, servers);
  for (const peer of present) if (peer !== 'pgbench') await attempt(peer, pace.warmUpMs);
  /** @type {import('./report.js').Round[]} */
  const rounds = [];
  for (let round = 0; round < pace.rounds; round++) {
    /** @type {import('./report.js').Round} */
    const results = {};
    for (const peer of present) results[peer] = await attempt(peer, pace.measureMs);
    rounds.push(results);
  }
  return { work, rounds, counts, failures };
}
