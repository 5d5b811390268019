import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { Findings } from './findings.js';
import { groupBy } from './group.js';

const dueMaxMs = 120_000;

/** What is expected of a bucket, in hundredths, so that sums are exact. */
export interface Expected {
  remaining: number;
  reserved: number;
}

/** What the server will do by itself. */
interface Pending {
  readonly what: 'lapse' | 'topup';
  readonly bucket: string;
  readonly hundredths: number;
}

export interface Reservation {
  readonly id: string;
  readonly bucket: string;
  readonly hundredths: number;
}

/** What the answers said that has happened, and whether the database says the same. */
export class Books {
  readonly buckets = new Map<string, Expected>();
  /** Actions that were acknowledged, by kind and status. */
  private readonly actions = new Map<string, number>();
  /** Rows that were acknowledged, by table. */
  private readonly rows = new Map<string, number>();
  /** Ids that were acknowledged since the last look, and where they must be. */
  private unseen: { id: string; table: string }[] = [];
  private readonly pending = new Map<string, Pending>();
  /** Nobody has ended them yet, and time does not. */
  readonly reservations: Reservation[] = [];
  looks = 0;

  constructor(
    private readonly url: string,
    private readonly tenantId: string,
    private readonly findings: Findings,
  ) {}

  opened(bucket: string, hundredths: number): void {
    this.buckets.set(bucket, { remaining: hundredths, reserved: 0 });
    this.made('Bucket', bucket);
  }

  made(table: string, id: string): void {
    this.madeSome(table, 1);
    this.unseen.push({ id, table });
  }

  madeSome(table: string, count: number): void {
    this.rows.set(table, (this.rows.get(table) ?? 0) + count);
  }

  acted(kind: string, status: string, id: string): void {
    this.count(kind, status, 1);
    this.unseen.push({ id, table: 'BalanceAction' });
  }

  count(kind: string, status: string, by: number): void {
    const name = `${kind} ${status}`;
    this.actions.set(name, (this.actions.get(name) ?? 0) + by);
  }

  moved(bucket: string, remaining: number, reserved = 0): void {
    const expected = this.buckets.get(bucket)!;
    expected.remaining += remaining;
    expected.reserved += reserved;
  }

  waits(id: string, pending: Pending): void {
    this.pending.set(id, pending);
  }

