// @ts-check
/**
 * TMF654 Prepay Balance Management: the 40 requests of the certification report, in its order and with its names.
 * The order matters: what a POST saves, the reads after it use. Behind them what is only read, which the report leaves out.
 */

import { resourceFolders, viewFolder } from './resource-folders.js';

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Schema} Schema */
/** @typedef {import('./resource-folders.js').Resource} Resource */
/** @typedef {import('./resource-folders.js').View} View */

const basePath = '/tmf-api/prepayBalanceManagement/v4';

const text = { type: 'string', minLength: 1 };
const dateTime = { type: 'string', format: 'date-time' };
const list = { type: 'array' };
const bucketStatus = { type: 'string', enum: ['active', 'suspended', 'expired'] };
const actionStatus = { type: 'string', enum: ['created', 'completed', 'failed', 'cancelled'] };
const quantity = {
  type: 'object',
  required: ['amount', 'units'],
  properties: { amount: { type: 'number' }, units: text },
};
const reference = { type: 'object', required: ['id'], properties: { id: text, href: text, name: text } };
const party = {
  type: 'object',
  required: ['id', '@referredType'],
  properties: { id: text, '@referredType': text, href: text, name: text, role: text },
};

/** @param {string} path @returns {Schema & { type: string }} */
const hrefOf = (path) => ({ type: 'string', pattern: `^https?://[^/]+${basePath}/${path}/[^/?#]+$` });

/** What an applied action says it did to a bucket (ImpactedBucket; `item` is mandatory there). */
const impactedBucket = {
  type: 'object',
  required: ['bucket', 'amountBefore', 'amountAfter', 'item'],
  properties: {
    bucket: reference,
    amountBefore: quantity,
    amountAfter: quantity,
    item: { type: 'array', minItems: 1, items: { type: 'object', properties: { amount: quantity } } },
  },
};

// The default payloads: both seeds have bucket 11 (monetary, EUR), and product d3ba… belongs to somebody else.
const amount = { amount: 50, units: 'EUR' };
const bucket = { id: '11', href: '/prepayBalanceManagement/v4/bucket/11' };
const product = { id: 'd3ba9b4b-781a-42a7-9976-12fb826f6b99' };
const relatedParty = {
  id: '5',
  href: '/partyManagement/customer/22',
  name: 'jerry wilson',
  role: 'customer',
  '@referredType': 'Individual',
};

/**
 * The answer to the POST of an action: what was sent comes back as sent, and the bucket was touched. Numbers are
 * numbers, a product sent alone comes back in a list (the conformance profile).
 * @param {Record<string, Schema>} own
 */
const createdAction = (own) => ({
  type: 'object',
  required: ['amount', 'bucket', 'impactedBucket', 'requestedDate', ...Object.keys(own)],
  properties: {
    amount: { ...quantity, properties: { amount: { const: amount.amount }, units: { const: amount.units } } },
    bucket: { ...reference, properties: { ...reference.properties, id: { const: bucket.id } } },
    impactedBucket: { type: 'array', minItems: 1, items: impactedBucket },
    requestedDate: dateTime,
    confirmationDate: dateTime,
    logicalResource: { type: 'array', items: reference },
    product: { type: 'array', items: reference },
    relatedParty: { type: 'array', items: party },
    ...own,
  },
});

const queries = ['fields=href', 'fields=id', 'id', 'fields=status', 'status'];

