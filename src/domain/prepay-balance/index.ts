import type { Database } from '../../platform/database/database.js';
import { BalanceActions } from './actions.js';
import type { BalanceDependencies } from './dependencies.js';
import { Buckets } from './buckets.js';
import { Charges } from './charges.js';
import { BalanceEngine } from './engine.js';
import type { LaneUse } from './lanes.js';
import { DueWork } from './due/due-work.js';
import { oldestDue } from './store/due.store.js';
import { ExpiringBuckets } from './due/expiring.js';
import { forgetDayAmounts } from './store/day-amount.store.js';

export { aboutReceiver } from './decide/transfer.js';
export { balanceResources, type ActionKind, type Amount, type BalanceRows } from './model.js';
export { movedBuckets } from './events.js';
export {
  deleteArchivedActions,
  putBackActions,
  putBackEntries,
  readEntries,
  readFinishedActions,
} from './store/archive.store.js';
export { checkBooks, type BucketKey, type WrongBucket } from './store/books.store.js';
export { chargesOf } from './store/charges.store.js';
export type { BalanceActions } from './actions.js';
export type { Buckets } from './buckets.js';
export type { ApplyCharges, Charge, Charges } from './charges.js';

/** The prepay balance domain: what the GraphQL resolvers of TMF654 call. */
export interface PrepayBalance {
  readonly buckets: Buckets;
  readonly actions: BalanceActions;
  /** Moves balances within transactions of other domains. */
  readonly charges: Charges;
  /** Applies what is due: before every read, and by a background job. */
  readonly dueWork: DueWork;
  /** Tells of buckets that will expire: by a background job. */
  readonly expiring: ExpiringBuckets;
  /** Deletes what was moved on days that are over everywhere. */
  forgetDayAmounts(signal: AbortSignal): Promise<number>;
  /** Resolves when every accepted balance action is answered. */
  drain(): Promise<void>;
  /** For how long balance actions have been waiting without any progress, in milliseconds; 0 when none waits. */
  stuckMs(): number;
  /** How many balance actions wait for their answer. */
  waiting(): number;
  /** What the lanes do in which they are committed. */
  laneUse(): LaneUse;
  /** Since when something is due that was not processed yet; undefined: nothing is. */
  oldestDue(): Promise<Date | undefined>;
  /** How many batches of balance actions were run, by the number of their commands: shows what group commit gives. */
  batchSizes(): Record<string, number>;
}

export function createPrepayBalance(database: Database, dependencies: BalanceDependencies): PrepayBalance {
  const dueWork = new DueWork(database, dependencies);
  const engine = new BalanceEngine(database, dueWork, dependencies);
  return {
    buckets: new Buckets(database, dueWork, dependencies),
    actions: new BalanceActions(database, engine, dueWork, dependencies),
    charges: new Charges(dueWork, dependencies),
    dueWork,
    expiring: new ExpiringBuckets(database, dependencies),
    forgetDayAmounts: (signal) => forgetDayAmounts(database, dependencies.clock.now(), signal),
    drain: async () => {
      await engine.drain();
      await dueWork.drain();
    },
    waiting: () => engine.waiting(),
    laneUse: () => engine.lanes.use(),
    oldestDue: () => oldestDue(database, dependencies.clock.now()),
    stuckMs: () => engine.stuckMs(),
    batchSizes: () => engine.batchSizes(),
  };
}
