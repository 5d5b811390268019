// @ts-check
/** pgbench, PostgreSQL's own bench: what a top-up writes, without any server in between. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { topup } from './baseline-topup.js';
import { bucketCount } from './seed.js';

const debianFolder = '/usr/lib/postgresql';
const graceMs = 30_000;

/** The program: on the path, or where Debian keeps that of its newest PostgreSQL. @returns {string | undefined} */
export function findPgbench() {
  const versions = (() => {
    try {
      return readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a));
    } catch {
      return [];
    }
  })();
  const places = ['pgbench', ...versions.map((version) => `${debianFolder}/${version}/bin/pgbench`)];
  return places.find((place) => spawnSync(place, ['--version']).status === 0);
}

/** What the hand-written server is told by its client, or makes up itself. */
const named = `(SELECT "name" FROM "named")`;
const bucket = `'01BENCH' || lpad((:number)::text, 19, '0')`;
/** Of each parameter of its statement. */
const values = [
  `'default'`,
  bucket,
  '1.25',
  `'EUR'`,
  'now()',
  'NULL',
  `'A' || ${named}`,
  `jsonb_build_object('id', ${bucket})`,
  `'bench'`,
  'NULL',
  `'E' || ${named}`,
  `'V' || ${named}`,
  `'K' || ${named}`,
  `repeat('0', 64)`,
];

/**
 * The statement of the hand-written server: bucket, action, entry, event and remembered answer.
 * @param {'hot' | 'spread'} buckets
 */
function script(buckets) {
  const statement = topup.text
    // A colon before a letter begins a variable of pgbench.
    .replace('HH24:MI:SS', 'HH24":"MI":"SS')
    .replaceAll(/\$(\d+)/g, (_, number) => `(${values[number - 1]})`)
    // Ids that grow with time, as those of the servers do; no client makes two at a time.
    .replace(
      'WITH ',
      `WITH "named" AS MATERIALIZED (
        SELECT lpad((extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text, 20, '0') || lpad((:client_id)::text, 5, '0') AS "name"), `,
    );
  return `\\set number random(1, ${buckets === 'hot' ? 1 : bucketCount})\n${statement.replaceAll(/\s+/g, ' ')};\n`;
}

/**
 * @param {string} program
 * @param {string} url of the database
 * @param {{ buckets: 'hot' | 'spread', connections: number, durationMs: number }} how
 * @param {AbortSignal} signal
 * @returns {Promise<import('./load.js').Measurement>}
 */
export async function runPgbench(program, url, { buckets, connections, durationMs }, signal) {
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  const options = ['-n', '-M', 'prepared', '-c', String(connections), '-j', '2', '-T', String(seconds), '-f', '-', url];
  const child = spawn(program, options, { timeout: seconds * 1000 + graceMs, signal });
  child.stdin.end(script(buckets));
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(output)?.[1]);
  const [rate, answered, latency] = [/^tps = ([\d.]+)/m, /processed: (\d+)/, /latency average = ([\d.]+)/].map(number);
  if (child.exitCode !== 0 || !rate || !answered || number(/failed transactions: (\d+)/) > 0)
    throw new Error(`pgbench failed: ${complaint.slice(0, 500)}`);
  return { rate, p50: latency ?? NaN, p99: NaN, answered, counts: { topup: answered } };
}
