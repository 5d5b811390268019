// @ts-check
/** What is measured: the works, and the requests of each. */
import { randomInt } from 'node:crypto';
import { bucketCount, bucketId } from './database.js';

/** @typedef {import('autocannon').Request} Request */
/** @typedef {'read' | 'topup' | 'reserve' | 'commit' | 'transfer'} Kind */
/** @typedef {{ kind: Kind, request: Request }} Made */
/** @typedef {{ answer?: Record<string, any> }} Memory what a client keeps from one request of a walk to the next */

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {number} [aim] ratio to the baseline that is wanted (issue 2)
 * @property {((memory: Memory) => Made)[]} walk what each client sends, one after the other, again and again
 * @property {boolean} [isRepeated] some requests of the one step are made beforehand and repeated, which costs the load nothing
 */

const base = '/tmf-api/prepayBalanceManagement/v4';
const pageSize = 20;

const extensible = 'atType atBaseType atSchemaLocation';
const reference = `href name atReferredType ${extensible}`;
const bucket = `{
  id href revision usageType status remainingValue { amount units } reservedValue { amount units }
  reserveBalance { id ${reference} } name description isShared remainingValueName priority
  validFor { startDateTime endDateTime } logicalResource { id value ${reference} }
  partyAccount { id href name description status atReferredType ${extensible} } product { id ${reference} }
  relatedParty { id href name role atReferredType ${extensible} } requestedDate confirmationDate updatedAt ${extensible} extension
}`;
const byId = `query BucketById($id: ID!) { bucket(id: $id) ${bucket} }`;
const page = `query BucketPage($limit: Int!) { buckets(limit: $limit) { items ${bucket} } }`;

const json = { 'content-type': 'application/json' };

/** The same as a browser asks for it; the hand-written server compresses nothing. @param {Made} made @returns {Made} */
function accepting({ kind, request }) {
  return { kind, request: { ...request, headers: { ...request.headers, 'accept-encoding': 'gzip, br' } } };
}

/** @param {string} operationName @param {string} query @param {object} variables @returns {Request} */
function graphql(operationName, query, variables) {
  return {
    method: 'POST',
    path: '/graphql',
    headers: { ...json },
    body: JSON.stringify({ operationName, query, variables }),
  };
}

/** Unlike any other of this and earlier runs. */
let keys = 0;
const nextKey = () => `bench-${process.pid}-${++keys}`;

/** @param {string} segment @param {object} body @param {string} key @returns {Request} */
function post(segment, body, key) {
  return {
    method: 'POST',
    path: `${base}/${segment}`,
    headers: { ...json, 'Idempotency-Key': key },
    body: JSON.stringify({ ...body, reason: 'bench' }),
  };
}

/** @param {number} amount */
const euro = (amount) => ({ amount, units: 'EUR' });

/** @param {string} id @param {string} [key] @returns {Made} */
export function topup(id, key = nextKey()) {
  return { kind: 'topup', request: post('topupBalance', { amount: euro(1.25), bucket: { id } }, key) };
}

const reserved = euro(0.25);

/** @param {string} id @param {string} [key] @returns {Made} */
export function reserve(id, key = nextKey()) {
  return { kind: 'reserve', request: post('reserveBalance', { amount: reserved, bucket: { id } }, key) };
}

/** Consumes the whole of it. @param {Record<string, any> | undefined} reservation as it was answered @param {string} [key] @returns {Made} */
export function commit(reservation, key = nextKey()) {
  const body = {
    adjustType: 'reservationDebit',
    amount: reserved,
    bucket: reservation?.bucket,
    reserveBalance: { id: reservation?.id },
  };
  return { kind: 'commit', request: post('adjustBalance', body, key) };
}

/** So little that none runs out of it. @param {string} id @param {string} receiver @param {string} [key] @returns {Made} */
export function transfer(id, receiver, key = nextKey()) {
  return {
    kind: 'transfer',
    request: post('transferBalance', { amount: euro(0.01), bucket: { id }, receiverBucket: { id: receiver } }, key),
  };
}

const transferBuckets = 100;

/** Between two of the first hundred buckets. */
function anyTransfer() {
  const from = randomInt(transferBuckets);
  const to = (from + randomInt(1, transferBuckets)) % transferBuckets;
  return transfer(bucketId(from + 1), bucketId(to + 1));
}

const anyBucket = () => bucketId(randomInt(1, bucketCount + 1));

/** @param {Request} request @returns {Made} */
const read = (request) => ({ kind: 'read', request });

const restById = () => read({ method: 'GET', path: `${base}/bucket/${anyBucket()}` });
const restPage = () => read({ method: 'GET', path: `${base}/bucket?limit=${pageSize}` });
const graphqlById = () => read(graphql('BucketById', byId, { id: anyBucket() }));
const graphqlPage = () => read(graphql('BucketPage', page, { limit: pageSize }));
const anyReserve = () => reserve(anyBucket());
const itsCommit = (/** @type {Memory} */ { answer }) => commit(answer);

/** The works that only read. @type {Work[]} */
export const reads = [
  { name: 'REST bucket by id', aim: 0.5, walk: [restById], isRepeated: true },
  { name: `REST ${pageSize} buckets`, aim: 0.5, walk: [restPage], isRepeated: true },
  { name: 'GraphQL bucket by id', aim: 0.5, walk: [graphqlById], isRepeated: true },
  { name: `REST ${pageSize} buckets, compressed`, walk: [() => accepting(restPage())], isRepeated: true },
  { name: `GraphQL ${pageSize} buckets`, aim: 0.5, walk: [graphqlPage], isRepeated: true },
];

/** @type {Work[]} */
export const works = [
  ...reads,
  { name: 'top-up of one hot bucket', aim: 1.7, walk: [() => topup(bucketId(1))] },
  { name: 'top-up over 10,000 buckets', aim: 0.9, walk: [() => topup(anyBucket())] },
  { name: 'reserve, then commit', walk: [anyReserve, itsCommit] },
  { name: `transfer between ${transferBuckets} buckets`, walk: [anyTransfer] },
  {
    name: 'mixed load',
    walk: [restById, () => topup(anyBucket()), graphqlById, anyReserve, itsCommit, restPage, anyTransfer, graphqlPage],
  },
];
