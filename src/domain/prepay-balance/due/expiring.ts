import type { Database, Transaction } from '../../../platform/database/database.js';
import { runForAllTenants } from '../../../platform/database/tenant-scope.js';
import { withoutNulls } from '../../../platform/json-object.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { readRows } from '../../../platform/write/rows.js';
import { writeAll } from '../../../platform/write/write-all.js';
import { changeEvent } from '../../events.js';
import type { BalanceDependencies } from '../dependencies.js';
import { findExpiring, lockMark, moveMark, type ExpiringBucket } from '../store/expiring.store.js';

/** Buckets that are told in one transaction. */
const batchMax = 500;
const dayMs = 86_400_000;

/**
 * Tells of buckets that will expire, so many days before. A mark for each number of days goes along the ends of validity of all
 * buckets, and is moved with what it passes: each end is told once, and nothing is kept of a bucket. An end that is set behind
 * the mark is not told; one that is moved before it is told when the mark comes there.
 */
export class ExpiringBuckets {
  /** How many days before, the most first. */
  private readonly days: readonly number[];

  constructor(
    private readonly database: Database,
    private readonly dependencies: BalanceDependencies,
  ) {
    this.days = [...new Set(dependencies.expiringDays)].sort((one, other) => other - one);
  }

  /** Tells what is to be told by now. Returns how many buckets that were. */
  async tell(signal?: AbortSignal): Promise<number> {
    let told = 0;
    for (const [index, days] of this.days.entries()) {
      const fewer = this.days[index + 1] ?? 0;
      for (let count = batchMax; count === batchMax && !signal?.aborted; told += count)
        count = await runForAllTenants(() =>
          this.database.transaction((tx) => this.tellSome(tx, days, fewer), { workClass: 'job' }),
        );
    }
    return told;
  }

  /** The next buckets that end within so many days, but not within fewer: those are told with them. */
  private async tellSome(tx: Transaction, days: number, fewer: number): Promise<number> {
    const { clock, mappings, nextId } = this.dependencies;
    const now = clock.now();
    const [from, until] = [fewer, days].map((count) => new Date(now.getTime() + count * dayMs)) as [Date, Date];
    const mark = await lockMark(tx, days, until);
    // The clock of another server may be ahead.
    if (mark.validForEnd > until) return 0;
    const found = await findExpiring(tx, mark, { from, until, limit: batchMax });
    const last = found.length === batchMax ? found.at(-1) : undefined;
    const writes = [
      moveMark(days, {
        validForEnd: last?.validForEnd ?? until,
        afterTenant: last?.tenantId ?? null,
        afterBucket: last?.id ?? null,
      }),
    ];
    for (const [tenantId, ids] of byTenant(found)) {
      const rows = await readRows(tx, mappings.bucket, tenantId, ids);
      const events = ids.flatMap((id) => {
        const row = rows.get(id);
        return row ? [changeEvent('bucket', 'Expiring', withoutNulls(row), now, nextId)] : [];
      });
      const insert = insertEvents(tenantId, events);
      if (insert) writes.push(insert);
    }
    await writeAll(tx, writes);
    return found.length;
  }
}

function byTenant(buckets: readonly ExpiringBucket[]): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const { tenantId, id } of buckets) {
    const those = ids.get(tenantId) ?? [];
    ids.set(tenantId, those);
    those.push(id);
  }
  return ids;
}
