// @ts-check
/** `npm run bench -- --import`: files of usages side by side, beside a plain COPY of the same rows. */
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { copyFromFile, copyToFile } from './copy.js';
import { startServer } from './processes.js';
import { writeFiles } from './usage-lines.js';

const root = resolve(import.meta.dirname, '../..');
const jobs = 8;
const aim = 0.15;
const importPath = '/tmf-api/usageManagement/v4/importJob';
const pollMs = 100;
const endMaxMs = 3_600_000;

/** @param {string} databaseUrl @param {number} lines @param {string[]} nodeOptions of the server @param {AbortSignal} signal */
export async function benchImport(databaseUrl, lines, nodeOptions, signal) {
  const folder = await mkdtemp(join(tmpdir(), 'tmf-bench-'));
  const server = await startServer(root, [...nodeOptions, 'dist/src/app/cli/serve.js'], {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '10',
    LOG_LEVEL: 'error',
  });
  const client = new pg.Client(databaseUrl);
  try {
    await client.connect();
    const { paths, names } = await writeFiles(folder, jobs, lines);
    const memoryBefore = await memoryOf(server.pid, 'VmRSS');
    const seconds = await timed(() => Promise.all(paths.map((path) => importFile(server.origin, path, signal))));
    const peak = await memoryOf(server.pid, 'VmHWM');
    await check(client, lines, names);

    const rows = join(folder, 'rows.copy');
    const columns = await columnsOf(client);
    await copyToFile(client, `"Usage" (${columns})`, rows);
    await client.query('CREATE TABLE "UsageCopy" (LIKE "Usage" INCLUDING ALL)');
    await client.query('CHECKPOINT');
    const copySeconds = await timed(() => copyFromFile(client, `"UsageCopy" (${columns})`, rows));
    const copied = await client.query('SELECT count(*)::int AS count FROM "UsageCopy"');
    if (copied.rows[0].count !== names) throw new Error(`COPY wrote ${copied.rows[0].count} rows, not ${names}`);

    const [ours, theirs] = [names / seconds, names / copySeconds];
    console.log(
      `import of ${shown(lines)} lines by ${jobs} jobs, ${shown(names)} usages and ${shown(lines - names)} duplicates: ${seconds.toFixed(1)} s, ${shown(lines / seconds)} lines/s, ${shown(ours)} usages/s`,
    );
    console.log(
      `plain COPY of these usages into a table like theirs: ${copySeconds.toFixed(1)} s, ${shown(theirs)} rows/s`,
    );
    console.log(
      `ratio of usages: ${(ours / theirs).toFixed(3)} (aim ${aim}), of lines: ${(lines / seconds / theirs).toFixed(3)}`,
    );
    console.log(`memory of the server: ${megabytes(memoryBefore)} MB before, ${megabytes(peak)} MB at most`);
    console.log('exact: every usage is there once, with its name and its event; the figures of the tasks add up');
  } finally {
    await client.end();
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/** Sends a file and waits for the end of its import. @param {string} origin @param {string} path @param {AbortSignal} signal */
async function importFile(origin, path, signal) {
  const { id } = JSON.parse(await send(origin, path, signal));
  for (
    const deadline = performance.now() + endMaxMs;
    performance.now() < deadline;
    await sleep(pollMs, undefined, { signal })
  ) {
    const answer = await fetch(`${origin}${importPath}/${id}`, { signal });
    const { status, message } = /** @type {{ status: string, message?: string }} */ (await answer.json());
    if (status === 'succeeded') return;
    if (status === 'failed') throw new Error(`import ${id} failed: ${message}`);
  }
  throw new Error(`import ${id} does not end`);
}

/** @param {string} origin @param {string} path @param {AbortSignal} signal @returns {Promise<string>} */
function send(origin, path, signal) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${origin}${importPath}`,
      { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, signal },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () =>
          response.statusCode === 201 ? resolve(text) : reject(new Error(`import: ${response.statusCode} ${text}`)),
        );
      },
    );
    outgoing.on('error', reject);
    pipeline(createReadStream(path), outgoing).catch(reject);
  });
}

/** @param {pg.Client} client @param {number} lines @param {number} names */
async function check(client, lines, names) {
  const { rows } = await client.query(`
    SELECT (SELECT count(*)::int FROM "Usage") AS usages, (SELECT count(DISTINCT ("source", "externalId"))::int FROM "Usage") AS names,
      (SELECT count(*)::int FROM "UsageOrigin" o JOIN "Usage" u ON u."tenantId" = o."tenantId" AND u."id" = o."usageId" AND u."externalId" = o."externalId") AS origins,
      (SELECT count(DISTINCT o."resourceId")::int FROM "Outbox" o JOIN "Usage" u ON u."id" = o."resourceId" WHERE o."eventType" = 'UsageCreateEvent') AS told,
      (SELECT count(*)::int FROM "Outbox" WHERE "eventType" = 'UsageCreateEvent') AS events, (SELECT count(*)::int FROM "UsageImportBatch") AS batches,
      sum("lines")::int AS lines, sum("accepted")::int AS accepted, sum("duplicates")::int AS duplicates, sum("rejected")::int AS rejected FROM "UsageImport"`);
  const expected = {
    usages: names,
    names,
    origins: names,
    told: names,
    events: names,
    batches: 0,
    lines,
    accepted: names,
    duplicates: lines - names,
    rejected: 0,
  };
  const wrong = Object.entries(expected).filter(([name, count]) => rows[0][name] !== count);
  if (wrong.length > 0)
    throw new Error(
      `the import is not exact: ${wrong.map(([name, count]) => `${name} are ${rows[0][name]}, not ${count}`).join('; ')}`,
    );
}

/** Those that are not computed by the table itself. @param {pg.Client} client */
async function columnsOf(client) {
  const { rows } = await client.query(`
    SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'Usage' AND is_generated = 'NEVER'`);
  return rows[0].columns;
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1_000;
}

/** @param {number} pid @param {'VmRSS' | 'VmHWM'} what */
async function memoryOf(pid, what) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

/** @param {number} bytes */
const megabytes = (bytes) => Math.round(bytes / 1024 ** 2);

/** @param {number} count */
const shown = (count) => Math.round(count).toLocaleString('en');
