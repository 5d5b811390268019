import { parseArgs } from 'node:util';

export const help = `npm run soak -- [options]
  Mixed load on two servers and a PostgreSQL of its own, which are killed, stalled and cut off meanwhile; then the books, the
  events, memory and times are looked at.
  --minutes <number>   how long there is load (10); 0.3 is enough for a few faults
  --seed <number>      what is asked, and what breaks when; chosen and printed where it is not given
  --rate <number>      requests in a second at most (25)
  --only <fault>       only this fault; may be repeated
  --sources            runs the sources in place of dist/
  --shared             the machine has other work: what comes of its pace is printed, and not judged
  --keep               keeps the folder with the clusters and the logs, as a run that fails does
  --help               this text
PostgreSQL is that of PG_BIN, or the newest below /usr/lib/postgresql; SOAK_FOLDER is where its folder is made.
Exit code: 0 all is well, 1 something is not, 2 wrong use.
`;

export interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly only: readonly string[];
  readonly isKept: boolean;
  readonly areSourcesRun: boolean;
  readonly isShared: boolean;
}

/** Reads the options; undefined: only help was asked for. */
export function readOptions(given: string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: given,
    options: {
      minutes: text,
      seed: text,
      rate: text,
      only: { type: 'string', multiple: true },
      keep: { type: 'boolean', default: false },
      sources: { type: 'boolean', default: false },
      shared: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: 'minutes' | 'seed' | 'rate', otherwise: number, min: number, max: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= min && value <= max)) throw new Error(`--${name} must be ${min} to ${max}: '${values[name]}'`);
    return value;
  };
  return {
    minutes: number('minutes', 10, 0.1, 100_000),
    seed: Math.trunc(number('seed', Date.now() % 1_000_000_000, 0, 4_294_967_295)),
    rate: number('rate', 25, 1, 10_000),
    only: values.only ?? [],
    isKept: values.keep,
    areSourcesRun: values.sources,
    isShared: values.shared,
  };
}
