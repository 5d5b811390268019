// @ts-check
/**
 * What events cost and how fast they are: the same top-ups by two servers, of which one writes no events; and events on their
 * way to receivers, of which one hangs and one fails half of the time, and to subscribers.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { query } from './database.js';
import { load } from './load.js';
import { startServer } from './processes.js';
import { processorMeter } from './processor.js';
import { startReceivers } from './receivers.js';
import { aligned, markdown, median } from './report.js';
import { startSubscribers } from './subscribers.js';
import { anyBucket, topup } from './requests.js';
import { seedBuckets } from './seed.js';

/** @typedef {import('./processes.js').Server} Server */
/** @typedef {import('./receivers.js').Manner} Manner */

const root = resolve(import.meta.dirname, '../..');
const hub = '/tmf-api/prepayBalanceManagement/v4/hub';
/** How much a top-up may cost more because it writes its event. */
const costMax = 0.05;

/** Bounds of the whole: about a minute. */
const normal = { warmUpMs: 3_000, rounds: 8, measureMs: 1_000, steadyMs: 4_000, deliveries: 4_000, subscribers: 500 };
const quick = { warmUpMs: 500, rounds: 2, measureMs: 300, steadyMs: 1_000, deliveries: 200, subscribers: 50 };
/** How many receivers, and whether one of them hangs and one fails. */
const audiences = [
  { count: 1, areAllHealthy: true },
  { count: 10, areAllHealthy: true },
  { count: 10, areAllHealthy: false },
  { count: 100, areAllHealthy: false },
];
/** Top-ups a second while lag is measured. */
const steadyRate = 5;
/** What has not arrived by then is told. */
const arrivalMaxMs = 10_000;
const lookMs = 20;
/** Subscriptions do not say when they have begun. */
const beginMs = 1_000;

/**
 * @param {string} url of a database of its own, or of that of the works
 * @param {{ isQuick: boolean, isMarkdown: boolean, rounds?: number | undefined }} how `rounds`: of the top-ups
 * @param {Record<string, string>} settings
 * @param {AbortSignal} signal
 */
export async function benchEvents(url, { isQuick, isMarkdown, rounds }, settings, signal) {
  const usual = isQuick ? quick : normal;
  const pace = { ...usual, rounds: rounds ?? usual.rounds };
  // All subscribers come from one address, and are one principal.
  const many = { CONNECTIONS_PER_CLIENT_MAX: '2000', SUBSCRIPTIONS_PER_PRINCIPAL_MAX: '1000' };
  const all = { ...settings, ...many, DATABASE_URL: url, CALLBACK_ALLOW_PRIVATE: 'on' };
  const serve = 'dist/src/app/cli/serve.js';
  const print = isMarkdown ? markdown : (/** @type {string[][]} */ rows) => aligned(rows);
  // The first migrates.
  const withEvents = await startServer(root, [serve], all);
  try {
    await seedBuckets(url);
    const cost = await costOfOutbox(
      url,
      withEvents,
      [...['--import', resolve(import.meta.dirname, 'without-outbox.js')], serve],
      all,
      pace,
      signal,
    );
    console.log(`\n${print(costTable(cost))}\n`);
    const told = [];
    const receivers = await startReceivers();
    try {
      for (const audience of audiences)
        told.push(await tellReceivers(url, withEvents, receivers, audience, pace, signal));
    } finally {
      await receivers.close();
    }
    told.push(await tellSubscribers(url, withEvents, pace, signal));
    console.log(`${print(toldTable(told))}\n`);
    return { cost, told };
  } finally {
    await withEvents.stop();
  }
}

/**
 * One after the other in each round, the first of them in turn: what disturbs one disturbs both.
 * @param {string} url @param {Server} withEvents @param {string[]} args of the other server @param {Record<string, string>} settings
 * @param {typeof normal} pace @param {AbortSignal} signal
 */
