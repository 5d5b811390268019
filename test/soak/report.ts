import type { Books } from './books.js';
import type { Client } from './client.js';
import type { Cluster } from './cluster.js';
import type { Receiver, Subscriber } from './events.js';
import type { Faults } from './faults.js';
import type { Findings } from './findings.js';
import { inMebibytes, medianOf } from './memory.js';
import type { Options } from './options.js';
import type { Server } from './servers.js';

interface Result {
  readonly options: Options;
  readonly client: Client;
  readonly books: Books;
  readonly faults: Faults;
  readonly findings: Findings;
  readonly servers: readonly Server[];
  readonly receiver: Receiver;
  readonly subscriber: Subscriber;
  readonly primary: Cluster;
}

/** Prints what a run came to. */
export function report({
  options,
  client,
  books,
  faults,
  findings,
  servers,
  receiver,
  subscriber,
  primary,
}: Result): void {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  write(`\nseed ${options.seed}, ${options.minutes} minutes, at most ${options.rate} requests in a second`);
  write(
    `${client.requests} requests, ${client.repeats} repeats of writes that got no answer, ${books.acknowledged} rows acknowledged, ${books.looks} looks at the books`,
  );
  write(`\nfault                     times  longest until all was well`);
  for (const [fault, times] of faults.done) {
    const most = Math.max(...faults.recoveries.filter((one) => one.fault === fault).map(({ ms }) => ms));
    write(`${fault.padEnd(24)}  ${String(times).padStart(5)}  ${(most / 1000).toFixed(1)} s`);
  }
  for (const fault of faults.impossible) write(`${fault.padEnd(24)}  is not possible here`);
  if (primary.restarts > 0) write(`the database was started again ${primary.restarts} times`);
  write(`\nfailed attempts           within faults  otherwise`);
  for (const [what, { within, outside }] of client.failures)
    write(`${what.padEnd(24)}  ${String(within).padStart(13)}  ${String(outside).padStart(9)}`);
  write(`\nanswers                    count    p50 ms    p99 ms`);
  for (const { phase, kind, count, p50, p99 } of client.table())
    write(
      `${`${phase}, ${kind}s`.padEnd(24)}  ${String(count).padStart(6)}  ${p50.toFixed(1).padStart(8)}  ${p99.toFixed(1).padStart(8)}`,
    );
  write('');
  for (const server of servers) {
    const most = Math.max(0, ...server.memory.map(({ bytes }) => bytes));
    const [early, late] = [medianOf(server, 0.25, 0.5), medianOf(server, 0.75, 1)];
    write(
      `${server.name}: memory ${inMebibytes(early)} MiB in the second quarter of its life, ${inMebibytes(late)} in the last, ${inMebibytes(most)} at most`,
    );
  }
  write(
    `events: ${receiver.arrivals.order.size} to the receiver (${receiver.arrivals.again} again), ${subscriber.arrivals.order.size} to the subscriber in ${subscriber.streams} streams`,
  );
  findings.print();
  write(findings.isEmpty ? '\nall is well' : `\n${findings.all.size} kinds of things are wrong`);
}
