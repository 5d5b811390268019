import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction, TransactionOptions } from './database.js';
import { optionsOfColumns } from './table-parts.js';
import { raisingOf } from './tenant-wall.js';

/**
 * A partition is added or dropped only if nobody makes that wait: behind one that is dropped whoever writes would wait, behind
 * one that is added whoever reads what lies in no period.
 */
const lockMs = 200;
/** Rows that one statement deletes of those that no partition is for. */
const deletedMax = 1_000;

export interface PartitionLog {
  warn(details: object, message: string): void;
}

/** A stretch of time, without its end. */
export interface Period {
  readonly begin: Date;
  readonly end: Date;
}

/** How a table lies in partitions by time. A default partition takes what none of them is for: `<table>_other`. */
export interface PartitionedTable {
  readonly table: string;
  /** The column by which it is partitioned. */
  readonly column: string;
  /** Any number that nothing else locks by. */
  readonly advisoryLock: number;
  /** The period that an instant lies in. */
  periodAt(at: Date): Period;
  /** Name of the partition of a period. */
  nameOf(period: Period): string;
  /** What a partition is for, by its name; undefined: it is none for a period. */
  periodOf(name: string): Period | undefined;
  /** The first value of the column at an instant. */
  valueAt(at: Date): string;
}

/** Partitions of a table that are made ahead of time, and dropped when all that is in them is too old. */
export class RangePartitions {
  constructor(
    private readonly database: Database,
    private readonly table: PartitionedTable,
    private readonly log: PartitionLog,
  ) {}

  /**
   * Sees to it that the period of `now` and the next ones have partitions. Servers that do it at the same time wait for each
   * other.
   * @returns whether any was made
   */
  async makeAhead(now: Date, periods: number): Promise<boolean> {
    const there = await this.list();
    let isMade = false;
    let period = this.table.periodAt(now);
    for (let ahead = 0; ahead <= periods; ahead++) {
      const name = this.table.nameOf(period);
      const { begin, end } = period;
      // One that was there before there were partitions may reach into this period, or has it whole.
      const isCovered = there.some((one) => {
        const known = this.table.periodOf(one);
        return known && known.begin < end && known.end > begin;
      });
      // Rows of this period that came before its partition have to stay where they are.
      if (!isCovered)
        await this.add(name, period).then(
          () => (isMade = true),
          (error: unknown) => this.log.warn({ err: error, partition: name }, 'a period gets no partition of its own'),
        );
      period = this.table.periodAt(end);
    }
    return isMade;
  }

  /** The partitions that ended before an instant, the oldest first, and the values of the column that they are for. */
  async endedBefore(
    keepFrom: Date,
  ): Promise<{ readonly name: string; readonly end: Date; readonly from: string; readonly to: string }[]> {
    const { valueAt, periodOf } = this.table;
    return (await this.list())
      .flatMap((name) => {
        const period = periodOf(name);
        return period && period.end <= keepFrom
          ? [{ name, end: period.end, from: valueAt(period.begin), to: valueAt(period.end) }]
          : [];
      })
      .sort((one, other) => one.end.getTime() - other.end.getTime());
  }

  /**
   * Drops a partition, unless that would have to wait for others. `first` is done in the same transaction: where it answers false, the partition stays.
   * @returns whether it is gone
   */
  async drop(
    name: string,
    first?: (tx: Transaction) => Promise<unknown>,
    options?: TransactionOptions,
  ): Promise<boolean> {
    try {
      return await this.database.transaction(async (tx) => {
        await tx.execute(Prisma.raw(`SET LOCAL lock_timeout = '${lockMs}ms'`));
        if ((await first?.(tx)) === false) return false;
        await tx.execute(Prisma.raw(`DROP TABLE IF EXISTS public."${name}"`));
        return true;
      }, options);
    } catch (error) {
      this.log.warn({ err: error, partition: name }, 'a partition is dropped later');
      return false;
    }
  }

  /** Deletes what came before an instant and lies in no partition of a period, as far as `condition` allows. */
  async deleteOthers(keepFrom: Date, condition = Prisma.sql`true`): Promise<void> {
    const { table, column } = this.table;
    const other = Prisma.raw(`public."${table}_other"`);
    const isBefore = Prisma.raw(`o."${column}" < '${this.table.valueAt(keepFrom)}'`);
    for (let deleted = deletedMax; deleted === deletedMax;) {
      deleted = await this.database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM ${other} WHERE ("tenantId", "id") IN (
            SELECT o."tenantId", o."id" FROM ${other} o
            WHERE ${isBefore} AND ${condition} LIMIT ${deletedMax}::int
          )`),
      );
    }
  }

  private async list(queries: Pick<Transaction, 'query'> = this.database): Promise<string[]> {
    const rows = await queries.query<{ name: string }>(Prisma.sql`
      SELECT c.relname::text AS "name" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = ${this.wholeName}::regclass`);
    return rows.map(({ name }) => name);
  }

  /** Attached afterwards: a table that is made as a partition would lock out whoever writes. */
  private async add(name: string, { begin, end }: Period): Promise<void> {
    const { advisoryLock, valueAt } = this.table;
    const whole = this.wholeName;
    await this.database.transaction(async (tx) => {
      await tx.query(Prisma.sql`SELECT pg_advisory_xact_lock(${advisoryLock}::bigint)::text`);
      if ((await this.list(tx)).includes(name)) return;
      await tx.execute(Prisma.raw(`SET LOCAL lock_timeout = '${lockMs}ms'`));
      await tx.execute(
        Prisma.raw(`CREATE TABLE public."${name}" (LIKE ${whole} INCLUDING DEFAULTS INCLUDING GENERATED)`),
      );
      const query = <T>(sql: string, values: readonly unknown[] = []): Promise<T[]> => tx.statement(sql, values);
      for (const statement of await optionsOfColumns({ query }, this.table.table, name))
        await tx.execute(Prisma.raw(statement));
      if (await this.isWalled(tx)) for (const statement of raisingOf(name)) await tx.execute(Prisma.raw(statement));
      const range = `FROM ('${valueAt(begin)}') TO ('${valueAt(end)}')`;
      await tx.execute(Prisma.raw(`ALTER TABLE ${whole} ATTACH PARTITION public."${name}" FOR VALUES ${range}`));
    });
  }

  /** Whether the whole has policies: a partition has its own. */
  private async isWalled(queries: Pick<Transaction, 'query'>): Promise<boolean> {
    const [row] = await queries.query<{ isWalled: boolean }>(
      Prisma.sql`SELECT relrowsecurity AS "isWalled" FROM pg_class WHERE oid = ${this.wholeName}::regclass`,
    );
    return row?.isWalled ?? false;
  }

  private get wholeName(): string {
    return `public."${this.table.table}"`;
  }
}
