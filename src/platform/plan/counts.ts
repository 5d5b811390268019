import type { Prisma } from '../../../prisma/generated/client.js';

/** A count that several wait for. */
interface Running {
  readonly begun: Promise<void>;
  readonly count: Promise<number>;
  readonly abort: AbortController;
  waiting: number;
  /** For those who came after it had begun: what it counts may have changed since. */
  next?: Running | undefined;
}

/** Runs a statement that counts, and tells when it begins. Aborting the signal cancels it. */
export type RunCount = (statement: Prisma.Sql, signal: AbortSignal, onBegin: () => void) => Promise<number>;

/** A count that has begun. */
export interface Counting {
  /** Settles when the statement no longer waits for its turn. */
  readonly begun: Promise<void>;
  readonly count: Promise<number>;
  /** Nobody waits for it any more; when that holds for all who asked for it, it is cancelled. */
  leave(reason?: unknown): void;
}

/**
 * Counts rows, once for all who ask for the same while it runs: those who come later wait for the next one together, so that
 * everybody is told what held after they had asked.
 */
export class Counts {
  private readonly running = new Map<string, Running>();

  begin(statement: Prisma.Sql, run: RunCount): Counting {
    const key = JSON.stringify([statement.text, statement.values]);
    const current = this.running.get(key);
    // One that everybody has left before it began never will.
    if (current?.next?.abort.signal.aborted) current.next = undefined;
    const joined = current
      ? (current.next ??= this.start(key, statement, run, current))
      : this.start(key, statement, run);
    if (!current) this.running.set(key, joined);
    joined.waiting++;
    let hasLeft = false;
    return {
      begun: joined.begun,
      count: joined.count,
      leave: (reason = new Error('nobody waits for the count')) => {
        if (hasLeft) return;
        hasLeft = true;
        if (--joined.waiting === 0) joined.abort.abort(reason);
      },
    };
  }

  private start(key: string, statement: Prisma.Sql, run: RunCount, before?: Running): Running {
    const abort = new AbortController();
    let onBegin: () => void = noMatter;
    const begun = new Promise<void>((resolve) => (onBegin = resolve));
    const count = (before ? before.count.then(noMatter, noMatter) : Promise.resolve())
      .then(() => {
        abort.signal.throwIfAborted();
        return run(statement, abort.signal, onBegin);
      })
      .finally(() => {
        if (this.running.get(key) !== one) return;
        if (one.next) this.running.set(key, one.next);
        else this.running.delete(key);
      });
    // Whoever has left does not hear of a failure.
    count.catch(noMatter);
    const one: Running = { begun, count, abort, waiting: 0 };
    return one;
  }
}

function noMatter(): void {}
