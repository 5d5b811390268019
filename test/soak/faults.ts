import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { Cluster } from './cluster.js';
import type { Disk } from './disk.js';
import type { Receiver } from './events.js';
import type { Findings } from './findings.js';
import type { Server } from './servers.js';
import type { Timeline } from './times.js';

/** What may come of a fault, after all has recovered: requests that waited, and clients that pause. */
const graceMs = 3_000;
const hourMs = 3_600_000;

/** What can be broken. */
export interface Stage {
  readonly servers: readonly Server[];
  readonly primary: Cluster;
  readonly replica: Cluster | undefined;
  readonly disk: Disk | undefined;
  readonly ways: readonly TcpProxy[];
  readonly receiver: Receiver;
  readonly findings: Findings;
}

interface Fault {
  readonly name: string;
  isPossible?(stage: Stage): boolean;
  /** Breaks something, and has it whole again at the end, or able to become so. */
  run(stage: Stage, random: Random, holdMs: number): Promise<void>;
}

const always: readonly Fault[] = [
  {
    name: 'kill of a server',
    // The first one is never killed, so that its memory is seen all the time.
    run: ({ servers }) => servers[1]!.kill(),
  },
  {
    name: 'restart of a server',
    run: async ({ servers, findings }) => {
      const code = await servers[1]!.restart();
      // Who does not come to an end in time is killed.
      if (code === null) findings.addOfPace('a server that was told to stop did not end in time', 'killed');
      else if (code !== 0) findings.add('a server that was told to stop did not end with 0', String(code));
    },
  },
  {
    name: 'kill of the database',
    run: async ({ primary }) => {
      primary.signal('SIGKILL');
      await sleep(500);
      await primary.ready();
    },
  },
  {
    name: 'stall of a server',
    run: async ({ servers }, random, holdMs) => {
      const server = random.pick(servers);
      server.signal('SIGSTOP');
      await sleep(holdMs);
      server.signal('SIGCONT');
    },
  },
  {
    name: 'stall of the database',
    run: async ({ primary }, _, holdMs) => {
      primary.signal('SIGSTOP');
      await sleep(holdMs);
      primary.signal('SIGCONT');
      await primary.ready();
    },
  },
  {
    name: 'cut of the network',
    run: async ({ ways }, random, holdMs) => {
      const cut = random.chance(0.5) ? ways : [random.pick(ways)];
      cut.forEach((way) => way.cut());
      await sleep(holdMs);
      for (const way of cut) await way.mend();
    },
  },
  {
    name: 'jump of a clock',
    run: async ({ servers }, random, holdMs) => {
      const server = random.pick(servers);
      server.setClockAhead((random.chance(0.5) ? 1 : -1) * (1 + random.below(48)) * hourMs);
      await sleep(holdMs);
      server.setClockAhead(0);
    },
  },
  {
    name: 'full disk',
    isPossible: ({ disk }) => disk !== undefined,
    run: async ({ disk, primary }, _, holdMs) => {
      await disk?.fill();
      await sleep(holdMs);
      await disk?.free();
      await primary.ready();
    },
  },
  {
    name: 'loss of the replica',
    isPossible: ({ replica }) => replica !== undefined,
    run: async ({ replica }, _, holdMs) => {
      await replica?.stop('SIGKILL');
      await sleep(holdMs);
      await replica?.start();
    },
  },
  {
    name: 'loss of the receiver',
    run: async ({ receiver }, _, holdMs) => {
      await receiver.down();
      await sleep(holdMs);
      await receiver.up();
    },
  },
];

export const faultNames = always.map(({ name }) => name);

/** The faults of a run: all that are possible, in an order of the seed's, again and again. */
export class Faults {
  private next: Fault[] = [];
  readonly done = new Map<string, number>();
  readonly impossible: string[];
  private readonly possible: readonly Fault[];
  /** What was broken, in turn, and how long it took until all was well. */
  readonly recoveries: { fault: string; ms: number }[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly timeline: Timeline,
    private readonly random: Random,
    only: readonly string[],
  ) {
    const chosen = always.filter(({ name }) => only.length === 0 || only.includes(name));
    this.possible = chosen.filter((fault) => fault.isPossible?.(stage) !== false);
    this.impossible = chosen.filter((fault) => !this.possible.includes(fault)).map(({ name }) => name);
  }

  /** Breaks the next thing for so long, and waits until all is well again. */
  async break(holdMs: number): Promise<void> {
    if (this.next.length === 0) this.next = shuffled(this.possible, this.random);
    const fault = this.next.pop();
    if (!fault) return;
    const window = this.timeline.open(fault.name);
    const begin = performance.now();
    try {
      await fault.run(this.stage, this.random, holdMs);
      await Promise.all(this.stage.servers.map((server) => server.ready()));
    } catch (error) {
      this.stage.findings.add(`all is not well again after a ${fault.name}`, (error as Error).message);
    }
    const ms = performance.now() - begin;
    this.recoveries.push({ fault: fault.name, ms });
    this.done.set(fault.name, (this.done.get(fault.name) ?? 0) + 1);
    await sleep(graceMs);
    window.end = performance.now();
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  return all
    .map((one) => ({ one, place: random.next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ one }) => one);
}
