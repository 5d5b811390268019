import type { Database } from '../../platform/database/database.js';
import { SpendLimits } from './limits.js';
import { SpendWatch, type WatchDependencies } from './watch.js';

export { spendLimitResources } from './model.js';

/** Limits of spending, and who finds that they are reached. */
export interface SpendLimitDomain {
  readonly limits: SpendLimits;
  readonly watch: SpendWatch;
}

export function createSpendLimit(database: Database, dependencies: WatchDependencies): SpendLimitDomain {
  return { limits: new SpendLimits(database, dependencies), watch: new SpendWatch(database, dependencies) };
}
