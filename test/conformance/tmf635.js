// @ts-check
/** TMF635 Usage Management: the 15 requests of the certification report, in its order and with its names. */

import { resourceFolders } from './resource-folders.js';

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Schema} Schema */
/** @typedef {import('./resource-folders.js').Resource} Resource */

const basePath = '/tmf-api/usageManagement/v4';

const text = { type: 'string', minLength: 1 };
const dateTime = { type: 'string', format: 'date-time' };
const usageStatus = {
  type: 'string',
  enum: ['received', 'rejected', 'recycled', 'guided', 'rated', 'rerated', 'billed'],
};
const reference = { type: 'object', required: ['id'], properties: { id: text, href: text, name: text } };

/** @param {string} path @returns {Schema & { type: string }} */
const hrefOf = (path) => ({ type: 'string', pattern: `^https?://[^/]+${basePath}/${path}/[^/?#]+$` });

// The default payload names a specification that nobody has.
const usageSpecification = { id: 'af59-b504c742900e' };
const specificationName = 'Voice-Usage-Specification';

/** @type {Resource[]} */
const resources = [
  {
    name: 'Usage',
    path: 'usage',
    code: 'US',
    payload: { usageSpecification },
    attributes: { href: hrefOf('usage'), id: text, usageSpecification: reference },
    mandatory: ['id', 'usageSpecification'],
    shown: ['id'],
    held: ['id'],
    queries: ['fields=id', 'id'],
    alwaysSelected: ['id', 'href'],
    onCreate: {},
    created: {
      type: 'object',
      required: ['href', 'status', 'usageDate'],
      properties: {
        href: hrefOf('usage'),
        status: { ...usageStatus, const: 'received' },
        usageDate: dateTime,
        usageSpecification: { const: usageSpecification },
      },
    },
    unknownId: '81017615-a16e-491b-905e-9b3e98de013f',
  },
  {
    name: 'UsageSpecification',
    path: 'usageSpecification',
    // The report's variables are those of Usage, set anew.
    code: 'US',
    payload: { name: specificationName },
    attributes: { href: hrefOf('usageSpecification'), id: text, name: text },
    mandatory: ['id', 'href', 'name'],
    shown: ['id', 'href', 'name'],
    held: ['id', 'href', 'name'],
    queries: ['fields=id', 'id', 'fields=href', 'fields=name', 'name'],
    alwaysSelected: ['id', 'href'],
    onCreate: { name: specificationName },
    unknownId: '31f18bc5-e9ff-4c56-953f-478828bd6f88',
  },
];

/** @type {Api} */
export const tmf635 = {
  name: 'TMF635',
  title: 'Usage Management 4.0.0',
  basePath,
  // The official kit's default configuration: a token that nobody gave, and a Content-Type on every request.
  headers: { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: 'Bearer 1321321' },
  // The report's 199 are for its 8 usages and 11 specifications; this is for one of each.
  expected: { requests: 15, assertions: 73 },
  folders: resources.flatMap(resourceFolders),
};
