// @ts-check
/** The options of the command. */
import { parseArgs } from 'node:util';
import { works } from './works.js';

/** Some seven minutes. @type {import('./measure.js').Pace} */
const normal = { rounds: 3, measureMs: 2000, warmUpMs: 1200 };
/** @type {import('./measure.js').Pace} */
const quick = { rounds: 1, measureMs: 400, warmUpMs: 200 };

const shown = (/** @type {number} */ count) => count.toLocaleString('en');
/** The figures that an option may set, and those of a run and a quick one. */
const figures = {
  rounds: { normal: normal.rounds, quick: quick.rounds },
  buckets: { normal: 1_000_000, quick: 100_000 },
  lines: { normal: 1_000_000, quick: 20_000 },
  usages: { normal: 5_000_000, quick: 5_000_000 },
  accounts: { normal: 10_000, quick: 1_000 },
};
const either = (/** @type {keyof typeof figures} */ name) =>
  `${shown(figures[name].normal)}; with --quick ${shown(figures[name].quick)}`;

export const usage = `npm run bench -- [options]
  --quick             a smoke run: its figures mean little
  --only <text>       only works whose name contains the text; may be repeated
  --rounds <number>   rounds of each work (${either('rounds')})
  --buckets <number>  buckets of the works on many; each number has a database, which is kept (${either('buckets')})
  --markdown          prints the tables as docs/performance.md has them
  --cpu-prof <folder> writes a CPU profile of our server and of the hand-written one there
  --events            instead of the works: what events cost a top-up, and how fast they come to receivers; a minute, of the whole run, too
  --memory            instead of the works: what a list of 1,000 buckets adds to the memory of the server
  --scale             instead of the works: queries on millions of rows, which are loaded once (some ten minutes) and kept
  --summary           instead of the works: a summary over millions of usages, and its plan; minutes
  --import            instead of the works: files of usages beside a plain COPY of the same rows; minutes
  --lines <number>    lines of the import (${either('lines')})
  --isolation         instead of the works: top-ups beside ten clients that repeat the slowest list of usages; minutes
  --usages <number>   usages of the summary and of the isolation (${shown(figures.usages.normal)})
  --billing           instead of the works: a bill run that is killed three times, then two at once
  --accounts <number> accounts it bills (${either('accounts')})
  --help              this text
PostgreSQL is that of BENCH_DATABASE_URL, or of postgres://root@127.0.0.1:5432/test.`;

export function readOptions() {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    options: {
      quick: flag,
      only: { type: 'string', multiple: true, default: [''] },
      rounds: text,
      buckets: text,
      markdown: flag,
      'cpu-prof': text,
      events: flag,
      memory: flag,
      scale: flag,
      summary: flag,
      import: flag,
      lines: text,
      isolation: flag,
      usages: text,
      billing: flag,
      accounts: text,
      help: flag,
    },
  });
  const chosen = works.filter(({ name }) => values.only.some((part) => name.includes(part)));
  if (chosen.length === 0 && !values.scale) throw new Error(`no work is called '${values.only.join(', ')}'`);
  const number = (/** @type {keyof typeof figures} */ name) => {
    const value = Number(values[name] ?? figures[name][values.quick ? 'quick' : 'normal']);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name} must be a whole number from 1: '${values[name]}'`);
    return value;
  };
  const { help, only, markdown, quick: isQuick, events, memory, scale, summary, isolation, billing } = values;
  return {
    ...{ help, only, markdown, isQuick, events, memory, scale, summary, import: values.import, isolation, billing },
    // Nothing was chosen of what there is.
    isWhole: only.every((part) => part === ''),
    ...{ buckets: number('buckets'), usages: number('usages'), lines: number('lines'), accounts: number('accounts') },
    chosen,
    // Of events there are more, as each is shorter.
    eventRounds: values.rounds === undefined ? undefined : number('rounds'),
    pace: { ...(values.quick ? quick : normal), rounds: number('rounds') },
    profileFolder: values['cpu-prof'],
  };
}