/** @type {Resource[]} */
const resources = [
  {
    name: 'Bucket',
    path: 'bucket',
    code: 'BU',
    payload: { usageType: 'monetary' },
    attributes: { confirmationDate: dateTime, href: hrefOf('bucket'), id: text, status: bucketStatus, usageType: text },
    mandatory: ['confirmationDate', 'href', 'id', 'status', 'usageType'],
    shown: ['confirmationDate', 'href', 'id', 'status', 'usageType'],
    held: ['href', 'id', 'status', 'usageType'],
    queries: [...queries, 'fields=usageType', 'usageType'],
    onCreate: { status: 'active', usageType: 'monetary' },
    unknownId: '7c3981c5-5f8c-4800-a1b3-19cfcd3a44da',
  },
  {
    name: 'TopupBalance',
    path: 'topupBalance',
    code: 'TB',
    payload: { amount, bucket },
    attributes: { amount: quantity, href: hrefOf('topupBalance'), id: text, status: actionStatus },
    mandatory: ['amount', 'href', 'id', 'status'],
    shown: ['href', 'id', 'status'],
    held: ['href', 'id', 'status'],
    queries,
    onCreate: { status: 'completed' },
    created: createdAction({ confirmationDate: dateTime }),
    unknownId: '81801f99-bb0b-4f6a-ac5b-905f96e7f6d7',
  },
  {
    name: 'AdjustBalance',
    path: 'adjustBalance',
    code: 'AB',
    payload: { amount, usageType: 'monetary', product, bucket },
    attributes: {
      amount: quantity,
      href: hrefOf('adjustBalance'),
      id: text,
      status: actionStatus,
      usageType: text,
    },
    mandatory: ['amount', 'href', 'id', 'status', 'usageType'],
    shown: ['href', 'id', 'status', 'usageType'],
    held: ['href', 'id', 'status', 'usageType'],
    queries: [...queries, 'fields=usageType', 'usageType'],
    onCreate: { status: 'completed', usageType: 'monetary' },
    created: createdAction({
      confirmationDate: dateTime,
      product: {
        type: 'array',
        minItems: 1,
        maxItems: 1,
        items: { ...reference, properties: { ...reference.properties, id: { const: product.id } } },
      },
    }),
    unknownId: '0696ce92-bbd9-4b90-96c7-03d13ee1fb04',
  },
  {
    name: 'ReserveBalance',
    path: 'reserveBalance',
    code: 'RB',
    payload: { amount, relatedParty: [relatedParty], bucket },
    attributes: {
      amount: quantity,
      href: hrefOf('reserveBalance'),
      id: text,
      relatedParty: list,
      status: actionStatus,
    },
    mandatory: ['amount', 'href', 'id', 'relatedParty', 'status'],
    shown: ['href', 'id', 'relatedParty', 'status'],
    held: ['href', 'id', 'status'],
    queries,
    onCreate: { status: 'created' },
    created: createdAction({
      relatedParty: {
        type: 'array',
        minItems: 1,
        maxItems: 1,
        items: {
          ...party,
          required: Object.keys(relatedParty),
          properties: Object.fromEntries(Object.entries(relatedParty).map(([name, value]) => [name, { const: value }])),
        },
      },
    }),
    unknownId: '1771243b-a4a1-4019-ba13-8a773d8dfddc',
  },
];

/** @type {View[]} */
const views = [
  {
    name: 'AccumulatedBalance',
    path: 'accumulatedBalance',
    code: 'AC',
    schema: {
      type: 'object',
      required: ['id', 'href', 'name', 'bucket', 'totalBalance'],
      properties: {
        id: text,
        href: hrefOf('accumulatedBalance'),
        name: text,
        bucket: { type: 'array', minItems: 1, items: reference },
        totalBalance: quantity,
        logicalResource: { type: 'array', minItems: 1, items: reference },
        partyAccount: reference,
        product: { type: 'array', minItems: 1, items: reference },
        relatedParty: { type: 'array', minItems: 1, items: party },
      },
    },
    unknownId: 'relatedParty~none~monetary~EUR',
  },
  {
    name: 'BalanceAction',
    path: 'balanceAction',
    code: 'BA',
    schema: {
      type: 'object',
      required: ['id', 'href', 'status', 'amount', 'requestedDate'],
      properties: {
        id: text,
        href: hrefOf('balanceAction'),
        status: actionStatus,
        amount: quantity,
        requestedDate: dateTime,
      },
    },
    unknownId: '4d2e2a40-8f5c-4f05-a4a3-3e4f6f0b6a1e',
  },
];

/** @type {Api} */
export const tmf654 = {
  name: 'TMF654',
  title: 'Prepay Balance Management 4.0.0',
  basePath,
  // The official kit sends a Content-Type on every request, reads included.
  headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
  expected: { requests: 40, assertions: 282 },
  folders: [...resources.flatMap(resourceFolders), ...views.map(viewFolder)],
};
