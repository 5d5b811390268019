-- a group has a row for each bucket that began it, mostly one: transactions that begin the same group do not wait for each other
-- by hand

-- AlterTable
ALTER TABLE "BalanceGroup" ADD COLUMN     "bucketId" TEXT COLLATE "C" NOT NULL DEFAULT '',
DROP CONSTRAINT "BalanceGroup_pkey",
ADD CONSTRAINT "BalanceGroup_pkey" PRIMARY KEY ("tenantId", "id", "bucketId");

-- Links a bucket to its groups anew. A group tells of its owner what the bucket tells whose owners were written last: its rows are updated only where they would
-- change, and never when a bucket gets its first units, which is what balance actions do: these write only rows that are named for the bucket.
CREATE OR REPLACE FUNCTION "public"."keepBalanceGroups"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE
  "left" TEXT;
  "told" RECORD;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    FOR "left" IN
      SELECT o."groupId" FROM "public"."balanceGroupsOf"(OLD."usageType", OLD."remainingValueUnits", OLD."logicalResource", OLD."partyAccount", OLD."product", OLD."relatedParty") o
    LOOP
      DELETE FROM "public"."BalanceGroupBucket" WHERE "tenantId" = OLD."tenantId" AND "groupId" = "left" AND "bucketId" = OLD."id";
    END LOOP;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    WITH "groups" AS MATERIALIZED (
      SELECT * FROM "public"."balanceGroupsOf"(NEW."usageType", NEW."remainingValueUnits", NEW."logicalResource", NEW."partyAccount", NEW."product", NEW."relatedParty")
    ), "links" AS (
      INSERT INTO "public"."BalanceGroupBucket" ("tenantId", "groupId", "bucketId")
      SELECT NEW."tenantId", n."groupId", NEW."id" FROM "groups" n
      -- An update that changes units and owners at once comes here twice.
      ON CONFLICT DO NOTHING
    )
    INSERT INTO "public"."BalanceGroup" ("tenantId", "id", "bucketId", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
    SELECT NEW."tenantId", n."groupId", NEW."id", NEW."usageType", NEW."remainingValueUnits",
      CASE WHEN n."attribute" = 'logicalResource' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'partyAccount' THEN n."reference" END,
      CASE WHEN n."attribute" = 'product' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'relatedParty' THEN jsonb_build_array(n."reference") END
    FROM "groups" n
    -- Looked up one by one: a join would be planned for as few groups as there were when it was planned. The id says it all, but with the usageType either
    -- index leads straight there.
    WHERE (
      SELECT TRUE FROM "public"."BalanceGroup" g WHERE g."tenantId" = NEW."tenantId" AND g."usageType" = NEW."usageType" AND g."id" = n."groupId" LIMIT 1
    ) IS NULL
    ON CONFLICT DO NOTHING;
    IF TG_NAME <> 'Bucket_units_grouped' THEN
      FOR "told" IN
        SELECT n.* FROM "public"."balanceGroupsOf"(NEW."usageType", NEW."remainingValueUnits", NEW."logicalResource", NEW."partyAccount", NEW."product", NEW."relatedParty") n
        WHERE n."reference" IS DISTINCT FROM (
          SELECT COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)
          FROM "public"."BalanceGroup" g WHERE g."tenantId" = NEW."tenantId" AND g."usageType" = NEW."usageType" AND g."id" = n."groupId"
          ORDER BY g."bucketId" LIMIT 1
        )
        ORDER BY n."groupId"
      LOOP
        UPDATE "public"."BalanceGroup" SET
          "logicalResource" = CASE WHEN "told"."attribute" = 'logicalResource' THEN jsonb_build_array("told"."reference") END,
          "partyAccount" = CASE WHEN "told"."attribute" = 'partyAccount' THEN "told"."reference" END,
          "product" = CASE WHEN "told"."attribute" = 'product' THEN jsonb_build_array("told"."reference") END,
          "relatedParty" = CASE WHEN "told"."attribute" = 'relatedParty' THEN jsonb_build_array("told"."reference") END
        WHERE "tenantId" = NEW."tenantId" AND "id" = "told"."groupId";
      END LOOP;
    END IF;
  END IF;
  RETURN NULL;
END
$$;

-- Of the rows of a group, the first stands for it.
CREATE OR REPLACE FUNCTION "public"."accumulatedBalancesAt"("at" TIMESTAMPTZ) RETURNS SETOF "public"."AccumulatedBalance"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT g."tenantId", g."id", s."revision", s."updatedAt",
    COALESCE(o."reference"->>'name', o."reference"->>'id') || ', ' || g."usageType" || ' in ' || g."units",
    'what ' || s."count" || CASE WHEN s."count" = 1 THEN ' bucket has left' ELSE ' buckets have left' END,
    g."usageType", s."amount", g."units",
    (
      SELECT jsonb_agg(r."reference") FROM (
        SELECT jsonb_strip_nulls(jsonb_build_object('id', b."id", 'name', b."name", 'usageType', b."usageType")) AS "reference"
        FROM "public"."BalanceGroupBucket" l JOIN "public"."Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
        WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "public"."isSpendable"(b, "at")
        ORDER BY l."bucketId" LIMIT 100
      ) r
    ),
    g."logicalResource", g."partyAccount", g."product", g."relatedParty", NULL::TEXT, NULL::TEXT, NULL::TEXT
  FROM "public"."BalanceGroup" g
  CROSS JOIN LATERAL (SELECT COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)) o("reference")
  LEFT JOIN LATERAL (
    SELECT count(*) AS "count", sum(b."remainingValueAmount") AS "amount", max(b."updatedAt") AS "updatedAt",
      ('x' || left(md5(string_agg(b."id" || ' ' || b."revision", ',' ORDER BY b."id") || o."reference"), 8))::bit(32)::int & 2147483647 AS "revision"
    FROM "public"."BalanceGroupBucket" l JOIN "public"."Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
    WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "public"."isSpendable"(b, "at")
  ) s ON TRUE
  WHERE EXISTS (
    SELECT 1 FROM "public"."BalanceGroupBucket" l JOIN "public"."Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
    WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "public"."isSpendable"(b, "at")
  ) AND NOT EXISTS (
    SELECT 1 FROM "public"."BalanceGroup" f WHERE f."tenantId" = g."tenantId" AND f."id" = g."id" AND f."bucketId" < g."bucketId"
  )
$$;
