// @ts-check
/** `npm run simulate:cells`: how load and transfers lie when one operator is cut into cells; the record is docs/decisions/0065-cells.md. */
import { parseArgs } from 'node:util';
import { placements, simulate } from './cells/simulation.js';

const usage = `npm run simulate:cells -- [options]
  --subscribers <number>  of the operator (100000000)
  --sample <number>       subscribers of small parties that are drawn, and stand for all of them; large parties are drawn all (2000000)
  --cells <numbers>       counts of cells, separated by commas (4,16,64,256)
  --seed <number>         (1)
  --help                  this text
`;

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '100000000' },
    sample: { type: 'string', default: '2000000' },
    cells: { type: 'string', default: '4,16,64,256' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else {
  const [subscribers, sample, seed] = [values.subscribers, values.sample, values.seed].map(Number);
  const counts = values.cells.split(',').map(Number);
  if ([subscribers, sample, seed, ...counts].some((value) => !Number.isInteger(value) || Number(value) < 1)) {
    process.stderr.write(`a number is none\n\n${usage}`);
    process.exitCode = 2;
  } else print(Number(subscribers), Number(sample), Number(seed), counts);
}

/** @param {number} subscribers @param {number} sample @param {number} seed @param {number[]} counts */
function print(subscribers, sample, seed, counts) {
  const begin = performance.now();
  const { parties, large, largest, actions, results } = simulate({ subscribers, sample, seed, counts });
  const shown = (/** @type {number} */ value) => Math.round(value).toLocaleString('en');
  console.log(
    `${shown(subscribers)} subscribers in ${shown(parties)} parties, ${shown(large)} of them large, the largest with ${shown(largest)}; ${shown(actions)} actions in a day; seed ${seed}, a sample of ${shown(sample)}`,
  );
  console.log(
    '| placed by | cells | load, largest ÷ mean | 99th of 100 ÷ mean | the same, moved | actions across cells | of transfers |',
  );
  console.log('|---|---|---|---|---|---|---|');
  const share = (/** @type {number} */ value) => `${(100 * value).toFixed(2)} %`;
  for (const placement of placements)
    for (const { cells, balance, spread, across, transfersAcross } of results.filter(
      (one) => one.placement === placement,
    ))
      console.log(
        `| ${placement} | ${cells} | ${balance.largest.toFixed(3)} | ${balance.p99.toFixed(3)} | ${spread.largest.toFixed(3)} | ${share(across)} | ${share(transfersAcross)} |`,
      );
  console.log(
    `${((performance.now() - begin) / 1000).toFixed(1)} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
  );
}
