import { allTenants } from './tenant-scope.js';
import { tenantSetting } from './tenant-wall.js';
import type { ClassTimes } from './work-class.js';

/** Settings of PostgreSQL that statements need, by their names. */
export type SessionSettings = Readonly<Record<string, string | number>>;

/** How long a connection is kept, in seconds: a plan that was made for small tables, and names of statements, go with it. */
export const connectionLifetimeS = 300;

/**
 * A statement has one process there at most: of the cores, those that read for many are not to take several each. None is
 * compiled: statements that write JSON are long and soon run, and PostgreSQL guesses the opposite of both.
 */
const ofProcess: SessionSettings = { max_parallel_workers_per_gather: 0, jit: 'off' };

/**
 * The engine finds rows by their keys. Its statements are prepared, but planned each time: a plan that was made while a table
 * was small leads by the wrong index later, or reads all of it.
 */
export const byKeys: SessionSettings = {
  plan_cache_mode: 'force_custom_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
};

/** adapter-pg reads a timestamptz with another offset as if it were UTC. */
const always: SessionSettings = { TimeZone: 'UTC' };

/** What sessions need that other servers of a cluster open for ours: they know nothing of what ours began with. */
export const ofNodes: SessionSettings = { ...ofProcess, ...always };

export function settingsOf({ statementMs, lockMs, idleMs }: ClassTimes): SessionSettings {
  return {
    ...ofProcess,
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleMs,
  };
}

/**
 * As what a connection begins with. What the url carries wins over ours, except the time zone and the tenant: without one, a
 * connection would see no rows where policies are in force.
 */
export function asOptions(ours: SessionSettings, ofUrl: string | undefined): string {
  return [optionsOf(ours), ofUrl, optionsOf({ ...always, [tenantSetting]: allTenants })].filter(Boolean).join(' ');
}

/** As statements that come first in a transaction; the tenant is named by whoever begins it. */
export function asStatements(ours: SessionSettings): string {
  return Object.entries({ ...ours, ...always })
    .map(([name, value]) => `SET LOCAL ${name} = '${value}'`)
    .join('; ');
}

function optionsOf(settings: SessionSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}
