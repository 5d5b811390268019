import { LRUCache } from 'lru-cache';
import type { Database } from '../../platform/database/database.js';
import { withRetry } from '../../platform/write/retry.js';
import type { BalanceDependencies } from './dependencies.js';
import type { BalanceRequest, BalanceResult } from './unit-of-work/apply-requests.js';
import { locate, locateAtOnce, type Command, type Located } from './unit-of-work/located.js';

/** Reservations whose buckets are remembered: those that are about to be committed are among the latest. */
const reservationsMax = 10_000;

/** What is known of the commands of a request. */
export type LocatedCommands = ReadonlyMap<Command, Located>;

/** Finds out what requests need before they run. It may have changed when they do: then they are located again. */
export class Locating {
  /** The buckets of reservations made here, to which a commit leads without a look into the database. */
  private readonly reservations = new LRUCache<string, readonly string[]>({ max: reservationsMax });

  constructor(
    private readonly database: Database,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /** What a request needs, when that is known without a look into the database. */
  atOnce({ commands }: BalanceRequest): LocatedCommands | undefined {
    const located = new Map<Command, Located>();
    for (const command of commands) {
      const found = locateAtOnce(command, (id) => this.reservations.get(id));
      if (found === undefined) return undefined;
      located.set(command, found);
    }
    return located;
  }

  /** What requests of a tenant need, by an unlocked read. */
  read(tenantId: string, requests: readonly BalanceRequest[]): Promise<LocatedCommands> {
    const { clock, mappings } = this.dependencies;
    const commands = requests.flatMap((request) => request.commands);
    return withRetry(() => locate(this.database.engine, mappings, tenantId, commands, clock.now()));
  }

  /** Notes the buckets of the reservations that a request has made. */
  remember({ commands }: BalanceRequest, result: BalanceResult): void {
    if (commands[0].type !== 'reserve' || 'error' in result || 'refusal' in result.outcome) return;
    const { answer } = result.outcome;
    for (const { id, impactedBucket } of 'items' in answer ? answer.items : [answer])
      if (impactedBucket)
        this.reservations.set(
          id,
          impactedBucket.map(({ bucket }) => bucket.id),
        );
  }

  /** What was known of the commands of a request does not hold. */
  forget({ commands }: BalanceRequest): void {
    for (const command of commands) if ('actionId' in command) this.reservations.delete(command.actionId);
  }
}