async function costOfOutbox(url, withEvents, args, settings, { warmUpMs, rounds, measureMs }, signal) {
  const without = await startServer(root, args, settings);
  const meter = await processorMeter(url);
  try {
    const work = { walk: [() => topup(anyBucket())] };
    const measure = (/** @type {Server} */ server, ms = measureMs) =>
      meter.during(server.pid, () => load(server.origin, work, ms, signal));
    for (const server of [withEvents, without]) await measure(server, warmUpMs);
    /** @type {{ withEvents: Awaited<ReturnType<typeof measure>>, without: Awaited<ReturnType<typeof measure>> }[]} */
    const pairs = [];
    for (let round = 0; round < rounds; round++) {
      const isFirst = round % 2 === 0;
      const one = await measure(isFirst ? withEvents : without);
      const other = await measure(isFirst ? without : withEvents);
      pairs.push(isFirst ? { withEvents: one, without: other } : { withEvents: other, without: one });
    }
    const of = (/** @type {'withEvents' | 'without'} */ which) => {
      const all = pairs.map((pair) => pair[which]);
      const answered = sum(all.map((one) => one.answered));
      const spent = (/** @type {keyof import('./processor.js').Spent} */ whose) =>
        sum(all.map((one) => one.spent[whose] * one.answered)) / answered;
      return {
        answered,
        rate: median(all.map(({ rate }) => rate)),
        server: spent('server'),
        database: spent('database'),
      };
    };
    const [one, other] = [of('withEvents'), of('without')];
    const ratios = pairs.map((pair) => pair.without.rate / pair.withEvents.rate - 1);
    const bySpent = (one.server + one.database) / (other.server + other.database) - 1;
    return {
      ...{ withEvents: one, without: other },
      ...{ byRate: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios), bySpent },
    };
  } finally {
    await meter.end();
    await without.stop();
  }
}

