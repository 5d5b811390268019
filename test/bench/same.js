// @ts-check
/** Before anything is measured: our server and the hand-written one give the same answers and leave the same rows behind, and all peers read the same. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { rowsAbout } from './database.js';
import { commit, reserve, topup, transfer } from './requests.js';
import { twinId } from './seed.js';
import { reads } from './works.js';

/** Headers of the connection, not of the answer. */
const ofConnection = ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'];
/** What the server says besides, of costs, editions, caches and browsers: a server that one writes by hand leaves it out. */
const besides = [
  'x-operation-cost',
  'tmf-edition',
  'cache-control',
  'x-content-type-options',
  'vary',
  'access-control-expose-headers',
  'x-request-id',
  'content-encoding',
];
const notCompared = new Set([...ofConnection, ...besides]);

/**
 * Throws with the difference. Answers what it had each server do.
 * @param {string} server origin
 * @param {string} baseline origin
 * @param {string} databaseUrl
 * @returns {Promise<import('./load.js').Counts>}
 */
export async function requireSame(server, baseline, databaseUrl) {
  for (const { name, ask: asked } of reads) {
    if (asked.handWritten === undefined) continue;
    for (const make of [...(asked.rest?.walk ?? []), ...(asked.graphql?.walk ?? [])]) {
      const { request } = make({});
      assert.deepEqual(
        parsed(await ask(baseline, request)),
        parsed(await ask(server, request)),
        `${name}: the baseline answers otherwise`,
      );
    }
  }

  const twins = [
    { name: 'twin-server', origin: server, id: twinId('server'), receiver: twinId('server', 'receiver') },
    { name: 'twin-baseline', origin: baseline, id: twinId('baseline'), receiver: twinId('baseline', 'receiver') },
  ];
  /** @type {Record<string, any>[]} */
  const reservations = [];
  /** @type {((twin: typeof twins[0], at: number) => import('./requests.js').Made)[]} */
  const walk = [
    ({ id, name }) => topup(id, `${name}-topup`),
    ({ id, name }) => reserve(id, `${name}-reserve`),
    ({ name }, at) => commit(reservations[at], `${name}-commit`),
    ({ id, receiver, name }) => transfer(id, receiver, `${name}-transfer`),
  ];
  // One of each by a twin of its own, then the same again under the same key.
  for (const round of ['first', 'repeated']) {
    for (const make of walk) {
      const answers = await Promise.all(twins.map((twin, at) => ask(twin.origin, make(twin, at).request)));
      const { kind } = make(/** @type {typeof twins[0]} */ (twins[0]), 0);
      if (kind === 'reserve') reservations.push(...answers.map(({ body }) => JSON.parse(body)));
      const [expected, actual] = answers.map((answer) => blur(JSON.stringify(answer)));
      assert.equal(actual, expected, `${kind}, ${round}: the baseline answers otherwise`);
    }
  }
  for (const part of /** @type {const} */ (['id', 'receiver'])) {
    const rows = await Promise.all(twins.map((twin) => rowsAbout(databaseUrl, twin[part])));
    const [expected, actual] = rows.map((found) => JSON.parse(blur(JSON.stringify(found))));
    assert.deepEqual(actual, expected, 'the baseline writes other rows');
  }
  return Object.fromEntries(
    walk.map((make) => [make(/** @type {typeof twins[0]} */ (twins[0]), 0).kind, twins.length]),
  );
}

/** Of rows of the seed, or where there are none, the statuses that are summed up. */
const rowsInside = /(?:01BENCH|seldom-)\d+|"(?:billed|rated)"/g;

/**
 * Throws when one peer reads other rows than the others, or, where each request is about something else, other numbers of rows.
 * @param {import('./works.js').Work} work that only reads
 * @param {Partial<Record<import('./works.js').Peer, import('./processes.js').Server>>} servers
 */
export async function requireSameRows({ name, ask: asked }, servers) {
  /** @type {unknown[]} */
  const all = [];
  for (const [peer, { walk }] of Object.entries(asked)) {
    const server = servers[/** @type {keyof typeof asked} */ (peer)];
    const [request, other] = [walk[0]?.({}).request, walk[0]?.({}).request];
    if (server === undefined || request === undefined) continue;
    // What is compressed is not asked for otherwise.
    const { status, body } = await ask(server.origin, {
      ...request,
      headers: { ...request.headers, 'accept-encoding': 'identity' },
    });
    const rows = new Set(body.match(rowsInside));
    assert.ok(status < 300 && rows.size > 0, `${name}: ${peer} answers ${status} ${body.slice(0, 500)}`);
    all.push(isDeepStrictEqual(request, other) ? [...rows].sort() : rows.size);
    assert.deepEqual(all.at(-1), all[0], `${name}: ${peer} reads other rows than the first peer`);
  }
}

/**
 * Blanks between the parts of a body say nothing.
 * @param {Awaited<ReturnType<typeof ask>>} answer
 */
function parsed({ body, ...answer }) {
  return { ...answer, body: JSON.parse(body) };
}

/** @param {string} origin @param {import('autocannon').Request} request */
async function ask(origin, { method, path, headers, body }) {
  const answer = await fetch(origin + path, {
    method,
    // The load does not ask for compressed answers either.
    headers: { 'Accept-Encoding': 'identity', .../** @type {Record<string, string>} */ (headers) },
    body: /** @type {string} */ (body),
  });
  const compared = [...answer.headers].filter(([name]) => !notCompared.has(name));
  return { status: answer.status, headers: Object.fromEntries(compared), body: withoutCost(await answer.text()) };
}

/** GraphQL tells the cost within the answer, behind the data. @param {string} text */
function withoutCost(text) {
  return text.replace(/,"extensions":\{"cost":\d+\}\}(?=\n?$)/, '}');
}

/** Ids, times and fingerprints differ by nature. @param {string} text */
function blur(text) {
  return text
    .replaceAll(/twin-(server|baseline)/g, 'twin')
    .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<ulid>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(/\b\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT/g, '<time>')
    .replaceAll(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, '<time>');
}
