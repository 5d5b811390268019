import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../platform/clock.js';
import type { Database } from '../../platform/database/database.js';
import { runInWorkClass } from '../../platform/database/work-class.js';
import type { IdSource } from '../../platform/ids.js';
import { readEvents, type DerivedEvents, type OutboxEvent } from '../../platform/write/outbox-reader.js';
import { Batch, batchMax, overtakingMax } from './batch.js';
import { beginBroker, claimBroker, saveBroker, type BrokerClaim } from './broker.store.js';
import { waitOf } from './wait.js';

/** How often is looked for events, where there was nothing to tell. */
const pollMs = 500;
/** Failures that make the waits longer; more do not. */
const failuresMax = 7;
/** Events that are under way at once, each of another resource: those of one go one after the other. */
const parallelMax = 32;
/** How long nobody else tells the broker. What is begun last, at the end of a third of it, ends within it. */
const leaseMs = 15_000;

/** An event as a broker takes it. */
export interface BrokerMessage {
  readonly event: OutboxEvent;
  /** What people call the tenant of the event. */
  readonly tenant: string;
  /** JSON. */
  readonly body: string;
  /** Where it is traced: what the receiver goes on with, by name. */
  readonly trace?: Readonly<Record<string, string>>;
}

/** A message broker that events are told to. Each of its waits has an end. */
export interface Broker {
  readonly name: string;
  /** Connects, where it is not connected. Throws why it cannot. */
  connect(): Promise<void>;
  /** Returns when the broker keeps the event. Throws when it does not, or where that is not known. */
  publish(message: BrokerMessage): Promise<void>;
  /** Gives the connection up; connect makes another one. */
  disconnect(): Promise<void>;
}

export interface BrokerDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  /** What is told of beside the events of the outbox. */
  readonly derivedEvents: DerivedEvents;
  /** Whose events brokers are told of. */
  readonly resources: readonly string[];
  /** What events say, by their ids. */
  messagesOf(events: readonly OutboxEvent[]): Promise<ReadonlyMap<string, BrokerMessage>>;
  /** Told of what keeps a broker from being told; it is tried again. */
  readonly reportFailure: (broker: string, error: unknown) => void;
}

/**
 * Tells a broker the events of all tenants: each at least once, those of a resource in the order of its changes. One server at a
 * time does, by a lease; what the broker has not confirmed is told again.
 */
export class BrokerDelivery {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  /** Since when it has taken nothing, by performance.now(). */
  private failingSince: number | undefined;

  constructor(
    private readonly database: Database,
    private readonly broker: Broker,
    private readonly dependencies: BrokerDependencies,
  ) {}

  get name(): string {
    return this.broker.name;
  }

  /** For how long the broker takes nothing; 0: it takes what it is told, as far as this process tells it. */
  failingMs(): number {
    return this.failingSince === undefined ? 0 : performance.now() - this.failingSince;
  }

  begin(): void {
    this.running ??= runInWorkClass('job', () => this.run());
  }

  /** Breaks off what is under way; what the broker has not confirmed is told again by whoever comes next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    // Makes what is under way fail.
    await this.broker.disconnect();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    let hasBegun = false;
    while (!this.stopping.signal.aborted) {
      try {
        if (!hasBegun) await beginBroker(this.database, this.broker.name);
        hasBegun = true;
        await this.orStopped(this.connect());
        const isBusy = await this.tell();
        failures = 0;
        this.failingSince = undefined;
        if (!isBusy) await this.wait(pollMs);
      } catch (error) {
        if (this.stopping.signal.aborted) break;
        failures += 1;
        this.failingSince ??= performance.now();
        this.dependencies.reportFailure(this.broker.name, error);
        await this.broker.disconnect();
        await this.wait(waitOf(Math.min(failures, failuresMax)));
      }
    }
    await this.broker.disconnect();
  }

  /** A connection that comes after the stop is given up. */
  private async connect(): Promise<void> {
    await this.broker.connect();
    if (this.stopping.signal.aborted) await this.broker.disconnect();
  }

  /** The same work, but nobody waits for it who is to stop: then it throws. */
  private async orStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    let onAbort: (() => void) | undefined;
    const stopped = new Promise<never>((_, reject) => {
      onAbort = () => reject(new Error('the server stops'));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort);
    });
    work.catch(() => undefined);
    try {
      return await Promise.race([work, stopped]);
    } finally {
      if (onAbort) signal.removeEventListener('abort', onAbort);
    }
  }

  private wait(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** Tells the next events. Whether there were any. Throws what kept some of them from being told. */
  private async tell(): Promise<boolean> {
    const { database, dependencies } = this;
    const { clock, nextId, derivedEvents, resources } = dependencies;
    const until = performance.now() + leaseMs / 3;
    const claim = await claimBroker(database, this.broker.name, nextId(clock.now()), leaseMs);
    if (claim === undefined) return false;
    const range = { ...claim, tenantId: undefined, resources, limit: batchMax + overtakingMax };
    const batch = new Batch(claim, await readEvents(database, range, derivedEvents), []);
    const failure = await this.publish(batch, until);
    await this.save(claim, batch);
    if (failure !== undefined) throw failure.error;
    return true;
  }

  private async publish(batch: Batch, until: number): Promise<{ readonly error: unknown } | undefined> {
    const groups = batch.byResource.map((group) => group.filter((event) => !batch.isDone(event)));
    const messages = await this.dependencies.messagesOf(groups.flat());
    let failure: { readonly error: unknown } | undefined;
    const worker = async (): Promise<void> => {
      for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
        for (const event of group) {
          if (failure !== undefined || this.stopping.signal.aborted || performance.now() > until) return;
          const message = messages.get(event.id);
          try {
            if (message === undefined) {
              batch.pass(event);
              continue;
            }
            await this.broker.publish(message);
            batch.deliver(event);
          } catch (error) {
            failure ??= { error };
            return;
          }
        }
      }
    };
    await Promise.all(Array.from({ length: parallelMax }, worker));
    return failure;
  }

  private save(claim: BrokerClaim, batch: Batch): Promise<void> {
    return saveBroker(this.database, claim, batch.progress());
  }
}
