/** How a read that is shared is run, for all who ask for it. Aborting the signal cancels it. */
export type RunShared<Asked, Result> = (
  asked: readonly [Asked, ...Asked[]],
  signal: AbortSignal,
  /** Tells that it no longer waits for its turn. */
  onBegin: () => void,
) => Promise<Result>;

/** One's part in a read that is shared. */
export interface Share<Result> {
  /** Settles when the read no longer waits for its turn. */
  readonly begun: Promise<void>;
  readonly result: Promise<Result>;
  /** One no longer waits for it; when that holds for all who asked for it, it is cancelled. */
  leave(reason?: unknown): void;
}

/** Those who wait for one read. */
interface Group<Asked, Result> extends Pick<Share<Result>, 'begun' | 'result'> {
  readonly asked: Asked[];
  readonly abort: AbortController;
  waiting: number;
  isDone: boolean;
  readonly onBegin: () => void;
  readonly settle: (result: Promise<Result>) => void;
}

/** Reads that are alike. */
interface Line<Asked, Result> {
  running: number;
  /** When the latest of them began. */
  begunAt: number;
  /** Those who come now. */
  next: Group<Asked, Result> | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Runs a read once for all who ask for the same. One that has begun is joined by nobody, as what it reads may have changed since:
 * those who come while it runs wait for the next one together, so that everybody is told what held after they had asked. What is
 * asked for within one turn of the event loop begins together, too.
 */
export class Sharing<Asked, Result> {
  private readonly lines = new Map<string, Line<Asked, Result>>();

  /** `besideMs`: when one takes longer, the next begins beside it. */
  constructor(
    private readonly run: RunShared<Asked, Result>,
    private readonly besideMs = Infinity,
  ) {}

  /** Asks for a read; those of the same key are the same. */
  join(key: string, asked: Asked): Share<Result> {
    const group = this.groupOf(key, asked);
    let hasLeft = false;
    return {
      begun: group.begun,
      result: group.result,
      leave: (reason) => {
        if (!hasLeft) leave(group, reason);
        hasLeft = true;
      },
    };
  }

  private groupOf(key: string, asked: Asked): Group<Asked, Result> {
    let line = this.lines.get(key);
    if (line === undefined) this.lines.set(key, (line = { running: 0, begunAt: 0, next: undefined, timer: undefined }));
    // One that everybody has left before it began never will.
    if (line.next?.abort.signal.aborted) line.next = undefined;
    const group = (line.next ??= this.open(key, line));
    group.asked.push(asked);
    group.waiting++;
    return group;
  }

  /** The same, for one who waits until it is there or the signal is aborted. */
  async of(key: string, asked: Asked, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted();
    const group = this.groupOf(key, asked);
    const onAbort = (): void => leave(group, signal?.reason);
    signal?.addEventListener('abort', onAbort);
    try {
      return await group.result;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  private open(key: string, line: Line<Asked, Result>): Group<Asked, Result> {
    let onBegin = noMatter;
    let settle: Group<Asked, Result>['settle'] = noMatter;
    const group: Group<Asked, Result> = {
      asked: [],
      abort: new AbortController(),
      waiting: 0,
      isDone: false,
      begun: new Promise((resolve) => (onBegin = resolve)),
      result: new Promise((resolve) => (settle = resolve)),
      onBegin: () => onBegin(),
      settle: (result) => settle(result),
    };
    // Whoever has left does not hear of a failure.
    group.result.catch(noMatter);
    if (line.running === 0) setImmediate(() => this.begin(key, line));
    else if (this.besideMs < Infinity && line.timer === undefined)
      line.timer = setTimeout(() => this.begin(key, line), line.begunAt + this.besideMs - performance.now());
    return group;
  }

  private begin(key: string, line: Line<Asked, Result>): void {
    clearTimeout(line.timer);
    const { next } = line;
    line.timer = line.next = undefined;
    const [first, ...others] = next?.asked ?? [];
    if (next === undefined || first === undefined) return;
    const { signal } = next.abort;
    line.running++;
    line.begunAt = performance.now();
    const result = signal.aborted
      ? Promise.reject(signal.reason as Error)
      : this.run([first, ...others], signal, next.onBegin);
    next.settle(result);
    result.catch(noMatter).finally(() => {
      next.isDone = true;
      line.running--;
      if (line.next) setImmediate(() => this.begin(key, line));
      else if (line.running === 0) this.lines.delete(key);
    });
  }
}

function leave(group: Pick<Group<unknown, unknown>, 'waiting' | 'isDone' | 'abort'>, reason: unknown): void {
  if (--group.waiting === 0 && !group.isDone) group.abort.abort(reason ?? new Error('nobody waits for it'));
}

function noMatter(): void {}
