// @ts-check
/** The result of a run: medians, printed as a table and kept as JSON. */

/** @typedef {import('./load.js').Measurement} Measurement */
/** @typedef {{ server: Measurement, baseline: Measurement }} Round */
/** @typedef {{ name: string, aim: number | undefined, rounds: Round[] }} Measured */

/** @param {Measured} measured */
export function summary({ name, aim, rounds }) {
  const of = (/** @type {(round: Round) => number} */ value) => median(rounds.map(value));
  const ratios = rounds.map(({ server, baseline }) => server.rate / baseline.rate);
  return {
    name,
    aim,
    // Two neighbours in time see the same noise: the median of their ratios is steadier than the ratio of the medians.
    ratio: median(ratios),
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    server: { rate: of((r) => r.server.rate), p50: of((r) => r.server.p50), p99: of((r) => r.server.p99) },
    baseline: { rate: of((r) => r.baseline.rate), p50: of((r) => r.baseline.p50), p99: of((r) => r.baseline.p99) },
  };
}

/** @param {Measured[]} measured */
export function table(measured) {
  const header = ['work', 'ours/s', 'baseline/s', 'ratio', '(from - to)', 'aim', 'p99 ms', 'baseline p99'];
  const rows = measured
    .map(summary)
    .map(({ name, aim, ratio, ratioMin, ratioMax, server, baseline }) => [
      name,
      String(Math.round(server.rate)),
      String(Math.round(baseline.rate)),
      ratio.toFixed(2),
      `${ratioMin.toFixed(2)} - ${ratioMax.toFixed(2)}`,
      aim === undefined ? '' : `${ratio >= aim ? '>=' : ' <'} ${aim}`,
      server.p99.toFixed(0),
      baseline.p99.toFixed(0),
    ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [header, ...rows].map((cells) => cells.map(pad).join('  ')).join('\n');
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
