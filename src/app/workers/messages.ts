import type { Collected, Topic } from './workers.js';

/** What the primary process tells a worker as it starts it, by an environment variable. */
export interface WorkerOrder {
  /** Its number, from 1 to WORKERS; the one that replaces it has the same. */
  readonly worker: number;
  /** The port that all workers share, also where PORT is 0. */
  readonly port: number;
  /** Whether it brings the database up to date: migrations, backfills, what SEED names. If not, it waits until that is done. */
  readonly isPreparing: boolean;
}

export const orderVariable = 'WORKER_ORDER';

export type FromWorker =
  /** It has loaded, and may use the database as soon as that is up to date. */
  | { readonly type: 'waiting' }
  /** The database is up to date: the other workers may go on. */
  | { readonly type: 'prepared' }
  | { readonly type: 'listening'; readonly origin: string }
  /** The start cannot succeed, for a reason that the user can fix. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'collect'; readonly id: number; readonly topic: Topic }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Collected<unknown> };

export type ToWorker =
  /** The database is up to date: a worker that did not prepare it may use it. */
  | { readonly type: 'begin' }
  /** Background jobs run in this worker from now on. */
  | { readonly type: 'lead' }
  | { readonly type: 'ask'; readonly id: number; readonly topic: Topic }
  | { readonly type: 'collected'; readonly id: number; readonly answers: readonly Collected<unknown>[] };
