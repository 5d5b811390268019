import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { settledEnd, type Position } from '../../platform/write/outbox-reader.js';

/** A broker is told of what is committed after it was set up. */
export async function beginBroker(database: Database, broker: string): Promise<void> {
  await database.transaction(
    (tx) =>
      tx.execute(Prisma.sql`
        INSERT INTO "BrokerCursor" ("broker", "epoch", "transactionId", "eventId", "delivered")
        SELECT ${broker}::text, coalesce(l."epoch", 0), coalesce(l."transactionId", 0), coalesce(l."id", ''), '[]'::jsonb
        FROM (SELECT 1) AS one LEFT JOIN (${settledEnd}) l ON true
        ON CONFLICT DO NOTHING`),
    { workClass: 'job' },
  );
}

/** That this process tells a broker until the lease ends. */
export interface BrokerClaim {
  readonly broker: string;
  readonly lease: string;
  readonly from: Position;
  /** How far may be read. */
  readonly upTo: Position;
  /** Ids of events behind `from` that are told already. */
  readonly delivered: readonly string[];
}

interface ClaimColumns {
  epoch: number;
  transactionId: string;
  eventId: string;
  delivered: string;
  lastEpoch: number;
  lastTransactionId: string;
  lastId: string;
}

/** Takes a broker that there is something to tell, and that nobody else tells; undefined: there is nothing to do. */
export async function claimBroker(
  database: Database,
  broker: string,
  lease: string,
  leaseMs: number,
): Promise<BrokerClaim | undefined> {
  const [row] = await database.query<ClaimColumns>(Prisma.sql`
    WITH l AS MATERIALIZED (${settledEnd}), d AS MATERIALIZED (
      SELECT c."broker", l."epoch", l."transactionId", l."id" FROM "BrokerCursor" c, l
      WHERE c."broker" = ${broker} AND (c."leasedUntil" IS NULL OR c."leasedUntil" < clock_timestamp())
        AND (c."epoch", c."transactionId", c."eventId") < (l."epoch", l."transactionId", l."id")
      FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE "BrokerCursor" c SET "lease" = ${lease}, "leasedUntil" = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    FROM d WHERE c."broker" = d."broker"
    RETURNING c."epoch", c."transactionId"::text AS "transactionId", c."eventId", c."delivered"::text AS "delivered",
      d."epoch" AS "lastEpoch", d."transactionId"::text AS "lastTransactionId", d."id" AS "lastId"`);
  return (
    row && {
      broker,
      lease,
      from: { epoch: row.epoch, transactionId: row.transactionId, eventId: row.eventId },
      upTo: { epoch: row.lastEpoch, transactionId: row.lastTransactionId, eventId: row.lastId },
      delivered: JSON.parse(row.delivered) as string[],
    }
  );
}

/** Notes how far a broker was told, and gives it back, unless the lease had ended and somebody else has it. */
export async function saveBroker(
  database: Database,
  { broker, lease }: BrokerClaim,
  { position, delivered }: { readonly position: Position; readonly delivered: readonly string[] },
): Promise<void> {
  await database.transaction(
    (tx) =>
      tx.execute(Prisma.sql`
        UPDATE "BrokerCursor" SET "epoch" = ${position.epoch}::int, "transactionId" = ${position.transactionId}::bigint,
          "eventId" = ${position.eventId}, "delivered" = ${JSON.stringify(delivered)}::jsonb, "lease" = NULL, "leasedUntil" = NULL
        WHERE "broker" = ${broker} AND "lease" = ${lease}`),
    { workClass: 'job' },
  );
}

/** How far brokers are behind. */
export interface BrokerFigures {
  readonly broker: string;
  /** Since the first event that it has not been told; 0: there is none. */
  readonly lagSeconds: number;
}

export function readBrokerFigures(database: Database): Promise<BrokerFigures[]> {
  return database.query<BrokerFigures>(Prisma.sql`
    SELECT c."broker", coalesce((
      SELECT greatest(0, extract(epoch FROM statement_timestamp() - o."occurredAt")) FROM "Outbox" o
      WHERE (o."epoch", o."transactionId", o."id") > (c."epoch", c."transactionId", c."eventId")
      ORDER BY o."epoch", o."transactionId", o."id" LIMIT 1), 0)::float8 AS "lagSeconds"
    FROM "BrokerCursor" c ORDER BY c."broker"`);
}
