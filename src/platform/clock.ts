import type { Logger } from 'pino';

/** Where the time comes from; tests hand in a frozen one. */
export interface Clock {
  now(): Date;
}

/** A clock that looks after itself while the server runs. */
export interface RunningClock extends Clock {
  stop(): Promise<void>;
}

/** What the machine says, in milliseconds. */
export interface TimeSources {
  /** Of the Unix epoch; anybody may set it. */
  wallMs(): number;
  /** Only ever runs on; it counts from no known instant. */
  monotonicMs(): number;
}

export const machineTime: TimeSources = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** What the wall clock gains or loses from one look to the next without having jumped. */
export const driftMaxMs = 1_000;
/** A jump of the wall clock is believed when it has stood for so long. */
const believedAfterMs = 60_000;
/** How often the wall clock is looked at, at the least. */
const lookEveryMs = 5_000;

/**
 * The wall clock, held against the monotonic one: where it jumps, ahead or back, time runs on as if it had not, until
 * the jump has stood for a minute. For a server that has nobody else to ask.
 */
export class SteadyClock implements RunningClock {
  /** Wall clock less monotonic clock, as believed. */
  private offsetMs: number;
  private jump: { offsetMs: number; readonly sinceMs: number } | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly logger: Logger,
    private readonly sources: TimeSources = machineTime,
  ) {
    this.offsetMs = sources.wallMs() - sources.monotonicMs();
    this.timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  now(): Date {
    return new Date(this.look() + this.offsetMs);
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    return Promise.resolve();
  }

  /** Answers the monotonic time. */
  private look(): number {
    const monotonicMs = this.sources.monotonicMs();
    const seenMs = this.sources.wallMs() - monotonicMs;
    const aheadMs = Math.round(seenMs - this.offsetMs);
    if (Math.abs(aheadMs) <= driftMaxMs) {
      if (this.jump) this.logger.info('the clock of this machine is back where it was before it jumped');
      this.offsetMs = seenMs;
      this.jump = undefined;
    } else if (this.jump === undefined || Math.abs(seenMs - this.jump.offsetMs) > driftMaxMs) {
      this.jump = { offsetMs: seenMs, sinceMs: monotonicMs };
      this.logger.warn(
        { aheadMs },
        'the clock of this machine jumped: it is believed when that has stood for a minute',
      );
    } else if (monotonicMs - this.jump.sinceMs < believedAfterMs) {
      this.jump.offsetMs = seenMs;
    } else {
      this.offsetMs = seenMs;
      this.jump = undefined;
      this.logger.warn(
        { aheadMs },
        'the clock of this machine has stood for a minute since it jumped, and is believed',
      );
    }
    return monotonicMs;
  }
}
