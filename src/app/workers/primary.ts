import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import { announce } from '../cli/announce.js';
import { lifeAfterSignalMs } from '../cli/deadlines.js';
import { exitOnUncaught } from '../cli/fatal.js';
import { createLogger } from '../logger.js';
import { closeConnectionHandedTo } from './handed-connections.js';
import { orderVariable, type FromWorker, type ToWorker, type WorkerOrder } from './messages.js';
import { Pending } from './pending.js';
import { Restarts } from './restarts.js';
import type { Collected, Topic } from './workers.js';

/** How long a worker may take to answer what is collected: as long as its database may take to answer a probe. */
const answerMaxMs = 4_500;
/** How long after the deadline of the workers those that are still there are killed. */
const killAfterMs = 250;

/** Starts the workers and replaces those that end, until SIGTERM or SIGINT. Answers no request itself. Throws when the port cannot be used. */
export async function runPrimary(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  exitOnUncaught(logger);
  new Primary(config, await portToShare(config), logger).start();
}

/** PORT, or a free one that the workers of this server share for as long as it runs, whichever of them are replaced. */
async function portToShare({ port, host }: Config): Promise<number> {
  const probe = createServer().listen({ port, host });
  await once(probe, 'listening');
  const address = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return address.port;
}

/** The place of one worker, which its replacements take. */
interface Place {
  readonly number: number;
  readonly restarts: Restarts;
  readonly questions: Pending<Collected<unknown>>;
  worker: Worker | undefined;
  /** When its worker began to answer requests; undefined before. */
  servingSince: number | undefined;
}

class Primary {
  private readonly places: readonly Place[];
  private readonly collecting = new Map<Topic, Promise<Collected<unknown>[]>>();
  private isPrepared = false;
  /** Whether all workers have served at the same time; until then a reason for the user ends the server. */
  private hasServed = false;
  private leader: Place | undefined;
  private isStopping = false;
  private exitCode = 0;

  constructor(
    private readonly config: Config,
    private readonly port: number,
    private readonly logger: Logger,
  ) {
    this.places = Array.from({ length: config.workers }, (_, index) => ({
      number: index + 1,
      restarts: new Restarts(),
      questions: new Pending(answerMaxMs),
      worker: undefined,
      servingSince: undefined,
    }));
  }

  /** The first worker brings the database up to date; the others load meanwhile, and go on when that is done. */
  start(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.stop());
    for (const place of this.places) this.fork(place);
  }

  private fork(place: Place): void {
    if (this.isStopping || place.worker) return;
    const isPreparing = !this.isPrepared && place === this.places[0];
    const order: WorkerOrder = { worker: place.number, port: this.port, isPreparing };
    const worker = cluster.fork({ [orderVariable]: JSON.stringify(order) });
    place.worker = worker;
    closeConnectionHandedTo(worker);
    // What cannot be sent to a worker that is ending; without a listener it would end this process.
    worker.on('error', (error) =>
      this.logger.debug({ err: error, worker: place.number }, 'a worker cannot be reached'),
    );
    worker.on('message', (message: FromWorker) => this.take(place, message));
    worker.on('exit', (code, signal) => this.ended(place, code, signal));
  }

  private take(place: Place, message: FromWorker): void {
    switch (message.type) {
      case 'waiting':
        if (this.isPrepared) this.send(place, { type: 'begin' });
        return;
      case 'prepared':
        // A message to a worker that does not listen yet is lost: it says later that it waits.
        this.isPrepared = true;
        for (const other of this.places) this.send(other, { type: 'begin' });
        return;
      case 'listening':
        this.serves(place, message.origin);
        return;
      case 'failed':
        if (this.hasServed)
          this.logger.error({ worker: place.number, reason: message.message }, 'a worker cannot start');
        else this.giveUp(message.message);
        return;
      case 'collect':
        void this.collect(message.topic).then((answers) =>
          this.send(place, { type: 'collected', id: message.id, answers }),
        );
        return;
      case 'answer':
        place.questions.settle(message.id, message.answer);
    }
  }

  private serves(place: Place, origin: string): void {
    place.servingSince = performance.now();
    this.logger.info({ worker: place.number, workerPid: place.worker?.process.pid }, 'a worker answers requests');
    this.elect();
    if (this.hasServed || this.places.some(({ servingSince }) => servingSince === undefined)) return;
    this.hasServed = true;
    announce(origin, this.config);
  }

  /** Background jobs run in one worker. When it ends another one takes over. */
  private elect(): void {
    if (this.leader || this.isStopping) return;
    this.leader = this.places.find(({ servingSince }) => servingSince !== undefined);
    if (this.leader) this.send(this.leader, { type: 'lead' });
  }

  private ended(place: Place, code: number | null, signal: string | null): void {
    const servedMs = place.servingSince === undefined ? 0 : performance.now() - place.servingSince;
    const hasServed = place.servingSince !== undefined;
    place.worker = undefined;
    place.servingSince = undefined;
    place.questions.settleAll({ worker: place.number, missing: 'ended' });
    if (this.leader === place) this.leader = undefined;
    if (this.isStopping) {
      if (hasServed && code !== 0) this.exitCode = 1;
      if (this.places.every(({ worker }) => worker === undefined)) process.exit(this.exitCode);
      return;
    }
    this.elect();
    this.replace(place, servedMs, { code, signal });
  }

  private replace(place: Place, servedMs: number, how: { code: number | null; signal: string | null }): void {
    const worker = place.number;
    const delayMs = place.restarts.ended(
      servedMs,
      this.places.some(({ servingSince }) => servingSince !== undefined),
    );
    if (delayMs === undefined) {
      this.giveUp(`the server ends: worker ${worker} ended again and again soon after its start (${describe(how)})`);
      return;
    }
    this.logger.error({ worker, ...how, delayMs }, 'a worker ended, and is replaced');
    setTimeout(() => this.fork(place), delayMs);
  }

  /** Ends the server, with its workers, and says why. */
  private giveUp(reason: string): void {
    if (this.isStopping) return;
    process.stderr.write(`${reason}\n`);
    this.exitCode = 1;
    this.stop();
  }

  /** Workers stop as a server of one process does; those that have not ended by then are killed. */
  private stop(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.logger.info('stopping');
    const workers = this.places.flatMap(({ worker }) => worker ?? []);
    if (workers.length === 0) process.exit(this.exitCode);
    for (const worker of workers) worker.process.kill('SIGTERM');
    setTimeout(
      () => {
        for (const worker of workers) worker.process.kill('SIGKILL');
      },
      lifeAfterSignalMs(this.config) + killAfterMs,
    );
  }

  /** Asks all workers; who asks while that goes on gets the same answers. */
  private collect(topic: Topic): Promise<Collected<unknown>[]> {
    const begun =
      this.collecting.get(topic) ??
      Promise.all(this.places.map((place) => this.ask(place, topic))).finally(() => this.collecting.delete(topic));
    this.collecting.set(topic, begun);
    return begun;
  }

  private async ask(place: Place, topic: Topic): Promise<Collected<unknown>> {
    const worker = place.number;
    if (place.servingSince === undefined) return { worker, missing: 'is starting' };
    return place.questions.ask((id) => this.send(place, { type: 'ask', id, topic }), {
      worker,
      missing: 'does not answer',
    });
  }

  private send({ worker }: Place, message: ToWorker): void {
    // What cannot be sent is of no use any more: the worker is ending.
    if (worker?.isConnected()) worker.send(message, () => undefined);
  }
}

function describe({ code, signal }: { code: number | null; signal: string | null }): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
