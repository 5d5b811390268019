import type { Database } from '../database/database.js';
import { calendarPartitions } from '../database/calendar-partitions.js';
import { RangePartitions, type PartitionedTable, type PartitionLog } from '../database/range-partitions.js';

/** Months that have a partition before they begin. */
const monthsAhead = 2;

/** Records lie in months. */
const records: PartitionedTable = {
  ...calendarPartitions('AuditRecord', 'month'),
  column: 'at',
  advisoryLock: 7_402_611,
  valueAt: (at) => at.toISOString(),
};

/** Sees to it that the month of `now` and the next ones have partitions, and drops those that ended before `keepFrom`. */
export async function keepAuditPartitions(
  database: Database,
  { now, keepFrom }: { now: Date; keepFrom: Date },
  log: PartitionLog,
): Promise<void> {
  const partitions = new RangePartitions(database, records, log);
  await partitions.makeAhead(now, monthsAhead);
  for (const { name } of await partitions.endedBefore(keepFrom)) await partitions.drop(name);
  await partitions.deleteOthers(keepFrom);
}
