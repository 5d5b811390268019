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
      measured.map((peer) => {
        const spent = (/** @type {keyof import('./processor.js').Spent} */ whose) =>
          median(rounds.map((round) => round[peer]?.spent?.[whose] ?? NaN));
        const figures = { rate: of(peer, 'rate'), p50: of(peer, 'p50'), p99: of(peer, 'p99') };
        return [peer, { ...figures, spent: { server: spent('server'), database: spent('database') } }];
      }),
    ),
    // Neighbours in time see the same noise: the median of their ratios is steadier than the ratio of the medians.
    ratios: aims
      .filter(([one, other]) => measured.includes(one) && measured.includes(other))
      .map(([one, other, aim]) => {
        const ratios = rounds.map((round) => (round[one]?.rate ?? NaN) / (round[other]?.rate ?? NaN));
        const spent = rounds.map((round) => total(round[other]) / total(round[one]));
        const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
        return { one, other, aim, ratio: median(ratios), least, most, bySpent: median(spent) };
      }),
  };
}

/** Milliseconds of processors that an answer took. @param {Measurement | undefined} measurement */
const total = (measurement) => (measurement?.spent ? measurement.spent.server + measurement.spent.database : NaN);

/** @typedef {ReturnType<typeof summary>['peers'][string]} Figures */

/**
 * @param {Measured[]} measured
 * @param {string} what
 * @param {(figures: Figures) => string} cell empty where there is none
 * @returns {string[][]}
 */
function byPeer(measured, what, cell) {
  const rows = measured.map(summary).map((of) => [
    of.name,
    ...peers.map((peer) => {
      const figures = of.peers[peer];
      return (figures && cell(figures)) || '–';
    }),
  ]);
  return [[what, ...peers.map((peer) => titles[peer])], ...rows];
}

/** @param {Figures} figures */
const shownRate = ({ rate }) => rate.toLocaleString('en', { maximumFractionDigits: rate < 100 ? 1 : 0 });
/** @param {Figures} figures */
const shownSpent = ({ spent: { server, database } }) =>
  Number.isNaN(server) ? '' : `${server.toFixed(2)} + ${database.toFixed(2)}`;

/** @param {Measured[]} measured @returns {string[][]} */
function ratios(measured) {
  const header = ['work', 'ratio', 'measured', 'from – to', 'by processor time', 'aim', ''];
  const rows = measured.map(summary).flatMap(({ name, ratios: found }) =>
    found.map(({ one, other, aim, ratio, least, most, bySpent }) => {
      const span = `${least.toFixed(2)} – ${most.toFixed(2)}`;
      return [
        name,
        `${titles[one]} / ${titles[other]}`,
        ratio.toFixed(2),
        span,
        Number.isNaN(bySpent) ? '–' : bySpent.toFixed(2),
        `${aim}`,
        ratio >= aim ? 'met' : 'not met',
      ];
    }),
  );
  return rows.length === 0 ? [] : [header, ...rows];
}

/** @param {Measured[]} measured @param {boolean} isMarkdown */
export function tables(measured, isMarkdown) {
  const print = isMarkdown ? markdown : (/** @type {string[][]} */ rows) => aligned(rows);
  return [
    byPeer(measured, 'requests a second', shownRate),
    ratios(measured),
    byPeer(measured, 'processor ms of a request: server + database', shownSpent),
  ]
    .filter((rows) => rows.length > 0)
    .map(print)
    .join('\n\n');
}

/** Columns of one width each, all but those in `left` aligned to the right. @param {string[][]} rows with their header @param {readonly number[]} left */
export function aligned(rows, left = [0]) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

/** @param {string[][]} rows */
export function markdown([header = [], ...rows]) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
