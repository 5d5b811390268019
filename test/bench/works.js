// @ts-check
/** What is measured: the works, how each peer is asked for them, and which ratios are wanted. */
import { randomInt } from 'node:crypto';
import * as documents from './documents.js';
import {
  accepting,
  anyBucket,
  anyTransfer,
  commit,
  get,
  graphql,
  reserve,
  rest,
  topup,
  transferBuckets,
} from './requests.js';
import { bucketCount, bucketId, partyId, seldomStatus, partyCount } from './seed.js';

/** @typedef {import('./requests.js').Made} Made */
/** @typedef {import('./requests.js').Memory} Memory */
/** @typedef {import('./requests.js').Door} Door */

/** In the order of the table. */
export const peers = /** @type {const} */ (['rest', 'graphql', 'handWritten', 'limit', 'postgraphile', 'pgbench']);
/** @typedef {typeof peers[number]} Peer */

/**
 * @typedef {object} Walk
 * @property {((memory: Memory) => Made)[]} walk what each client sends, one after the other, again and again
 * @property {boolean} [isRepeated] some requests of the one step are made beforehand and repeated, which costs the load nothing
 */

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {'many'} [database] of many buckets; else that of 10,000
 * @property {Partial<Record<Exclude<Peer, 'pgbench'>, Walk>>} ask
 * @property {'hot' | 'spread'} [pgbench] the buckets whose rows pgbench writes
 * @property {[Peer, Peer, number][]} [aims] whose rate is to be how many times whose
 */

const size = 20;
const day = { from: '2026-10-05T00:00:00Z', to: '2026-10-06T00:00:00Z' };
const sevenFields = 'id,name,status,usageType,remainingValue,reservedValue,relatedParty';

/** @param {() => Made} make @returns {Walk} */
const repeated = (make) => ({ walk: [make], isRepeated: true });

const anyParty = () => partyId(randomInt(1, partyCount + 1));
const restById = () => rest(`/bucket/${anyBucket()}`);
const restPage = () => rest(`/bucket?limit=${size}`);
const graphqlById = () => graphql('BucketById', documents.byId, { id: anyBucket() });
const graphqlPage = () => graphql('BucketPage', documents.page, { limit: size });
const postgraphile = (/** @type {string} */ document, variables = {}) => graphql('Peer', document, variables);

/** @type {Work[]} */
export const reads = [
  {
    name: 'bucket by id',
    ask: {
      rest: repeated(restById),
      graphql: repeated(graphqlById),
      handWritten: repeated(restById),
      limit: repeated(() => get(`/bucket/${anyBucket()}`)),
      postgraphile: repeated(() => postgraphile(documents.peerById, { id: anyBucket() })),
    },
    aims: [
      ['rest', 'limit', 1],
      ['graphql', 'limit', 0.85],
    ],
  },
  {
    name: `${size} buckets`,
    ask: {
      rest: repeated(restPage),
      graphql: repeated(graphqlPage),
      handWritten: repeated(restPage),
      limit: repeated(() => get('/full')),
      postgraphile: repeated(() => postgraphile(documents.peerPage)),
    },
    aims: [
      ['rest', 'limit', 1],
      ['rest', 'handWritten', 4],
      ['graphql', 'limit', 0.7],
      ['graphql', 'postgraphile', 3],
    ],
  },
  {
    name: `${size} buckets, compressed`,
    ask: { rest: repeated(() => accepting(restPage())), handWritten: repeated(() => accepting(restPage())) },
  },
  {
    name: `${size} buckets, seven attributes`,
    ask: {
      rest: repeated(() => rest(`/bucket?limit=${size}&fields=${sevenFields}`)),
      graphql: repeated(() => graphql('Seven', documents.seven, { limit: size })),
      limit: repeated(() => get('/seven')),
      postgraphile: repeated(() => postgraphile(documents.peerSeven)),
    },
  },
  {
    name: `${size} buckets with 3 entries each`,
    ask: {
      graphql: repeated(() => graphql('Nested', documents.nested, { limit: size })),
      limit: repeated(() => get('/nested')),
      postgraphile: repeated(() => postgraphile(documents.peerNested)),
    },
    aims: [['graphql', 'postgraphile', 3]],
  },
  {
    name: 'party with five lists',
    ask: {
      graphql: repeated(() => graphql('Party', documents.party, { id: anyParty() })),
      limit: repeated(() => get(`/party/${anyParty()}`)),
      postgraphile: repeated(() => postgraphile(documents.peerParty, { party: [{ id: anyParty() }] })),
    },
    aims: [['graphql', 'postgraphile', 3]],
  },
  {
    name: 'sums of a day by type and status',
    ask: {
      graphql: repeated(() => graphql('Sums', documents.sums, day)),
      limit: repeated(() => get(`/sums/${day.from}/${day.to}`)),
      postgraphile: repeated(() => postgraphile(documents.peerSums, day)),
    },
  },
  ...[undefined, /** @type {const} */ ('many')].map((database) => ({
    name: `newest ${size} of a status${database === undefined ? '' : ', many buckets'}`,
    database,
    ask: {
      rest: repeated(() => rest(`/bucket?status=${seldomStatus}&sort=-requestedDate&limit=${size}`)),
      graphql: repeated(() => graphql('Newest', documents.newest, { limit: size, status: seldomStatus })),
      limit: repeated(() => get(`/newest/${seldomStatus}`)),
      postgraphile: repeated(() => postgraphile(documents.peerNewest, { status: seldomStatus })),
    },
  })),
];

/** @param {(door: Door) => Walk['walk']} walk @returns {Work['ask']} */
const written = (walk) => ({
  rest: { walk: walk('rest') },
  graphql: { walk: walk('graphql') },
  handWritten: { walk: walk('rest') },
});

/** @param {Door} door @returns {Walk['walk']} */
const reserveAndCommit = (door) => [
  () => reserve(anyBucket(), undefined, door),
  ({ answer }) => commit(answer, undefined, door),
];

const mixed = {
  walk: [
    restById,
    () => topup(anyBucket()),
    graphqlById,
    ...reserveAndCommit('rest'),
    restPage,
    () => anyTransfer('rest'),
    graphqlPage,
  ],
};

/** @type {Work[]} */
const writes = [
  {
    name: 'top-up of one hot bucket',
    ask: written((door) => [() => topup(bucketId(1), undefined, door)]),
    pgbench: 'hot',
    aims: [['rest', 'pgbench', 2]],
  },
  {
    name: `top-up over ${bucketCount.toLocaleString('en')} buckets`,
    ask: written((door) => [() => topup(anyBucket(), undefined, door)]),
    pgbench: 'spread',
    aims: [['rest', 'pgbench', 0.6]],
  },
  { name: 'reserve, then commit', ask: written(reserveAndCommit), aims: [['rest', 'handWritten', 1]] },
  {
    name: `transfer between ${transferBuckets} buckets`,
    ask: written((door) => [() => anyTransfer(door)]),
    aims: [['rest', 'handWritten', 1.2]],
  },
  { name: 'mixed load', ask: { rest: mixed, handWritten: mixed } },
];

/** @type {Work[]} */
export const works = [...reads, ...writes];

/** The peers that do a work. @param {Work} work @returns {Peer[]} */
export function peersOf({ ask, pgbench }) {
  return peers.filter((peer) => (peer === 'pgbench' ? pgbench !== undefined : ask[peer] !== undefined));
}
