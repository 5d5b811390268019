// @ts-check
/** TMF652 Resource Ordering: the 8 requests of the certification report, in its order and with its names. */

import { resourceFolders, viewFolder } from './resource-folders.js';

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Schema} Schema */
/** @typedef {import('./resource-folders.js').Resource} Resource */

const basePath = '/tmf-api/resourceOrderingManagement/v4';

const text = { type: 'string', minLength: 1 };
const dateTime = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' };
const state = {
  type: 'string',
  enum: [
    'acknowledged',
    'rejected',
    'pending',
    'held',
    'inProgress',
    'cancelled',
    'completed',
    'failed',
    'assessingCancellation',
    'pendingCancellation',
  ],
};
const orderItem = {
  type: 'array',
  minItems: 1,
  items: { type: 'object', required: ['id', 'state'], properties: { id: text, state } },
};

/** @param {string} path @returns {Schema & { type: string }} */
const hrefOf = (path) => ({ type: 'string', pattern: `^https?://[^/]+${basePath}/${path}/[^/?#]+$` });

/** @type {Resource} */
const resourceOrder = {
  name: 'ResourceOrder',
  path: 'resourceOrder',
  code: 'RO',
  payload: {
    orderItem: [{ id: '1', action: 'add', resource: { name: 'LG006-C5111N1', '@type': 'PhysicalResource' } }],
  },
  attributes: { href: hrefOf('resourceOrder'), id: text, orderDate: dateTime, orderItem },
  mandatory: ['href', 'id', 'orderDate', 'orderItem'],
  shown: ['href', 'id', 'orderDate', 'orderItem'],
  held: ['href', 'id', 'orderDate'],
  queries: ['fields=id', 'id', 'fields=orderDate', 'orderDate'],
  alwaysSelected: ['id', 'href'],
  onCreate: {},
  created: { type: 'object', required: ['state'], properties: { state: { const: 'acknowledged' }, orderItem } },
  unknownId: 'a9c27767-d78b-4a1a-b448-6c65472fdf1d',
};

// The report makes no cancellation: what it finds is in the seed.
const cancelResourceOrder = {
  name: 'CancelResourceOrder',
  path: 'cancelResourceOrder',
  code: 'CO',
  schema: {
    type: 'object',
    required: ['id', 'href', 'resourceOrder', 'state'],
    properties: {
      id: text,
      href: hrefOf('cancelResourceOrder'),
      resourceOrder: { type: 'object', required: ['id'], properties: { id: text, href: hrefOf('resourceOrder') } },
      state: { type: 'string', enum: ['accepted', 'terminatedWithError', 'inProgress', 'done'] },
    },
  },
  unknownId: '2f4b9c1e-9f0c-4f3a-8d25-0b8f0f7f8c11',
};

/** @type {Api} */
export const tmf652 = {
  name: 'TMF652',
  title: 'Resource Ordering 4.0.0',
  basePath,
  // The official kit's default configuration: a token that nobody gave, and a Content-Type on every request.
  headers: { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: 'Bearer 1321321' },
  expected: { requests: 8, assertions: 56 },
  folders: [...resourceFolders(resourceOrder), viewFolder(cancelResourceOrder)],
};
