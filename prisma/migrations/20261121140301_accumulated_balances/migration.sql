-- the groups follow "Bucket" by triggers, so that whatever writes buckets keeps them true, and are summed up when they are read
-- by hand

-- A part of the id of a group: ~ separates the parts, * marks one that is cut. What is cut is told apart by its digest, because only
-- an index entry of bounded length can be made of an id.
CREATE FUNCTION "balanceGroupIdPart"("text" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN octet_length(e."escaped") <= 600 THEN e."escaped" ELSE left(e."escaped", 100) || '*' || md5("text") END
  FROM (SELECT replace(replace(replace("text", '%', '%25'), '~', '%7E'), '*', '%2A')) e("escaped")
$$;

-- The groups of one bucket: one for each owner it names, however often, and none before it counts any units.
CREATE FUNCTION "balanceGroupsOf"("usageType" TEXT, "units" TEXT, "logicalResource" JSONB, "partyAccount" JSONB, "product" JSONB, "relatedParty" JSONB)
RETURNS TABLE ("groupId" TEXT, "attribute" TEXT, "reference" JSONB)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
AS $$
  SELECT DISTINCT ON (1)
    o."attribute" || '~' || "balanceGroupIdPart"(o."reference"->>'id') || '~' || "balanceGroupIdPart"($1) || '~' || "balanceGroupIdPart"($2),
    o."attribute",
    -- What the owner is to one bucket, e.g. its role, says nothing of the group.
    jsonb_strip_nulls(jsonb_build_object('id', o."reference"->'id', 'href', o."reference"->'href', 'name', o."reference"->'name',
      'value', o."reference"->'value', 'atReferredType', o."reference"->'atReferredType'))
  FROM (
    SELECT 'partyAccount', $4, 1
    UNION ALL
    SELECT l."attribute", e."reference", e."place"
    FROM (VALUES ('logicalResource', $3), ('product', $5), ('relatedParty', $6)) l("attribute", "list"),
      jsonb_array_elements(CASE WHEN jsonb_typeof(l."list") = 'array' THEN l."list" END) WITH ORDINALITY e("reference", "place")
  ) o("attribute", "reference", "place")
  WHERE $2 IS NOT NULL AND o."reference"->>'id' IS NOT NULL
  ORDER BY 1, o."place"
$$;

-- Links a bucket to its groups anew. A group tells of its owner what the bucket that was written last tells; one that would stay as
-- it is is left alone, because even an update that changes nothing would lock it for all other buckets of the owner.
CREATE FUNCTION "keepBalanceGroups"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE "left" TEXT;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    FOR "left" IN
      SELECT o."groupId" FROM "balanceGroupsOf"(OLD."usageType", OLD."remainingValueUnits", OLD."logicalResource", OLD."partyAccount", OLD."product", OLD."relatedParty") o
    LOOP
      DELETE FROM "BalanceGroupBucket" WHERE "tenantId" = OLD."tenantId" AND "groupId" = "left" AND "bucketId" = OLD."id";
    END LOOP;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    WITH "groups" AS MATERIALIZED (
      SELECT * FROM "balanceGroupsOf"(NEW."usageType", NEW."remainingValueUnits", NEW."logicalResource", NEW."partyAccount", NEW."product", NEW."relatedParty")
    ), "links" AS (
      INSERT INTO "BalanceGroupBucket" ("tenantId", "groupId", "bucketId")
      SELECT NEW."tenantId", n."groupId", NEW."id" FROM "groups" n
      -- An update that changes units and owners at once comes here twice.
      ON CONFLICT DO NOTHING
    )
    INSERT INTO "BalanceGroup" ("tenantId", "id", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
    SELECT NEW."tenantId", n."groupId", NEW."usageType", NEW."remainingValueUnits",
      CASE WHEN n."attribute" = 'logicalResource' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'partyAccount' THEN n."reference" END,
      CASE WHEN n."attribute" = 'product' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'relatedParty' THEN jsonb_build_array(n."reference") END
    FROM "groups" n
    WHERE n."reference" IS DISTINCT FROM (
      SELECT COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)
      -- The id says it all, but with the usageType either index leads straight there, whichever a plan made long ago chose.
      FROM "BalanceGroup" g WHERE g."tenantId" = NEW."tenantId" AND g."usageType" = NEW."usageType" AND g."id" = n."groupId"
    )
    ORDER BY n."groupId"
    ON CONFLICT ("tenantId", "id") DO UPDATE SET "logicalResource" = EXCLUDED."logicalResource", "partyAccount" = EXCLUDED."partyAccount",
      "product" = EXCLUDED."product", "relatedParty" = EXCLUDED."relatedParty";
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER "Bucket_grouped" AFTER INSERT OR DELETE ON "Bucket"
FOR EACH ROW EXECUTE FUNCTION "keepBalanceGroups"();

CREATE TRIGGER "Bucket_regrouped" AFTER UPDATE OF "usageType", "logicalResource", "partyAccount", "product", "relatedParty" ON "Bucket"
FOR EACH ROW EXECUTE FUNCTION "keepBalanceGroups"();

-- Every movement of a balance writes the units; all but the first write what was there.
CREATE TRIGGER "Bucket_units_grouped" AFTER UPDATE OF "remainingValueUnits" ON "Bucket"
FOR EACH ROW WHEN (OLD."remainingValueUnits" IS DISTINCT FROM NEW."remainingValueUnits") EXECUTE FUNCTION "keepBalanceGroups"();

-- The buckets there are, as if each were written again.
UPDATE "Bucket" SET "usageType" = "usageType";

CREATE FUNCTION "isSpendable"(b "Bucket", "at" TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."status" = 'active' AND (b."validForStart" IS NULL OR b."validForStart" <= "at") AND (b."validForEnd" IS NULL OR b."validForEnd" > "at")
$$;

-- The collation is that of the columns, so that conditions reach their indexes.
CREATE TYPE "AccumulatedBalance" AS (
  "tenantId" TEXT COLLATE "C",
  "id" TEXT COLLATE "C",
  "revision" INTEGER,
  "updatedAt" TIMESTAMPTZ,
  "name" TEXT COLLATE "C",
  "description" TEXT COLLATE "C",
  "usageType" TEXT COLLATE "C",
  "totalBalanceAmount" NUMERIC,
  "totalBalanceUnits" TEXT COLLATE "C",
  "bucket" JSONB,
  "logicalResource" JSONB,
  "partyAccount" JSONB,
  "product" JSONB,
  "relatedParty" JSONB,
  "atType" TEXT COLLATE "C",
  "atBaseType" TEXT COLLATE "C",
  "atSchemaLocation" TEXT COLLATE "C"
);

-- A plain SELECT, so that PostgreSQL puts it in line and conditions on the group find it by its indexes; what is not asked for (the
-- sums, when rows are only counted) is not computed. The revision is a digest of the revisions summed up: it changes with any of them.
CREATE FUNCTION "accumulatedBalancesAt"("at" TIMESTAMPTZ) RETURNS SETOF "AccumulatedBalance"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT g."tenantId", g."id", s."revision", s."updatedAt",
    COALESCE(o."reference"->>'name', o."reference"->>'id') || ', ' || g."usageType" || ' in ' || g."units",
    'what ' || s."count" || CASE WHEN s."count" = 1 THEN ' bucket has left' ELSE ' buckets have left' END,
    g."usageType", s."amount", g."units",
    (
      SELECT jsonb_agg(r."reference") FROM (
        SELECT jsonb_strip_nulls(jsonb_build_object('id', b."id", 'name', b."name", 'usageType', b."usageType")) AS "reference"
        FROM "BalanceGroupBucket" l JOIN "Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
        WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "isSpendable"(b, "at")
        ORDER BY l."bucketId" LIMIT 100
      ) r
    ),
    g."logicalResource", g."partyAccount", g."product", g."relatedParty", NULL::TEXT, NULL::TEXT, NULL::TEXT
  FROM "BalanceGroup" g
  CROSS JOIN LATERAL (SELECT COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)) o("reference")
  LEFT JOIN LATERAL (
    SELECT count(*) AS "count", sum(b."remainingValueAmount") AS "amount", max(b."updatedAt") AS "updatedAt",
      ('x' || left(md5(string_agg(b."id" || ' ' || b."revision", ',' ORDER BY b."id") || o."reference"), 8))::bit(32)::int & 2147483647 AS "revision"
    FROM "BalanceGroupBucket" l JOIN "Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
    WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "isSpendable"(b, "at")
  ) s ON TRUE
  WHERE EXISTS (
    SELECT 1 FROM "BalanceGroupBucket" l JOIN "Bucket" b ON b."tenantId" = l."tenantId" AND b."id" = l."bucketId"
    WHERE l."tenantId" = g."tenantId" AND l."groupId" = g."id" AND "isSpendable"(b, "at")
  )
$$;
