/** How long answers took, in classes a tenth apart, so that an hour of them takes no more room than a minute. */
export class Times {
  private readonly counts = new Map<number, number>();
  count = 0;

  add(ms: number): void {
    const step = Math.ceil(Math.log(Math.max(ms, 0.1)) / Math.log(1.1));
    this.counts.set(step, (this.counts.get(step) ?? 0) + 1);
    this.count += 1;
  }

  /** What so large a share took at most. */
  quantile(share: number): number {
    let left = Math.ceil(this.count * share);
    for (const [step, count] of [...this.counts].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return 1.1 ** step;
    }
    return 0;
  }
}

export const phases = ['warm-up', 'before', 'faults', 'between', 'after'] as const;
export type Phase = (typeof phases)[number];

/** A fault, from its beginning until all has recovered, in ms of performance.now(). */
export interface Window {
  readonly fault: string;
  readonly begin: number;
  end: number;
}

/** When something was broken on purpose, and what part of the run it is. */
export class Timeline {
  readonly windows: Window[] = [];
  /** The part that holds where nothing is broken. */
  quiet: Exclude<Phase, 'faults'> = 'warm-up';

  open(fault: string): Window {
    const window = { fault, begin: performance.now(), end: Infinity };
    this.windows.push(window);
    return window;
  }

  /** The fault that something may come of that took from then to then. */
  faultWithin(begin: number, end: number): Window | undefined {
    return this.windows.findLast((window) => window.begin <= end && window.end >= begin);
  }

  phaseOf(begin: number, end: number): Phase {
    return this.faultWithin(begin, end) ? 'faults' : this.quiet;
  }
}