const sum = (/** @type {number[]} */ values) => values.reduce((all, one) => all + one, 0);
const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(1)} %`;

/** @param {Awaited<ReturnType<typeof costOfOutbox>>} cost */
function costTable({ withEvents, without, byRate, least, most, bySpent }) {
  const row = (/** @type {string} */ name, /** @type {typeof withEvents} */ { rate, server, database }) => [
    name,
    rate.toFixed(0),
    `${server.toFixed(2)} + ${database.toFixed(2)}`,
  ];
  return [
    ['top-up over 10,000 buckets', 'a second', 'processor ms: server + database'],
    row('with its event', withEvents),
    row('without', without),
    [
      `what the event costs (aim: at most ${percent(costMax)})`,
      `${percent(byRate)} (${percent(least)} – ${percent(most)})`,
      percent(bySpent),
    ],
  ];
}

/** @typedef {{ name: string, p50: number, p99: number, rate: number, late: number }} Told */

/**
 * Events on their way to so many receivers. Figures are those of the healthy ones.
 * @param {string} url @param {Server} server @param {Awaited<ReturnType<typeof startReceivers>>} receivers
 * @param {typeof audiences[number]} audience @param {typeof normal} pace @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
async function tellReceivers(url, server, receivers, { count, areAllHealthy }, pace, signal) {
  /** @type {Manner[]} */
  const manners = Array.from({ length: count }, (_, index) =>
    areAllHealthy || index > 1 ? 'healthy' : index === 0 ? 'hanging' : 'failing',
  );
  const ids = await Promise.all(receivers.begin(manners).map((callback) => register(server, callback)));
  const healthy = manners.filter((manner) => manner === 'healthy').length;
  const told = await tell(url, server, receivers.arrivals, healthy, pace, signal);
  for (const id of ids) await call(server, `${hub}/${id}`, { method: 'DELETE' });
  const name = `${count} receiver${count === 1 ? '' : 's'}`;
  return { name: areAllHealthy ? name : `${name}, one hanging, one failing half of the time`, ...told };
}

/** The same to subscribers. @param {string} url @param {Server} server @param {typeof normal} pace @param {AbortSignal} signal @returns {Promise<Told>} */
async function tellSubscribers(url, server, pace, signal) {
  const { subscribers: count } = pace;
  const subscribers = await startSubscribers(server.origin, count, signal);
  try {
    // Until the last has begun.
    await sleep(beginMs, undefined, { signal });
    return { name: `${count} subscribers`, ...(await tell(url, server, subscribers.arrivals, count, pace, signal)) };
  } finally {
    subscribers.close();
  }
}

/**
 * First the events of a few top-ups each second, for their lag; then many that are there at once, for their rate.
 * @param {string} url @param {Server} server @param {Map<string, import('./receivers.js').Arrival>} arrivals
 * @param {number} count of those at whom everything is to arrive @param {typeof normal} pace @param {AbortSignal} signal
 */
async function tell(url, server, arrivals, count, { steadyMs, deliveries }, signal) {
  const arrived = async (/** @type {number} */ wanted) => {
    const deadline = performance.now() + arrivalMaxMs;
    while (arrivals.size < wanted && performance.now() < deadline) await sleep(lookMs, undefined, { signal });
  };
  const end = performance.now() + steadyMs;
  const topUps = [];
  while (performance.now() < end) {
    topUps.push(topUp(server));
    await sleep(1_000 / steadyRate, undefined, { signal });
  }
  await Promise.all(topUps);
  await arrived(topUps.length * count);
  const lags = [...arrivals.values()].map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  const quantile = (/** @type {number} */ part) =>
    lags[Math.min(lags.length - 1, Math.floor(part * lags.length))] ?? NaN;

  const before = arrivals.size;
  const events = Math.ceil(deliveries / count);
  await query(url, manyEvents, [events, String(performance.now())]);
  const wanted = (topUps.length + events) * count;
  await arrived(wanted);
  const times = [...arrivals.values()].slice(before).map(({ at }) => at);
  const [first = NaN, last = NaN] = [times[0], times.at(-1)];
  const rate = times.length / ((last - first) / 1_000);
  return { p50: quantile(0.5), p99: quantile(0.99), rate, late: wanted - arrivals.size };
}

/** As if as many top-ups had been committed at one moment: the event of one of them, as often as wanted. */
const manyEvents = `
  INSERT INTO "Outbox"
  SELECT (jsonb_populate_record(o."event", jsonb_build_object('id', (o."event")."id" || '-' || $2 || '-' || n, 'resourceId', (o."event")."resourceId" || '-' || $2 || '-' || n,
    'occurredAt', clock_timestamp(), 'transactionId', pg_current_xact_id()::text))).*
  FROM (SELECT o AS "event" FROM "Outbox" o WHERE "eventType" = 'TopupBalanceCreateEvent' ORDER BY "id" DESC LIMIT 1) o, generate_series(1, $1::int) n`;

/** @param {Told[]} told */
function toldTable(told) {
  const rows = told.map(({ name, p50, p99, rate, late }) => [
    name,
    rate.toFixed(0),
    `${p50.toFixed(0)} ms`,
    `${p99.toFixed(0)} ms`,
    late === 0 ? 'all' : `all but ${late} within ${arrivalMaxMs / 1_000} s`,
  ]);
  return [['to whom', 'events a second', 'lag, p50', 'p99', 'arrived'], ...rows];
}

/** @param {Server} server @param {string} callback @returns {Promise<string>} */
async function register(server, callback) {
  const body = JSON.stringify({ callback, query: 'eventType=TopupBalanceCreateEvent' });
  const answer = await call(server, hub, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return /** @type {any} */ (JSON.parse(answer)).id;
}

/** @param {Server} server */
function topUp(server) {
  const { request } = topup(anyBucket());
  const { path = '', method = 'POST', headers, body } = request;
  return call(server, path, { method, headers: /** @type {Record<string, string>} */ (headers), body: String(body) });
}

/** @param {Server} server @param {string} path @param {RequestInit} init @returns {Promise<string>} */
async function call(server, path, init) {
  const answer = await fetch(server.origin + path, { ...init, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${init.method} ${path}: ${answer.status} ${text} ${server.complaint() ?? ''}`);
  return text;
}
