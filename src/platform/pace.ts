/** The minimum pace at which a client must send a body. */
export interface PaceLimits {
  bytesPerSecond: number;
  /** The pace is measured over this time, since a packet may be lost and sent again. */
  windowMs: number;
}

/**
 * Checks whether a sender keeps to a minimum pace. Only the time spent waiting for it counts, so that a slow receiver is
 * not blamed on the sender. Each window is judged on its own: a quick beginning does not excuse a slow end.
 */
export class TransferPace {
  private windowBytes = 0;
  private waitedMs = 0;

  constructor(private readonly limits: PaceLimits) {}

  /** Milliseconds to wait until the current window is judged. */
  get patienceMs(): number {
    return Math.max(0, this.limits.windowMs - this.waitedMs);
  }

  /** Counts received bytes and the time waited for them. @returns false when the window ended with too few */
  took(bytes: number, waitedMs: number): boolean {
    const { bytesPerSecond, windowMs } = this.limits;
    this.windowBytes += bytes;
    this.waitedMs += waitedMs;
    if (this.waitedMs < windowMs) return true;
    const isFast = this.windowBytes >= (bytesPerSecond * windowMs) / 1_000;
    this.windowBytes = 0;
    this.waitedMs = 0;
    return isFast;
  }
}

/** @returns the message for a sender that is too slow */
export function describePace({ bytesPerSecond, windowMs }: PaceLimits): string {
  return `the body comes too slowly: less than ${bytesPerSecond} bytes per second for ${windowMs / 1_000} seconds`;
}
