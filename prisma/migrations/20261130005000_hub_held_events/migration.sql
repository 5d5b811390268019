-- a resource whose events a receiver does not take holds up no other resource

-- AlterTable
ALTER TABLE "HubCursor" ADD COLUMN     "heldUntil" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "HubHeldEvent" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "hubId" TEXT COLLATE "C" NOT NULL,
    "eventId" TEXT COLLATE "C" NOT NULL,
    "resourceType" TEXT COLLATE "C" NOT NULL,
    "resourceId" TEXT COLLATE "C" NOT NULL,
    "resourceRevision" INTEGER NOT NULL,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL,
    "nextAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HubHeldEvent_pkey" PRIMARY KEY ("tenantId","hubId","eventId")
);

-- by hand

-- How a registration is told: as before, with what is held. That is at most about a thousand events of a registration.
CREATE OR REPLACE FUNCTION "public"."delivery"("h" "public"."Hub") RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'delivered', c."deliveredCount",
    'lastDeliveredAt', to_char(c."lastDeliveredAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'deadLetters', (SELECT count(*) FROM (
      SELECT 1 FROM "public"."HubDeadLetter" d WHERE d."tenantId" = c."tenantId" AND d."hubId" = c."hubId" LIMIT 1000
    ) d),
    'failedAttempts', greatest(c."attempts", h."attempts"),
    'lastError', c."error",
    'nextAttemptAt', CASE WHEN c."error" IS NOT NULL THEN to_char((CASE WHEN c."nextAt" > statement_timestamp() THEN c."nextAt" ELSE coalesce(c."heldUntil", c."nextAt") END) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END,
    'lagSeconds', greatest(0, floor(extract(epoch FROM statement_timestamp() - coalesce(c."openSince", (
      SELECT n."occurredAt" FROM (
        SELECT o.*, row_number() OVER () AS "place" FROM (
          SELECT o."tenantId", o."resourceType", o."occurredAt" FROM "public"."Outbox" o
          WHERE (o."epoch", o."transactionId", o."id") > (c."epoch", c."transactionId", c."eventId")
          ORDER BY o."epoch", o."transactionId", o."id" LIMIT 1000
        ) o
      ) n WHERE (n."tenantId" = c."tenantId" AND n."resourceType" NOT IN ('hub', 'hubDeadLetter')) OR n."place" = 1000 LIMIT 1
    ), statement_timestamp()))))::int
  ))
  FROM "public"."HubCursor" c LEFT JOIN LATERAL (
    SELECT max(e."attempts") AS "attempts" FROM "public"."HubHeldEvent" e WHERE c."heldUntil" IS NOT NULL AND e."tenantId" = c."tenantId" AND e."hubId" = c."hubId"
  ) h ON true
  WHERE c."tenantId" = "h"."tenantId" AND c."hubId" = "h"."id"
$$;
