import type { Domains } from '../../../domain/domains.js';
import type { WriteContext } from '../../../domain/changes.js';
import type { Clock } from '../../../platform/clock.js';
import type { IdSource } from '../../../platform/ids.js';
import { anonymous, systemPrincipalId } from '../../../platform/principal.js';

const dayMs = 24 * 3_600_000;
/**
 * A ULID of the year 2019, so that what a sandbox makes itself comes behind. With the number of the write and the number of the id in it, an
 * id is the same in every sandbox, and examples may name it.
 */
const idPrefix = '01DEM0SEED';

/** The instants of the story: they are counted back from the day on which it is told. */
export class Days {
  constructor(readonly today: Date) {}

  /** At an hour of a day that is so many days ago; days of UTC. */
  ago(days: number, hour: number): Date {
    const midnight = Math.floor(this.today.getTime() / dayMs) * dayMs;
    return new Date(midnight - days * dayMs + hour * 3_600_000);
  }

  /** Shortly before the story is told. */
  minutesAgo(minutes: number): Date {
    return new Date(this.today.getTime() - minutes * 60_000);
  }

  inDays(days: number): Date {
    return new Date(this.today.getTime() + days * dayMs);
  }
}

/** What happened at one instant. */
export interface Step {
  readonly at: Date;
  tell(domains: Domains, past: Past): Promise<unknown>;
}

/**
 * Where the story has come to: domains that are built with this clock and these ids apply all of their rules as of then. An attempt that
 * continues an earlier one repeats its keys, so that nothing is written twice, but no id that it may have used.
 */
export class Past {
  private now: Date;
  private writes = 0;
  private ids = 0;

  constructor(
    readonly days: Days,
    private readonly attempt: number,
  ) {
    this.now = days.today;
  }

  readonly clock: Clock = { now: () => this.now };

  readonly nextId: IdSource = () => idPrefix + digits(this.writes, 6) + digits(this.attempt, 3) + digits(++this.ids, 7);

  moveTo(at: Date): void {
    this.now = at;
  }

  /** The context of the next write. */
  write(): WriteContext {
    this.writes += 1;
    this.ids = 0;
    return { tenantId: anonymous.tenantId, principalId: systemPrincipalId, idempotencyKey: `demo ${this.writes}` };
  }
}

const digits = (value: number, length: number): string => String(value).padStart(length, '0');
