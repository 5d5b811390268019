import type { Logger } from 'pino';

/** The source of the current time; tests pass a frozen one. */
export interface Clock {
  now(): Date;
}

/** A clock that adjusts itself in the background until it is stopped. */
export interface RunningClock extends Clock {
  stop(): Promise<void>;
}

/** The clocks of the machine, in milliseconds. */
export interface TimeSources {
  /** Since the Unix epoch; may be set at any time. */
  wallMs(): number;
  /** Never goes back; counts from an unknown instant. */
  monotonicMs(): number;
}

export const machineTime: TimeSources = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** A larger difference between two checks of the wall clock is a jump. */
export const driftMaxMs = 1_000;
/** A jump of the wall clock is accepted when it has lasted this long. */
const believedAfterMs = 60_000;
/** The wall clock is checked at least this often. */
const lookEveryMs = 5_000;

/**
 * The wall clock, checked against the monotonic one. A jump, ahead or back, is ignored until it has lasted a minute. For
 * a server on the embedded database, which has no other clock to ask.
 */
export class SteadyClock implements RunningClock {
  /** Wall clock less monotonic clock, jumps that are not accepted yet left out. */
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

  /** Checks the wall clock. @returns the monotonic time */
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
