// @ts-check
/** The requests of the bench as each door takes them. */
import { randomInt } from 'node:crypto';
import { bucketCount, bucketId } from './seed.js';

/** @typedef {import('autocannon').Request} Request */
/** @typedef {'rest' | 'graphql'} Door */
/** @typedef {'read' | 'topup' | 'reserve' | 'commit' | 'transfer'} Kind */
/** @typedef {{ kind: Kind, request: Request }} Made */
/** @typedef {{ answer?: Record<string, any> }} Memory what a client keeps from one request of a walk to the next */

const base = '/tmf-api/prepayBalanceManagement/v4';
const json = { 'content-type': 'application/json' };

/** @param {Request} request @returns {Made} */
const read = (request) => ({ kind: 'read', request });

/** @param {string} path */
export const get = (path) => read({ method: 'GET', path });
/** @param {string} path of a resource of TMF654 */
export const rest = (path) => get(base + path);

/** @param {string} operationName @param {string} query @param {object} variables @returns {Request} */
function operation(operationName, query, variables) {
  const body = JSON.stringify({ operationName, query, variables });
  return { method: 'POST', path: '/graphql', headers: { ...json }, body };
}

/** @param {string} operationName @param {string} query @param {object} variables */
export const graphql = (operationName, query, variables) => read(operation(operationName, query, variables));

/** The same as a browser asks for it; the hand-written server compresses nothing. @param {Made} made @returns {Made} */
export function accepting({ kind, request }) {
  return { kind, request: { ...request, headers: { ...request.headers, 'accept-encoding': 'gzip, br' } } };
}

/** Unlike any other of this and earlier runs. */
let keys = 0;
const nextKey = () => `bench-${process.pid}-${++keys}`;

const quantity = '{ amount units }';
/** What REST answers of an action. */
const action = `id href revision status amount ${quantity} bucket { refId } relatedParty { refId } reason description usageType
  impactedBucket { bucket { refId usageType } amountBefore ${quantity} amountAfter ${quantity} item { itemType amount ${quantity} } confirmationDate }
  requestedDate confirmationDate updatedAt`;

/**
 * @param {Door} door @param {Kind} kind @param {{ resource: string, attributes?: string }} what
 * @param {object} input @param {string} key
 * @returns {Made}
 */
function post(door, kind, { resource, attributes = '' }, input, key) {
  const body = { ...input, reason: 'bench' };
  if (door === 'rest') {
    const headers = { ...json, 'Idempotency-Key': key };
    return {
      kind,
      request: { method: 'POST', path: `${base}/${resource}`, headers, body: JSON.stringify(body) },
    };
  }
  const type = resource.charAt(0).toUpperCase() + resource.slice(1);
  const document = `mutation Create($input: ${type}Create!, $key: String) {
    create${type}(input: $input, idempotencyKey: $key) { ${action} ${attributes} }
  }`;
  return { kind, request: operation('Create', document, { input: inGraphql(body), key }) };
}

/** References have an `id` in TMF only. @param {Record<string, any>} input */
function inGraphql(input) {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, value?.id === undefined ? value : { refId: value.id }]),
  );
}

/** @param {number} amount */
const euro = (amount) => ({ amount, units: 'EUR' });

/** @param {string} id @param {string} [key] @param {Door} [door] */
export function topup(id, key = nextKey(), door = 'rest') {
  return post(door, 'topup', { resource: 'topupBalance' }, { amount: euro(1.25), bucket: { id } }, key);
}

const reserved = euro(0.25);

/** @param {string} id @param {string} [key] @param {Door} [door] */
export function reserve(id, key = nextKey(), door = 'rest') {
  return post(door, 'reserve', { resource: 'reserveBalance' }, { amount: reserved, bucket: { id } }, key);
}

/**
 * Consumes the whole of it.
 * @param {Record<string, any> | undefined} reservation as it was answered
 * @param {string} [key]
 * @param {Door} [door]
 */
export function commit(reservation, key = nextKey(), door = 'rest') {
  const input = {
    adjustType: 'reservationDebit',
    amount: reserved,
    bucket: reservation?.bucket,
    reserveBalance: { id: reservation?.id },
  };
  const what = { resource: 'adjustBalance', attributes: 'adjustType reserveBalance { refId }' };
  return post(door, 'commit', what, input, key);
}

/** So little that none runs out of it. @param {string} id @param {string} receiver @param {string} [key] @param {Door} [door] */
export function transfer(id, receiver, key = nextKey(), door = 'rest') {
  const input = { amount: euro(0.01), bucket: { id }, receiverBucket: { id: receiver } };
  const what = { resource: 'transferBalance', attributes: 'receiverBucket { refId } receiverBucketUsageType' };
  return post(door, 'transfer', what, input, key);
}

export const transferBuckets = 100;

/** Between two of the first hundred buckets. @param {Door} door */
export function anyTransfer(door) {
  const from = randomInt(transferBuckets);
  const to = (from + randomInt(1, transferBuckets)) % transferBuckets;
  return transfer(bucketId(from + 1), bucketId(to + 1), undefined, door);
}

export const anyBucket = () => bucketId(randomInt(1, bucketCount + 1));
