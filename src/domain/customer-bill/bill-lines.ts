import DataLoader from 'dataloader';
import type { Database } from '../../platform/database/database.js';
import { readRows } from '../../platform/write/rows.js';
import type { BillRow, CustomerBillDependencies, RateRow } from './model.js';
import {
  countLines,
  findLineGroups,
  findLineIds,
  findRateGroups,
  rateGroupings,
  type LineGroup,
  type RateGroup,
  type RateGrouping,
} from './rates.store.js';

/** Lines that are in memory at a time. */
const linesPerPage = 500;

/** A bill as it stands, and how many lines it has. Its lines never change, but a bill that is new may get more. */
export interface BillWithCount {
  readonly bill: BillRow;
  readonly lineCount: number;
}

/** The lines of a bill, a page at a time: reads of the documents of a bill. */
export class BillLines {
  constructor(
    private readonly database: Database,
    private readonly dependencies: CustomerBillDependencies,
  ) {}

  /** Undefined when there is no such bill. */
  async find(tenantId: string, billId: string): Promise<BillWithCount | undefined> {
    const bill = (await readRows(this.database, this.dependencies.mappings.customerBill, tenantId, [billId])).get(
      billId,
    );
    if (bill === undefined) return undefined;
    return { bill, lineCount: await countLines(this.database, tenantId, billId) };
  }

  /** The ids of all lines, in the order in which they were made. */
  async *idPages(tenantId: string, billId: string): AsyncGenerator<string[]> {
    for (let after = ''; ;) {
      const ids = await findLineIds(this.database, tenantId, billId, { after, limit: linesPerPage });
      if (ids.length > 0) yield ids;
      if (ids.length < linesPerPage) return;
      after = ids.at(-1) ?? '';
    }
  }

  /** All lines, in the order in which they were made. */
  async *all(tenantId: string, billId: string): AsyncGenerator<RateRow[]> {
    for await (const ids of this.idPages(tenantId, billId)) yield this.read(tenantId, ids);
  }

  /** The lines as they stand on paper: by product and name, those for no product last. */
  groups(tenantId: string, billId: string): Promise<LineGroup[]> {
    return findLineGroups(this.database, tenantId, billId);
  }

  /** Lines by id, a page at a time. */
  async *byId(tenantId: string, ids: readonly string[]): AsyncGenerator<RateRow[]> {
    for (let at = 0; at < ids.length; at += linesPerPage) yield this.read(tenantId, ids.slice(at, at + linesPerPage));
  }

  private async read(tenantId: string, ids: readonly string[]): Promise<RateRow[]> {
    const rows = await readRows(this.database, this.dependencies.mappings.appliedCustomerBillingRate, tenantId, ids);
    return ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  }
}

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
