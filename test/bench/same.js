// @ts-check
/** Before anything is measured: both servers give the same answers and leave the same rows behind. */
import assert from 'node:assert/strict';
import { rowsAbout, twinIds } from './database.js';
import { topup, works } from './works.js';

/** Headers of the connection, not of the answer. */
const notCompared = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

/**
 * Throws with the difference. Answers how many top-ups it made.
 * @param {string} server origin
 * @param {string} baseline origin
 * @param {string} databaseUrl
 */
export async function requireSame(server, baseline, databaseUrl) {
  for (const { name, isTopup, create } of works) {
    if (isTopup) continue;
    const request = create();
    assert.deepEqual(await ask(baseline, request), await ask(server, request), `${name}: the baseline answers otherwise`);
  }

  // One top-up of a bucket each, then the same again under the same key.
  const [ofServer = '', ofBaseline = ''] = twinIds;
  for (const round of ['first', 'repeated']) {
    const answers = [await ask(server, topup(ofServer, 'twin-server')), await ask(baseline, topup(ofBaseline, 'twin-baseline'))];
    const [expected, actual] = answers.map((answer) => blur(JSON.stringify(answer)));
    assert.equal(actual, expected, `top-up, ${round}: the baseline answers otherwise`);
  }
  const rows = await Promise.all(twinIds.map((id) => rowsAbout(databaseUrl, id)));
  const [expected, actual] = rows.map((found) => JSON.parse(blur(JSON.stringify(found))));
  assert.deepEqual(actual, expected, 'top-up: the baseline writes other rows');
  return twinIds.length;
}

/** @param {string} origin @param {import('autocannon').Request} request */
async function ask(origin, { method, path, headers, body }) {
  const answer = await fetch(origin + path, { method, headers: /** @type {Record<string, string>} */ (headers), body: /** @type {string} */ (body) });
  const compared = [...answer.headers].filter(([name]) => !notCompared.has(name));
  return { status: answer.status, headers: Object.fromEntries(compared), body: await answer.text() };
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
