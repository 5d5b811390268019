import { setMaxListeners } from 'node:events';
import type { Database } from '../../platform/database/database.js';
import { runInWorkClass } from '../../platform/database/work-class.js';
import type { DeliveryDependencies } from './delivery-dependencies.js';
import { claimHubs, giveBack, readRegistration, saveProgress, type Claim } from './hub.store.js';
import { Round } from './round.js';

/** How often is looked for events, where there was nothing to tell. */
const pollMs = 500;
/** The same where looking has failed. */
const pollAfterFailureMs = 5_000;
/** How long a registration rests whose principal is nobody at the time. */
const restMs = 30_000;

/**
 * Tells events to those who have registered: each at least once, those of a resource in the order of its changes. Registrations
 * are shared among servers by leases; each is delivered to by itself, so that a slow receiver holds up nobody else.
 */
export class HubDelivery {
  private readonly busy = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private isWanted = false;

  constructor(
    private readonly database: Database,
    private readonly dependencies: DeliveryDependencies,
  ) {
    // Each event that is under way listens.
    setMaxListeners(0, this.stopping.signal);
  }

  begin(): void {
    this.timer = setTimeout(() => this.look(), 0);
  }

  /** Breaks off what is under way, and gives the registrations back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.round;
    await Promise.all(this.busy);
  }

  /** Looks for registrations with something to be told, now or when the look that is under way has ended. */
  private look(): void {
    if (this.round !== undefined || this.stopping.signal.aborted) {
      this.isWanted = true;
      return;
    }
    clearTimeout(this.timer);
    this.isWanted = false;
    this.round = runInWorkClass('job', () => this.claim())
      .then(
        () => (this.isWanted ? 0 : pollMs),
        (error: unknown) => {
          this.dependencies.reportFailure(error);
          return pollAfterFailureMs;
        },
      )
      .then((waitMs) => {
        this.round = undefined;
        if (!this.stopping.signal.aborted) this.timer = setTimeout(() => this.look(), waitMs);
      });
  }

  private async claim(): Promise<void> {
    const { clock, nextId, delivery } = this.dependencies;
    const { concurrency, timeoutMs } = delivery;
    const free = concurrency - this.busy.size;
    if (free <= 0) return;
    // What is sent last, at the end of half of the lease, still ends within it.
    const leaseMs = 2 * timeoutMs + 10_000;
    const begun = performance.now();
    for (const claim of await claimHubs(this.database, nextId(clock.now()), free, leaseMs)) {
      const work = this.deliver(claim, begun + leaseMs / 2)
        .catch(this.dependencies.reportFailure)
        .finally(() => {
          this.busy.delete(work);
          this.look();
        });
      this.busy.add(work);
    }
  }

  private async deliver(claim: Claim, until: number): Promise<void> {
    const { database } = this;
    const { clock, mayBeTold } = this.dependencies;
    const registration = await readRegistration(database, claim.tenantId, claim.hubId, clock.now());
    // Deleted meanwhile, and its cursor with it.
    if (registration === undefined) return;
    if (!(await mayBeTold(registration)))
      return giveBack(database, claim, { error: 'its principal may not send requests', waitMs: restMs });
    const { signal } = this.stopping;
    const round = { database, dependencies: this.dependencies, claim, registration, until, signal };
    await saveProgress(database, claim, await Round.run(round));
  }
}
