import { setTimeout as sleep } from 'node:timers/promises';
import type { DedicatedConnection } from './database.js';

/** Between two looks whether the lock is free. */
const lookMs = 50;
const lookMaxMs = 1_000;

/**
 * Runs work in one transaction of the connection, which holds an advisory lock. The lock is the transaction's, not the
 * session's, which a pooler would lend to somebody else meanwhile; whoever waits for it holds no transaction open.
 */
export async function withLock<T>(connection: DedicatedConnection, key: number, work: () => Promise<T>): Promise<T> {
  for (let waitMs = lookMs; !(await beginWithLock(connection, key)); waitMs = Math.min(2 * waitMs, lookMaxMs)) {
    await connection.script('ROLLBACK');
    await sleep(waitMs * (0.5 + Math.random()));
  }
  try {
    const result = await work();
    await connection.script('COMMIT');
    return result;
  } catch (error) {
    // If the connection is lost, PostgreSQL rolls back anyway; the first error is the one to report.
    await connection.script('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function beginWithLock(connection: DedicatedConnection, key: number): Promise<boolean> {
  await connection.script('BEGIN');
  const [row] = await connection.query<{ isOurs: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1::bigint) AS "isOurs"',
    [key],
  );
  return row?.isOurs === true;
}
