// @ts-check
import { checkAnswer } from './sandbox.js';

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Request} Request */
/** @typedef {import('./expectation.js').Expectation} Expectation */

const collectionSchema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/** Assertions of ours carry this mark; the floors below count only those that the certification report names. */
export const oursPrefix = '(ours) ';

/**
 * An API's data as a Postman collection (v2.1) for newman. Its variable `baseUrl` is the origin and base path.
 * @param {Api} api
 * @param {string} origin
 */
export function toCollection(api, origin) {
  return {
    info: { name: `${api.name} ${api.title}`, schema: collectionSchema },
    variable: [{ key: 'baseUrl', value: `${origin}${api.basePath}` }],
    item: api.folders.map((folder, folderIndex) => ({
      name: folder.name,
      item: folder.requests.map((request, index) => toItem(api, request, itemId(folderIndex, index))),
    })),
  };
}

/** @param {Api} api @param {Request} request @param {string} id */
function toItem(api, request, id) {
  return {
    id,
    name: request.name,
    event: [
      {
        listen: 'test',
        script: { type: 'text/javascript', exec: [`(${checkAnswer})(pm, ${JSON.stringify(request.expect)});`] },
      },
    ],
    request: {
      method: request.method,
      description: request.description,
      header: Object.entries(api.headers).map(([key, value]) => ({ key, value })),
      url: `{{baseUrl}}/${request.path}`,
      ...(request.body === undefined ? {} : { body: { mode: 'raw', raw: JSON.stringify(request.body) } }),
    },
  };
}

/** @param {number} folderIndex @param {number} index */
const itemId = (folderIndex, index) => `${folderIndex}.${index}`;

/**
 * For each request, by item id, the assertions of the report that must at least have run. A script that ends early, or
 * a list that lost its rows, then shows even when nothing that did run has failed.
 * @param {Api} api
 * @returns {Map<string, { name: string, assertions: number }>}
 */
export function assertionFloors(api) {
  const floors = new Map();
  api.folders.forEach((folder, folderIndex) =>
    folder.requests.forEach(({ name, expect }, index) => {
      floors.set(itemId(folderIndex, index), { name, assertions: countForOneRow(expect) });
    }),
  );
  return floors;
}

/** @param {Expectation} expect */
function countForOneRow(expect) {
  if (expect.oursOnly) return 0;
  const groups = [expect.shown, expect.held, expect.present, expect.saved?.values, expect.fixed];
  const counts = groups.map((group) => Object.keys(group ?? {}).length);
  return 1 + (expect.mandatory ? 1 : 0) + (expect.schema ? 1 : 0) + counts.reduce((sum, count) => sum + count, 0);
}
