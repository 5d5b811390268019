// @ts-check
/** The result of a run: rates as a table, and the ratios that are wanted. */
import { peers } from './works.js';

/** @typedef {import('./load.js').Measurement} Measurement */
/** @typedef {import('./works.js').Peer} Peer */
/** @typedef {import('./works.js').Work} Work */
/** What each peer did, one after the other. @typedef {Partial<Record<Peer, Measurement>>} Round */
/** @typedef {{ work: Work, rounds: Round[] }} Measured */

/** @type {Record<Peer, string>} */
export const titles = {
  rest: 'ours, REST',
  graphql: 'ours, GraphQL',
  handWritten: 'express + pg',
  limit: 'fastify limit',
  postgraphile: 'PostGraphile 5',
  pgbench: 'pgbench',
};

/** @param {Measured} measured */
export function summary({ work: { name, aims = [] }, rounds }) {
  const measured = peers.filter((peer) => rounds.every((round) => round[peer]));
  const of = (/** @type {Peer} */ peer, /** @type {'rate' | 'p50' | 'p99'} */ figure) =>
    median(rounds.map((round) => round[peer]?.[figure] ?? NaN));
  return {
    name,
    peers: Object.fromEntries(
      measured.map((peer) => [peer, { rate: of(peer, 'rate'), p50: of(peer, 'p50'), p99: of(peer, 'p99') }]),
    ),
    // Neighbours in time see the same noise: the median of their ratios is steadier than the ratio of the medians.
    ratios: aims
      .filter(([one, other]) => measured.includes(one) && measured.includes(other))
      .map(([one, other, aim]) => {
        const ratios = rounds.map((round) => (round[one]?.rate ?? NaN) / (round[other]?.rate ?? NaN));
        return { one, other, aim, ratio: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
      }),
  };
}

/** @param {Measured[]} measured @returns {string[][]} */
function rates(measured) {
  const header = ['requests a second', ...peers.map((peer) => titles[peer])];
  const rows = measured.map(summary).map((of) => [
    of.name,
    ...peers.map((peer) => {
      const rate = of.peers[peer]?.rate;
      return rate === undefined ? '–' : rate.toLocaleString('en', { maximumFractionDigits: rate < 100 ? 1 : 0 });
    }),
  ]);
  return [header, ...rows];
}

/** @param {Measured[]} measured @returns {string[][]} */
function ratios(measured) {
  const header = ['work', 'ratio', 'measured', 'from – to', 'aim', ''];
  const rows = measured.map(summary).flatMap(({ name, ratios: found }) =>
    found.map(({ one, other, aim, ratio, least, most }) => {
      const span = `${least.toFixed(2)} – ${most.toFixed(2)}`;
      return [
        name,
        `${titles[one]} / ${titles[other]}`,
        ratio.toFixed(2),
        span,
        `${aim}`,
        ratio >= aim ? 'met' : 'not met',
      ];
    }),
  );
  return rows.length === 0 ? [] : [header, ...rows];
}

/** @param {Measured[]} measured @param {boolean} isMarkdown */
export function tables(measured, isMarkdown) {
  const print = isMarkdown ? markdown : aligned;
  return [rates(measured), ratios(measured)]
    .filter((rows) => rows.length > 0)
    .map(print)
    .join('\n\n');
}

/** @param {string[][]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((cells) => cells.map(pad).join('  ')).join('\n');
}

/** @param {string[][]} rows */
function markdown([header = [], ...rows]) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
