import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What a statement is done for. Each class has connections of its own, so that what matters most never waits for what
 * matters less: `engine` moves balances, `write` is every other change, `read` answers a request, `report` reads much
 * (sums, orders without an index, exports), `job` is background work, and `control` are probes and cancellations.
 */
export type WorkClass = 'engine' | 'write' | 'read' | 'report' | 'job' | 'control';

export interface ClassTimes {
  /** How long to wait for a connection: a new one, or a free one of the class. */
  readonly waitMs: number;
  /** Timeout of a statement. */
  readonly statementMs: number;
  /** How long a statement waits for one lock; 0: no limit of its own. */
  readonly lockMs: number;
  /** Timeout of a whole transaction. */
  readonly transactionMs: number;
  /** A transaction that is idle for longer is stuck, and PostgreSQL ends it to release its locks. */
  readonly idleMs: number;
}

export interface ReadTimes {
  readonly readMs: number;
  readonly reportMs: number;
}

/** How long statements of reads and reports may take where nothing else is configured. */
export const defaultReadTimes: ReadTimes = { readMs: 5_000, reportMs: 30_000 };

export function timesOf({ readMs, reportMs }: ReadTimes): Readonly<Record<WorkClass, ClassTimes>> {
  return {
    engine: { waitMs: 5_000, statementMs: 5_000, lockMs: 300, transactionMs: 8_000, idleMs: 5_000 },
    write: { waitMs: 5_000, statementMs: 30_000, lockMs: 5_000, transactionMs: 30_000, idleMs: 5_000 },
    read: { waitMs: 5_000, statementMs: readMs, lockMs: 0, transactionMs: readMs, idleMs: 5_000 },
    report: { waitMs: 10_000, statementMs: reportMs, lockMs: 0, transactionMs: reportMs, idleMs: 5_000 },
    job: { waitMs: 60_000, statementMs: 30_000, lockMs: 10_000, transactionMs: 30_000, idleMs: 30_000 },
    control: { waitMs: 2_000, statementMs: 2_000, lockMs: 1_000, transactionMs: 2_000, idleMs: 2_000 },
  };
}

const surroundings = new AsyncLocalStorage<WorkClass>();

/** Runs work whose statements have this class, unless a call names another one. */
export function runInWorkClass<T>(workClass: WorkClass, work: () => T): T {
  return surroundings.run(workClass, work);
}

/** @returns the class of the surrounding work, or else the given one */
export function classOf(otherwise: WorkClass): WorkClass {
  return surroundings.getStore() ?? otherwise;
}
