import type { Database } from '../database/database.js';
import {
  RangePartitions,
  type PartitionedTable,
  type PartitionLog,
  type Period,
} from '../database/range-partitions.js';

/** Months that have a partition before they begin. */
const monthsAhead = 2;

function monthAt(at: Date, ahead = 0): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + ahead));
}

function periodAt(at: Date): Period {
  return { begin: monthAt(at), end: monthAt(at, 1) };
}

/** Records lie in months, of UTC. */
const records: PartitionedTable = {
  table: 'AuditRecord',
  column: 'at',
  advisoryLock: 7_402_611,
  periodAt,
  nameOf: ({ begin }) => `AuditRecord_${begin.toISOString().slice(0, 7).replace('-', '_')}`,
  periodOf: (name) => {
    const [, year, month] = /^AuditRecord_(\d{4})_(\d\d)$/.exec(name) ?? [];
    return year && month ? periodAt(new Date(Date.UTC(Number(year), Number(month) - 1))) : undefined;
  },
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
