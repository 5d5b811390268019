import type { Database } from '../../platform/database/database.js';
import { BalanceActions } from './actions.js';
import type { BalanceDependencies } from './unit-of-work/apply.js';
import { Buckets } from './buckets.js';
import { Charges } from './charges.js';
import { BalanceEngine } from './engine.js';
import { DueWork } from './due/due-work.js';

export { balanceResources, type ActionKind, type Amount } from './command/commands.js';
export type { BalanceActions } from './actions.js';
export type { Buckets } from './buckets.js';
export type { ApplyCharges, Charge, Charges } from './charges.js';

/** The prepay balance domain: what the GraphQL resolvers of TMF654 call. */
export interface PrepayBalance {
  readonly buckets: Buckets;
  readonly actions: BalanceActions;
  /** Moves balances within transactions of other domains. */
  readonly charges: Charges;
  /** Does what is due by itself: readers ask for it before they answer, a background job without being asked. */
  readonly dueWork: DueWork;
  /** Resolves when every accepted balance action is answered. */
  drain(): Promise<void>;
  /** For how long balance actions have been waiting without one being done; 0 when none waits. */
  stuckMs(): number;
  /** How many batches of balance actions were run, by their size: shows what group commit gives. */
  batchSizes(): Record<string, number>;
}

export function createPrepayBalance(database: Database, dependencies: BalanceDependencies): PrepayBalance {
  const { clock, nextId, extensions, mappings } = dependencies;
  const dueWork = new DueWork(database, dependencies);
  const engine = new BalanceEngine(database, dueWork, dependencies);
  return {
    buckets: new Buckets(database, dueWork, { clock, nextId, extensions, mapping: mappings.bucket }),
    actions: new BalanceActions(database, engine, dueWork, dependencies),
    charges: new Charges(dueWork, dependencies),
    dueWork,
    drain: async () => {
      await engine.drain();
      await dueWork.drain();
    },
    stuckMs: () => engine.stuckMs(),
    batchSizes: () => engine.batchSizes(),
  };
}
