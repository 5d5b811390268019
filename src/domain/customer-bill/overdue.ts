import type { Database, Transaction } from '../../platform/database/database.js';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import { withoutNulls } from '../../platform/json-object.js';
import { insertEvents } from '../../platform/write/outbox.js';
import { readRows } from '../../platform/write/rows.js';
import { writeAll } from '../../platform/write/write-all.js';
import { changeEvent } from '../events.js';
import type { CustomerBillDependencies } from './model.js';
import { lockOverdue, markOverdue } from './overdue.store.js';

/** Bills that are told in one transaction. */
const batchMax = 200;

/**
 * Tells of bills that were to be paid by now and are not, once for each date at which they are due: the bill is marked in the
 * transaction of the event. A bill that is put on hold, or not sent yet, is told when it is sent.
 */
export class OverdueBills {
  constructor(
    private readonly database: Database,
    private readonly dependencies: Pick<CustomerBillDependencies, 'clock' | 'nextId' | 'mappings'>,
  ) {}

  async tell(signal?: AbortSignal): Promise<void> {
    for (let count = batchMax; count === batchMax && !signal?.aborted;)
      count = await runForAllTenants(() => this.database.transaction((tx) => this.tellSome(tx), { workClass: 'job' }));
  }

  private async tellSome(tx: Transaction): Promise<number> {
    const { clock, mappings, nextId } = this.dependencies;
    const now = clock.now();
    const found = await lockOverdue(tx, now, batchMax);
    for (const tenantId of new Set(found.map((bill) => bill.tenantId))) {
      const ids = found.filter((bill) => bill.tenantId === tenantId).map(({ id }) => id);
      const marked = await markOverdue(tx, tenantId, ids, now);
      const rows = await readRows(tx, mappings.customerBill, tenantId, marked);
      const events = [...rows.values()].map((row) =>
        changeEvent('customerBill', 'Overdue', withoutNulls(row), now, nextId),
      );
      await writeAll(tx, [insertEvents(tenantId, events)]);
    }
    return found.length;
  }
}
