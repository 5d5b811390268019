import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { insertEventsFrom } from '../../../platform/write/outbox.js';
import { insertRowsFrom } from '../../../platform/write/rows.js';
import { namingAttributes } from '../../customer-directory/index.js';
import { eventTypeOf } from '../../events.js';
import type { UsageRow } from '../model.js';
import { insertProblems, problemsMax, type Moved, type Problem } from './import.store.js';

// From the staged batches into the tables of usages, without a row passing through this process.

/** Which batches of an import: those from one first line up to another. */
export interface Range {
  tenantId: string;
  importId: string;
  from: number;
  to: number;
}

/** The batch with which the next step begins; undefined when all are moved. */
export async function nextBatch(tx: Transaction, tenantId: string, importId: string): Promise<number | undefined> {
  const [batch] = await tx.query<{ firstLine: number }>(Prisma.sql`
    SELECT "firstLine" FROM "UsageImportBatch" WHERE "tenantId" = ${tenantId} AND "importId" = ${importId} ORDER BY "firstLine" LIMIT 1`);
  return batch?.firstLine;
}

/**
 * Registers the external keys of the lines, in their order, so that imports that run at the same time wait for each other
 * in one direction only. Of several lines with one key the first one gets it.
 */
export async function registerKeys(tx: Transaction, range: Range): Promise<void> {
  await tx.execute(Prisma.sql`
    INSERT INTO "UsageOrigin" ("tenantId", "source", "externalId", "usageId", "digests")
    SELECT DISTINCT ON (r."source" COLLATE "C", r."externalId" COLLATE "C")
      ${range.tenantId}::text, r."source", r."externalId", r."usageId", r."digests"
    FROM ${stagedKeys(range)}
    ORDER BY r."source" COLLATE "C", r."externalId" COLLATE "C", r."line"
    ON CONFLICT DO NOTHING`);
}

/** Lines whose external keys other usages have, with other data. */
export interface Conflicts {
  count: number;
  /** The first of them. */
  problems: Problem[];
}

/** The lines that conflict with usages that are there; called after registerKeys. */
export async function findConflicts(tx: Transaction, range: Range): Promise<Conflicts> {
  const rows = await tx.query<Problem & { count: number }>(Prisma.sql`
    WITH ${takenLines(range)} SELECT r."line", r."code", r."message", (count(*) OVER ())::int AS "count" FROM ${conflicts} ORDER BY r."line" LIMIT ${problemsMax}::int`);
  return { count: rows[0]?.count ?? 0, problems: rows.map(({ line, code, message }) => ({ line, code, message })) };
}

/**
 * Writes the usages whose keys are theirs, with their events, and removes the batches: one statement. `named` are the
 * distinct values of the attributes that name somebody.
 */
export async function moveLines(
  tx: Transaction,
  mapping: ResourceMapping<UsageRow>,
  range: Range,
  now: Date,
): Promise<Moved & { named: readonly JsonObject[] }> {
  const { tenantId, importId, from, to } = range;
  const naming = namingAttributes(mapping.name).map((name) => `'${name}', f."row" -> '${name}'`);
  const [moved] = await tx.query<Moved & { named: string | null }>(Prisma.sql`
    WITH ${takenLines(range)},
    fresh AS MATERIALIZED (
      SELECT r.*, b."principalId" FROM ${batches(range)} CROSS JOIN LATERAL jsonb_to_recordset(b."rows"::jsonb) AS r("line" integer, "eventId" text, "row" jsonb)
      WHERE NOT EXISTS (SELECT 1 FROM taken t WHERE t."line" = r."line")
    ),
    task AS (SELECT "rejected" AS "rejectedBefore" FROM "UsageImport" WHERE "tenantId" = ${tenantId} AND "id" = ${importId}),
    usages AS (${insertRowsFrom(mapping as ResourceMapping, tenantId, Prisma.sql`fresh f CROSS JOIN LATERAL jsonb_to_record(f."row")`)}),
    events AS (${insertEventsFrom(
      tenantId,
      Prisma.sql`(
        SELECT "eventId" AS "id", ${eventTypeOf('usage', 'Create')}::text AS "eventType", 'usage' AS "resourceType", "row"->>'id' AS "resourceId",
          ${now}::timestamptz AS "occurredAt", "principalId", "row" AS "payload" FROM fresh) r`,
    )}),
    problems AS (${insertProblems(tenantId, importId, Prisma.sql`${conflicts} CROSS JOIN task`)}),
    done AS (DELETE FROM "UsageImportBatch" WHERE "tenantId" = ${tenantId} AND "importId" = ${importId} AND "firstLine" BETWEEN ${from} AND ${to})
    SELECT (SELECT json_agg(n."named")::text FROM (SELECT DISTINCT jsonb_build_object(${Prisma.raw(naming.join(', '))}) AS "named" FROM fresh f) n) AS "named",
      (SELECT count(*) FROM fresh)::int AS "accepted", (count(*) FILTER (WHERE "fate" = 'duplicate'))::int AS "duplicates",
      (count(*) FILTER (WHERE "fate" = 'conflict'))::int AS "conflicts", (count(*) FILTER (WHERE "fate" = 'open'))::int AS "open"
    FROM taken`);
  if (moved === undefined) throw new Error('a count has one row');
  return { ...moved, named: JSON.parse(moved.named ?? '[]') as JsonObject[] };
}

/** The lines that have external keys, as r. */
function stagedKeys(range: Range): Prisma.Sql {
  return Prisma.sql`${batches(range)} CROSS JOIN LATERAL jsonb_to_recordset(b."claims"::jsonb)
    AS r("line" integer, "source" text, "externalId" text, "usageId" text, "digests" jsonb)`;
}

function batches({ tenantId, importId, from, to }: Range): Prisma.Sql {
  return Prisma.sql`(
    SELECT "claims", "rows", "principalId" FROM "UsageImportBatch"
    WHERE "tenantId" = ${tenantId} AND "importId" = ${importId} AND "firstLine" BETWEEN ${from} AND ${to}) b`;
}

/** The lines that are not to be moved, and why: which usage has their key, and whether it came with the same data. */
function takenLines(range: Range): Prisma.Sql {
  return Prisma.sql`taken AS MATERIALIZED (
    SELECT r.*, o."digests" AS "otherDigests", CASE
      WHEN o."usageId" IS NULL THEN 'open'
      WHEN o."digests" = r."digests" THEN 'duplicate'
      ELSE 'conflict' END AS "fate"
    FROM ${stagedKeys(range)}
    LEFT JOIN "UsageOrigin" o ON o."tenantId" = ${range.tenantId} AND o."source" = r."source" AND o."externalId" = r."externalId"
    WHERE o."usageId" IS DISTINCT FROM r."usageId"
  )`;
}

/** The problems of lines whose keys are taken, as r. */
const conflicts = Prisma.sql`(
  SELECT j."line", 'CONFLICT' AS "code",
    'externalId ''' || left(j."externalId", 100) || ''' was taken before with other data, which differ in ' || (
      SELECT string_agg("name", ', ' ORDER BY "name") FROM jsonb_each(j."digests") AS mine("name", "value")
      FULL JOIN jsonb_each(j."otherDigests") AS other("name", "value") USING ("name") WHERE mine."value" IS DISTINCT FROM other."value"
    ) AS "message"
  FROM taken j WHERE j."fate" = 'conflict') r`;
