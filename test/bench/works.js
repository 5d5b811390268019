// @ts-check
/** What is measured: six works, and the requests of each. */
import { randomInt } from 'node:crypto';
import { bucketCount, bucketId } from './database.js';

/** @typedef {import('autocannon').Request} Request */

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {number} aim ratio to the baseline that is wanted (issue 2)
 * @property {boolean} isTopup
 * @property {() => Request} create one request
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

/** @param {string} operationName @param {string} query @param {object} variables @returns {Request} */
function graphql(operationName, query, variables) {
  return { method: 'POST', path: '/graphql', headers: { ...json }, body: JSON.stringify({ operationName, query, variables }) };
}

/** Unlike any other of this and earlier runs. */
let keys = 0;
const nextKey = () => `bench-${process.pid}-${++keys}`;

/** @param {string} id @param {string} key @returns {Request} */
export function topup(id, key = nextKey()) {
  const body = JSON.stringify({ amount: { amount: 1.25, units: 'EUR' }, bucket: { id }, reason: 'bench' });
  return { method: 'POST', path: `${base}/topupBalance`, headers: { ...json, 'Idempotency-Key': key }, body };
}

const anyBucket = () => bucketId(randomInt(1, bucketCount + 1));

/** @type {Work[]} */
export const works = [
  { name: 'REST bucket by id', aim: 0.5, isTopup: false, create: () => ({ method: 'GET', path: `${base}/bucket/${anyBucket()}` }) },
  { name: `REST ${pageSize} buckets`, aim: 0.5, isTopup: false, create: () => ({ method: 'GET', path: `${base}/bucket?limit=${pageSize}` }) },
  { name: 'GraphQL bucket by id', aim: 0.5, isTopup: false, create: () => graphql('BucketById', byId, { id: anyBucket() }) },
  { name: `GraphQL ${pageSize} buckets`, aim: 0.5, isTopup: false, create: () => graphql('BucketPage', page, { limit: pageSize }) },
  { name: 'top-up of one hot bucket', aim: 1.7, isTopup: true, create: () => topup(bucketId(1)) },
  { name: 'top-up over 10,000 buckets', aim: 0.9, isTopup: true, create: () => topup(anyBucket()) },
];
