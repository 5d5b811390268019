import DataLoader from 'dataloader';
import type { Database } from '../../../platform/database/database.js';
import { findRateGroups, rateGroupings, type RateGroup, type RateGrouping } from '../rates.store.js';

/** Bills of one statement. */
const billsMax = 500;

/** The lines of bills, gathered and summed up: one row for each group and currency. */
export class GroupedRates {
  private readonly loaders = new Map<string, DataLoader<string, RateGroup[]>>();

  constructor(private readonly database: Database) {}

  /** Of one bill; those of bills that are asked for together are one statement. */
  ofBill(tenantId: string, billId: string, by: readonly RateGrouping[]): Promise<RateGroup[]> {
    const wanted = rateGroupings.filter((name) => by.includes(name));
    const key = JSON.stringify([tenantId, wanted]);
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      // Nothing is kept beyond the turn of the event loop in which it is asked for.
      loader = new DataLoader((ids) => this.load(tenantId, ids, wanted), {
        cache: false,
        maxBatchSize: billsMax,
        batchScheduleFn: (run) =>
          setImmediate(() => {
            this.loaders.delete(key);
            run();
          }),
      });
      this.loaders.set(key, loader);
    }
    return loader.load(billId);
  }

  private async load(
    tenantId: string,
    billIds: readonly string[],
    by: readonly RateGrouping[],
  ): Promise<RateGroup[][]> {
    const groups = await findRateGroups(this.database, tenantId, billIds, by);
    return billIds.map((id) => groups.get(id) ?? []);
  }
}
