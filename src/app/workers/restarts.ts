/** A worker that served for this long was no failed start. */
const steadyMs = 10_000;
/** Delay after the first early end; each further one doubles it ... */
const delayMinMs = 100;
/** ... up to this. */
const delayMaxMs = 10_000;
/** Early ends of a worker in a row after which the server ends, when no other worker serves. */
const EARLY_ENDS_MAX = 5;

/** When a worker that ended is replaced: at once, or later and later when its replacements end early, too. */
export class Restarts {
  private earlyEnds = 0;

  /**
   * @param servedMs how long the worker that ended had answered requests
   * @returns the milliseconds to wait; undefined when it makes no sense to go on
   */
  ended(servedMs: number, isAnotherServing: boolean): number | undefined {
    if (servedMs >= steadyMs) {
      this.earlyEnds = 0;
      return 0;
    }
    this.earlyEnds += 1;
    if (this.earlyEnds >= EARLY_ENDS_MAX && !isAnotherServing) return undefined;
    return Math.min(delayMinMs * 2 ** (this.earlyEnds - 1), delayMaxMs);
  }
}
