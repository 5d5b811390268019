import { setTimeout as sleep } from 'node:timers/promises';
import type { DedicatedConnection } from './database.js';

/** How long what changes tables waits for their locks. */
export interface LockTimes {
  /** For one lock: as long as whoever comes behind is made to wait, so less than the server's own writes wait. */
  readonly lockMs: number;
  /** Until it tries again, at most. */
  readonly pauseMs: number;
  /** In all. */
  readonly locksMaxMs: number;
}

export const defaultLockTimes: LockTimes = { lockMs: 200, pauseMs: 2_000, locksMaxMs: 10 * 60_000 };

/** Lock not granted in time, and deadlock: somebody else uses the table. */
const lockCodes = new Set(['55P03', '40P01']);

/** Somebody has kept a lock for too long. The message goes on behind what wanted it. */
export class LockError extends Error {}

/** A transaction that gives up, and changes nothing, when it does not get a lock soon. What is one statement may be its text. */
export async function soonOrNot(
  connection: DedicatedConnection,
  lockMs: number,
  work: string | (() => Promise<void>),
): Promise<void> {
  try {
    await connection.script(`BEGIN; SET LOCAL lock_timeout = ${lockMs}`);
    await (typeof work === 'string' ? connection.script(work) : work());
    await connection.script('COMMIT');
  } catch (error) {
    // If the connection is lost, PostgreSQL rolls back anyway; the first error is the one to report.
    await connection.script('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Waits for no lock longer than a moment, since everybody who wants the table next waits behind: it gives up, lets them pass, and
 * tries again. The attempt leaves nothing behind when it fails (soonOrNot). Throws LockError, and what else the attempt does.
 */
export async function lettingPass<T>({ pauseMs, locksMaxMs }: LockTimes, attempt: () => Promise<T>): Promise<T> {
  for (const begin = performance.now(); ; await sleep(pauseMs * (0.5 + Math.random() / 2))) {
    try {
      return await attempt();
    } catch (error) {
      if (!lockCodes.has((error as { code?: string }).code ?? '')) throw error;
      if (performance.now() > begin + locksMaxMs)
        throw new LockError(
          `got no lock for ${locksMaxMs / 1000} s (${(error as Error).message}): end what uses its tables for so long (pg_stat_activity), and start again`,
          { cause: error },
        );
    }
  }
}
