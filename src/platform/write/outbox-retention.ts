import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { dateIn, dateText, periodUntil } from '../database/calendar-partitions.js';
import {
  RangePartitions,
  type PartitionedTable,
  type PartitionLog,
  type Period,
} from '../database/range-partitions.js';
import { firstIdAt } from '../ids.js';

const dayMs = 24 * 3_600_000;
const weekMs = 7 * dayMs;
/** A Monday, at the beginning of it. */
const someMonday = Date.UTC(1970, 0, 5);
/** Weeks that have a partition before they begin. */
const weeksAhead = 2;
/** The row of ServerState that says since when all events are kept. */
const STATE_KEY = 'outbox kept since';

function periodAt(at: Date): Period {
  const begin = someMonday + Math.floor((at.getTime() - someMonday) / weekMs) * weekMs;
  return { begin: new Date(begin), end: new Date(begin + weekMs) };
}

/** Events lie in weeks of UTC by their ids, which begin with the time at which they were made. */
const outbox: PartitionedTable = {
  table: 'Outbox',
  column: 'id',
  advisoryLock: 7_402_612,
  periodAt,
  nameOf: ({ begin }) => `Outbox_${dateText(begin)}`,
  periodOf: (name) => {
    const begin = dateIn(name, 'Outbox_');
    return begin ? periodAt(begin) : periodUntil('Outbox', name);
  },
  valueAt: firstIdAt,
};

export interface RetentionDependencies {
  /** Tables of cursors over the outbox, with its columns `epoch`, `transactionId` and `eventId`: what is behind them is still needed. */
  readonly cursors: readonly string[];
  readonly keptMs: number;
  readonly log: PartitionLog;
}

/**
 * Drops events that are too old, a week of them at once. What some cursor has not come to yet is kept longer, but not more than
 * twice as long: one that nobody moves keeps nothing for ever.
 */
export class OutboxRetention {
  private readonly partitions: RangePartitions;

  constructor(
    private readonly database: Database,
    private readonly dependencies: RetentionDependencies,
  ) {
    this.partitions = new RangePartitions(database, outbox, dependencies.log);
  }

  /** Makes the place that the next events go to. */
  async prepare(now: Date): Promise<void> {
    await this.partitions.makeAhead(now, weeksAhead);
  }

  async run(now: Date): Promise<void> {
    await this.prepare(now);
    const { keptMs } = this.dependencies;
    const [keepFrom, keepInAnyCaseFrom] = [new Date(now.getTime() - keptMs), new Date(now.getTime() - 2 * keptMs)];
    for (const { name, end } of await this.partitions.endedBefore(keepFrom)) {
      if (end > keepInAnyCaseFrom && (await this.isNeeded(name))) break;
      // Later weeks are not dropped before earlier ones.
      if (!(await this.partitions.drop(name, (tx) => tx.execute(noteKeptSince(end))))) break;
    }
    const isDone = Prisma.sql`NOT EXISTS (
      SELECT 1 FROM (${this.oldestCursor}) c WHERE (c."epoch", c."transactionId", c."eventId") < (o."epoch", o."transactionId", o."id"))`;
    await this.partitions.deleteOthers(keepFrom, isDone);
    await this.partitions.deleteOthers(keepInAnyCaseFrom);
  }

  /** Whether some cursor has not come to the end of a partition. */
  private async isNeeded(name: string): Promise<boolean> {
    const [row] = await this.database.query<{ isNeeded: boolean }>(Prisma.sql`
      SELECT EXISTS (
        SELECT 1 FROM (${this.oldestCursor}) c, (
          SELECT "epoch", "transactionId", "id" FROM ${Prisma.raw(`public."${name}"`)}
          ORDER BY "epoch" DESC, "transactionId" DESC, "id" DESC LIMIT 1
        ) o WHERE (c."epoch", c."transactionId", c."eventId") < (o."epoch", o."transactionId", o."id")) AS "isNeeded"`);
    return row?.isNeeded ?? false;
  }

  private get oldestCursor(): Prisma.Sql {
    const all = this.dependencies.cursors.map((table) =>
      Prisma.raw(`SELECT "epoch", "transactionId", "eventId" FROM public."${table}"`),
    );
    return Prisma.sql`SELECT * FROM (${Prisma.join(all, ' UNION ALL ')}) a ORDER BY "epoch", "transactionId", "eventId" LIMIT 1`;
  }
}

function noteKeptSince(since: Date): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${STATE_KEY}, to_jsonb(${since.toISOString()}::text), clock_timestamp())
    ON CONFLICT ("key") DO UPDATE SET "value" = EXCLUDED."value", "updatedAt" = EXCLUDED."updatedAt"`;
}

/** Since when all events are kept; undefined: none has been dropped. */
export async function eventsKeptSince(queries: Pick<Database, 'query'>): Promise<Date | undefined> {
  const [row] = await queries.query<{ value: string }>(
    Prisma.sql`SELECT "value" #>> '{}' AS "value" FROM "ServerState" WHERE "key" = ${STATE_KEY}`,
  );
  return row && new Date(row.value);
}
