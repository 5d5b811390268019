// @ts-check
/** Load on one server: a closed loop of connections for a while, and every request that was sent is answered. */
import autocannon from 'autocannon';

export const connections = 32;
/** How long an answer may take; the last ones come when the time is up. */
const answerMaxMs = 60_000;
const sampleIntervalMs = 50;
/** How an answer of GraphQL that failed tells it; nothing in the data looks like it. */
const graphqlErrors = '"errors":[';
/** Requests that one connection walks through, in a random order of its own. */
const requestsPerConnection = 100;

/** @typedef {import('autocannon').Request} Request */
/** @typedef {import('./works.js').Walk} Walk */
/** @typedef {Partial<Record<import('./requests.js').Kind, number>>} Counts */

/**
 * @typedef {object} Measurement
 * @property {number} rate requests per second
 * @property {number} p50
 * @property {number} p99
 * @property {number} answered
 * @property {Counts} counts answers by what was asked for
 * @property {import('./processor.js').Spent} [spent] by the server and its database for each answer
 */

/**
 * Throws when anything but 2xx comes back, or an answer of GraphQL that has errors.
 * @param {string} url origin
 * @param {Walk} work
 * @param {number} durationMs
 * @param {AbortSignal} signal
 * @returns {Promise<Measurement>}
 */
export async function load(url, { walk, isRepeated }, durationMs, signal) {
  signal.throwIfAborted();
  /** @type {{ setRequests(requests: Request[]): void, responseMax: number, reqsMade: number }[]} */
  const clients = [];
  const setupClient = (/** @type {any} */ client) => {
    clients.push(client);
    const repeated = () =>
      Array.from({ length: requestsPerConnection }, () => /** @type {Request} */ (walk[0]?.({}).request));
    client.setRequests(isRepeated ? repeated() : walk.map((make) => step(make, counts)));
  };
  /** @type {Counts} */
  const counts = {};
  let startedAt = 0;
  let lastAt = 0;
  let stop = () => {};
  /** @type {Promise<import('autocannon').Result>} */
  const running = new Promise((resolve, reject) => {
    const instance = autocannon(
      // The time limit of autocannon drops what is under way, which a server may still carry out: it is only the last resort.
      {
        url,
        connections,
        duration: (durationMs + answerMaxMs) / 1000,
        timeout: answerMaxMs / 1000,
        sampleInt: sampleIntervalMs,
        setupClient,
        bailout: 1,
        verifyBody: (body) => !String(body).includes(graphqlErrors),
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
    // The requests of all connections are built by now, and the first of each is on its way.
    startedAt = performance.now();
    instance.on('response', () => {
      lastAt = performance.now();
    });
    stop = () => instance.stop();
    signal.addEventListener('abort', stop);
  });
  const timer = setTimeout(() => {
    // No connection sends another one; what is under way is answered.
    for (const client of clients) client.responseMax = client.reqsMade;
  }, durationMs);
  const result = await running;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();

  const answered = result['2xx'];
  const sent = clients.reduce((sum, { reqsMade }) => sum + reqsMade, 0);
  if (result.non2xx > 0 || result.errors > 0 || result.mismatches > 0 || answered !== sent || answered === 0) {
    const codes = JSON.stringify(result.statusCodeStats);
    throw new Error(
      `${url}: ${sent} requests were sent, ${answered} answered with 2xx, ${result.errors} failed, ${result.mismatches} had errors; by status: ${codes}`,
    );
  }
  const { p50, p99 } = result.latency;
  return { rate: answered / ((lastAt - startedAt) / 1000), p50, p99, answered, counts };
}

/**
 * Made anew for every request, and told of its answer.
 * @param {Walk['walk'][number]} make
 * @param {Counts} counts
 * @returns {Request}
 */
function step(make, counts) {
  return {
    setupRequest: (request, context) => {
      const made = make(context);
      Object.assign(context, { kind: made.kind });
      return { ...request, body: undefined, ...made.request };
    },
    onResponse: (_status, body, context) => {
      const { kind } = /** @type {import('./requests.js').Made} */ (context);
      counts[kind] = (counts[kind] ?? 0) + 1;
      // Only a commit looks back, at its reservation.
      if (kind === 'reserve') Object.assign(context, { answer: answerOf(JSON.parse(body)) });
    },
  };
}

/** @param {{ data?: Record<string, any> }} body of either door */
function answerOf(body) {
  return body.data === undefined ? body : Object.values(body.data)[0];
}
