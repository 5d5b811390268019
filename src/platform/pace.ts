/** The minimum pace at which a client must send a body. */
export interface PaceLimits {
  bytesPerSecond: number;
  /** For so long it may be slower: a packet may be lost and sent again meanwhile. */
  windowMs: number;
}

/**
 * Tells whether a sender keeps to its pace. Only the time counts in which somebody waited for it: whoever is slow to take what
 * was sent must not blame the sender. It is judged window by window, so that a quick beginning is no credit for a slow end.
 */
export class TransferPace {
  private windowBytes = 0;
  private waitedMs = 0;

  constructor(private readonly limits: PaceLimits) {}

  /** How long may still be waited until it is judged. */
  get patienceMs(): number {
    return Math.max(0, this.limits.windowMs - this.waitedMs);
  }

  /** Counts what came and how long was waited for it; false: too little has come. */
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

/** What a sender is told who does not keep to it. */
export function describePace({ bytesPerSecond, windowMs }: PaceLimits): string {
  return `the body comes too slowly: less than ${bytesPerSecond} bytes per second for ${windowMs / 1_000} seconds`;
}
