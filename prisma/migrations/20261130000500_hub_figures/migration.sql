-- operators see how far each registration is, and nobody reads or sorts by a secret that is told once

-- AlterTable
ALTER TABLE "HubCursor" ADD COLUMN     "deliveredCount" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "lastDeliveredAt" TIMESTAMPTZ(3),
ADD COLUMN     "openSince" TIMESTAMPTZ(3);

-- by hand

DROP FUNCTION "public"."secret"("public"."Hub");

-- How a registration is told. Three looks by keys each, so that a list of a thousand of them beside millions of events is cheap: its cursor, at most a thousand of its
-- dead letters, and the first event behind the cursor. What was read and is not done has its time in the cursor, so that events are only looked for where nobody has
-- read yet; there, those of other tenants may come first, of which a thousand are passed over: what comes behind is no older. Nobody is told of registrations themselves.
CREATE FUNCTION "public"."delivery"("h" "public"."Hub") RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'delivered', c."deliveredCount",
    'lastDeliveredAt', to_char(c."lastDeliveredAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'deadLetters', (SELECT count(*) FROM (
      SELECT 1 FROM "public"."HubDeadLetter" d WHERE d."tenantId" = c."tenantId" AND d."hubId" = c."hubId" LIMIT 1000
    ) d),
    'failedAttempts', c."attempts",
    'lastError', c."error",
    'nextAttemptAt', CASE WHEN c."error" IS NOT NULL THEN to_char(c."nextAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END,
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
  FROM "public"."HubCursor" c WHERE c."tenantId" = "h"."tenantId" AND c."hubId" = "h"."id"
$$;