  /** Asks the database, while nothing is asked of the servers and all has been answered. */
  async look(): Promise<void> {
    this.looks += 1;
    const client = new pg.Client(this.url);
    await client.connect();
    try {
      await this.untilNothingIsDue(client);
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await this.settle(client);
      await this.compareBuckets(client);
      await this.compareRows(client);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  }

  private async untilNothingIsDue(client: pg.Client): Promise<void> {
    const due = async (): Promise<number> =>
      Number(
        (
          await client.query(
            `SELECT count(*) FROM "BalanceAction" WHERE "tenantId" = $1 AND "nextDueDate" < clock_timestamp() - interval '1 second'`,
            [this.tenantId],
          )
        ).rows[0].count,
      );
    await eventually('what is due is done', async () => (await due()) === 0 || undefined, { maxMs: dueMaxMs }).catch(
      async () =>
        this.findings.add('due work is not done', `${await due()} actions wait ${dueMaxMs} ms after all is well`),
    );
  }

  /** Takes up what the server has done by itself. */
  private async settle(client: pg.Client): Promise<void> {
    const ids = [...this.pending.keys()];
    const { rows } = await client.query<{ id: string; status: string }>(
      'SELECT "id", "status" FROM "BalanceAction" WHERE "tenantId" = $1 AND "id" = ANY($2)',
      [this.tenantId, ids],
    );
    for (const { id, status } of rows) {
      const { what, bucket, hundredths } = this.pending.get(id)!;
      if (status === 'created') continue;
      this.pending.delete(id);
      const [kind, end] = what === 'lapse' ? ['reserveBalance', 'cancelled'] : ['topupBalance', 'completed'];
      if (status !== end) this.findings.add(`a ${what} ended as ${status}`, id);
      this.count(kind, 'created', -1);
      this.count(kind, status, 1);
      if (status === 'completed') this.moved(bucket, hundredths);
      else if (status === 'cancelled') this.moved(bucket, hundredths, -hundredths);
    }
  }

  private async compareBuckets(client: pg.Client): Promise<void> {
    const { rows } = await client.query<Record<string, string>>(
      `SELECT b."id", (b."remainingValueAmount" * 100)::float8 AS "remaining", (b."reservedValueAmount" * 100)::float8 AS "reserved",
        (e."remaining" * 100)::float8 AS "ledgerRemaining", (e."reserved" * 100)::float8 AS "ledgerReserved",
        e."entries" = b."entrySequence" AND e."last" = b."entrySequence" AS "isWhole", e."isChain"
       FROM "Bucket" b JOIN (
         SELECT "bucketId", sum("remainingDelta") AS "remaining", sum("reservedDelta") AS "reserved", count(*) AS "entries", max("sequence") AS "last",
           bool_and("remainingAfter" = "remainingBefore" + "remainingDelta" AND "reservedAfter" = "reservedBefore" + "reservedDelta") AS "isChain"
         FROM (
           SELECT *, coalesce(lag("remainingAfter") OVER w, 0) AS "remainingBefore", coalesce(lag("reservedAfter") OVER w, 0) AS "reservedBefore"
           FROM "LedgerEntry" WHERE "tenantId" = $1 WINDOW w AS (PARTITION BY "bucketId" ORDER BY "sequence")
         ) l GROUP BY 1
       ) e ON e."bucketId" = b."id"
       WHERE b."tenantId" = $1`,
      [this.tenantId],
    );
    if (rows.length !== this.buckets.size)
      this.findings.add('there are other buckets than were made', `${rows.length} instead of ${this.buckets.size}`);
    for (const row of rows) {
      const { id, remaining, reserved, ledgerRemaining, ledgerReserved, isWhole, isChain } = row as Record<string, any>;
      const shown = JSON.stringify(row);
      if (remaining !== ledgerRemaining || reserved !== ledgerReserved || !isWhole || !isChain)
        this.findings.add('a bucket is not its ledger', shown);
      const expected = this.buckets.get(id);
      if (expected === undefined) this.findings.add('nobody made this bucket', id);
      else if (expected.remaining !== Math.round(remaining) || expected.reserved !== Math.round(reserved))
        this.findings.add('a bucket is not what the answers come to', `${shown}, expected ${JSON.stringify(expected)}`);
    }
  }

  private async compareRows(client: pg.Client): Promise<void> {
    const count = async (table: string): Promise<number> =>
      Number(
        (await client.query(`SELECT count(*) FROM "${table}" WHERE "tenantId" = $1`, [this.tenantId])).rows[0].count,
      );
    for (const [table, expected] of this.rows) {
      const found = await count(table);
      if (found !== expected)
        this.findings.add(`${table} has other rows than were acknowledged`, `${found} instead of ${expected}`);
    }
    const { rows } = await client.query<{ name: string; count: string }>(
      `SELECT "kind" || ' ' || "status" AS "name", count(*) FROM "BalanceAction" WHERE "tenantId" = $1 GROUP BY 1`,
      [this.tenantId],
    );
    const found = new Map(rows.map(({ name, count: each }) => [name, Number(each)]));
    for (const name of new Set([...found.keys(), ...this.actions.keys()]))
      if ((found.get(name) ?? 0) !== (this.actions.get(name) ?? 0))
        this.findings.add(
          'there are other actions than were acknowledged',
          `${name}: ${found.get(name) ?? 0} instead of ${this.actions.get(name) ?? 0}`,
        );
    const byTable = groupBy(this.unseen, ({ table }) => table);
    for (const [table, unseen] of byTable) {
      const ids = unseen.map(({ id }) => id);
      const there = await client.query<{ id: string }>(
        `SELECT "id" FROM "${table}" WHERE "tenantId" = $1 AND "id" = ANY($2)`,
        [this.tenantId, ids],
      );
      const known = new Set(there.rows.map(({ id }) => id));
      for (const id of ids)
        if (!known.has(id)) this.findings.add('what was acknowledged is not there', `${table} ${id}`);
    }
    this.unseen = [];
  }

  get acknowledged(): number {
    return [...this.actions.values(), ...this.rows.values()].reduce((sum, count) => sum + count, 0);
  }
}
