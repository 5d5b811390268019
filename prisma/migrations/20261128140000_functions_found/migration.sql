-- functions find what they call wherever they are called from: pg_dump and pg_restore run them with an empty search_path, and lost the table Usage
-- by hand

-- The functions of generated columns have bodies that PostgreSQL parses when they are made, so that it knows which calls which, dumps them in that order, and asks for no
-- path. The others name the schema. None sets a path of its own: PostgreSQL would not put it in line any more.

CREATE OR REPLACE FUNCTION "public"."liveReservations"("tenant" TEXT, "bucket" TEXT) RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT COALESCE(
    jsonb_agg(jsonb_build_object('id', h."reserveBalanceId") ORDER BY h."reserveBalanceId"),
    '[]'::jsonb
  )
  FROM "public"."ReservationHold" h
  WHERE h."tenantId" = "tenant" COLLATE "C" AND h."bucketId" = "bucket" COLLATE "C"
$$;

CREATE OR REPLACE FUNCTION "public"."reserveBalance"("public"."Bucket") RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN $1."reservedValueAmount" <> 0 THEN "public"."liveReservations"($1."tenantId", $1."id") END
$$;

CREATE OR REPLACE FUNCTION "public"."bucketIdsOf"("bucket" JSONB, "impactedBucket" JSONB, "receiverBucket" JSONB) RETURNS SETOF TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
AS $$
  SELECT n."id" FROM (
    SELECT $1->>'id'
    UNION SELECT e->'bucket'->>'id' FROM jsonb_array_elements(CASE WHEN jsonb_typeof($2) = 'array' THEN $2 END) e
    UNION SELECT $3->>'id'
  ) n("id")
  WHERE octet_length(n."id") <= 64
$$;

CREATE OR REPLACE FUNCTION "public"."linkNewActions"() RETURNS TRIGGER
LANGUAGE plpgsql SET jit = off
AS $$
BEGIN
  INSERT INTO "public"."BucketAction" ("tenantId", "bucketId", "actionId")
  SELECT a."tenantId", i, a."id" FROM "added" a, "public"."bucketIdsOf"(a."bucket", a."impactedBucket", a."receiverBucket") i;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION "public"."linkChangedAction"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE "left" TEXT;
BEGIN
  -- One by one, by the key.
  FOR "left" IN SELECT "public"."bucketIdsOf"(OLD."bucket", OLD."impactedBucket", OLD."receiverBucket") LOOP
    DELETE FROM "public"."BucketAction" WHERE "tenantId" = OLD."tenantId" AND "bucketId" = "left" AND "actionId" = OLD."id";
  END LOOP;
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO "public"."BucketAction" ("tenantId", "bucketId", "actionId")
    SELECT NEW."tenantId", i, NEW."id" FROM "public"."bucketIdsOf"(NEW."bucket", NEW."impactedBucket", NEW."receiverBucket") i;
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION "public"."entrySequenceAt"("tenant" TEXT, "bucket" TEXT, "last" INTEGER, "at" TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS $$
  WITH RECURSIVE "search"("low", "high") AS (
    SELECT 0, "last"
    UNION ALL
    SELECT CASE WHEN s."isBefore" THEN s."middle" ELSE s."low" END, CASE WHEN s."isBefore" THEN s."high" ELSE s."middle" - 1 END
    FROM (
      SELECT m.*, (
        SELECT e."recordedAt" <= "at" FROM "public"."LedgerEntry" e
        WHERE e."tenantId" = "tenant" COLLATE "C" AND e."bucketId" = "bucket" COLLATE "C" AND e."sequence" >= m."middle"
        ORDER BY e."sequence" LIMIT 1
      ) AS "isBefore"
      FROM (SELECT "low", "high", ("low" + "high" + 1) / 2 AS "middle" FROM "search" WHERE "low" < "high") m
    ) s
  )
  SELECT "low" FROM "search" WHERE "low" = "high"
$$;

CREATE OR REPLACE FUNCTION "public"."ledgerEntriesAt"("at" TIMESTAMPTZ) RETURNS SETOF "public"."LedgerEntryAt"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."tenantId", b."id", e.*
  FROM "public"."Bucket" b CROSS JOIN LATERAL (
    SELECT e."sequence", e."id", e."remainingAfter", e."reservedAfter", e."units" FROM "public"."LedgerEntry" e
    WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id"
      AND e."sequence" = "public"."entrySequenceAt"(b."tenantId", b."id", b."entrySequence", "at")
    LIMIT 1
  ) e
$$;

CREATE OR REPLACE FUNCTION "public"."balanceGroupIdPart"("text" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN octet_length(e."escaped") <= 600 THEN e."escaped" ELSE left(e."escaped", 100) || '*' || md5("text") END
  FROM (SELECT replace(replace(replace("text", '%', '%25'), '~', '%7E'), '*', '%2A')) e("escaped")
$$;

CREATE OR REPLACE FUNCTION "public"."balanceGroupsOf"("usageType" TEXT, "units" TEXT, "logicalResource" JSONB, "partyAccount" JSONB, "product" JSONB, "relatedParty" JSONB)
RETURNS TABLE ("groupId" TEXT, "attribute" TEXT, "reference" JSONB)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
AS $$
  SELECT DISTINCT ON (1)
    o."attribute" || '~' || "public"."balanceGroupIdPart"(o."reference"->>'id') || '~' || "public"."balanceGroupIdPart"($1) || '~' || "public"."balanceGroupIdPart"($2),
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

CREATE OR REPLACE FUNCTION "public"."keepBalanceGroups"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE "left" TEXT;
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
    INSERT INTO "public"."BalanceGroup" ("tenantId", "id", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
    SELECT NEW."tenantId", n."groupId", NEW."usageType", NEW."remainingValueUnits",
      CASE WHEN n."attribute" = 'logicalResource' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'partyAccount' THEN n."reference" END,
      CASE WHEN n."attribute" = 'product' THEN jsonb_build_array(n."reference") END,
      CASE WHEN n."attribute" = 'relatedParty' THEN jsonb_build_array(n."reference") END
    FROM "groups" n
    WHERE n."reference" IS DISTINCT FROM (
      SELECT COALESCE(g."partyAccount", g."logicalResource"->0, g."product"->0, g."relatedParty"->0)
      -- The id says it all, but with the usageType either index leads straight there, whichever a plan made long ago chose.
      FROM "public"."BalanceGroup" g WHERE g."tenantId" = NEW."tenantId" AND g."usageType" = NEW."usageType" AND g."id" = n."groupId"
    )
    ORDER BY n."groupId"
    ON CONFLICT ("tenantId", "id") DO UPDATE SET "logicalResource" = EXCLUDED."logicalResource", "partyAccount" = EXCLUDED."partyAccount",
      "product" = EXCLUDED."product", "relatedParty" = EXCLUDED."relatedParty";
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION "public"."isSpendable"(b "public"."Bucket", "at" TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."status" = 'active' AND (b."validForStart" IS NULL OR b."validForStart" <= "at") AND (b."validForEnd" IS NULL OR b."validForEnd" > "at")
$$;

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
  )
$$;

CREATE OR REPLACE FUNCTION "public"."billId"("public"."AppliedCustomerBillingRate") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."bill"->>'id' $$;

CREATE OR REPLACE FUNCTION "public"."billingAccountId"("public"."AppliedCustomerBillingRate") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."billingAccount"->>'id' $$;

CREATE OR REPLACE FUNCTION "public"."billingAccountId"("public"."CustomerBill") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."billingAccount"->>'id' $$;

CREATE OR REPLACE FUNCTION "public"."jsonNumber"("value" JSONB) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof("value") = 'number' THEN "value"::numeric END;
END;

CREATE OR REPLACE FUNCTION "public"."jsonElements"("value" JSONB) RETURNS SETOF JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
  SELECT e FROM jsonb_array_elements(CASE WHEN jsonb_typeof("value") = 'array' THEN "value" END) e;
END;

CREATE OR REPLACE FUNCTION "public"."ratedTotals"("ratings" JSONB) RETURNS TABLE ("unit" TEXT, "taxExcluded" NUMERIC, "taxIncluded" NUMERIC)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT m."unit" COLLATE "C", sum(m."taxExcluded"), sum(m."taxIncluded")
  FROM "public"."jsonElements"("ratings") e, LATERAL (VALUES
    (e->'taxExcludedRatingAmount'->>'unit', "public"."jsonNumber"(e->'taxExcludedRatingAmount'->'value'), NULL::numeric),
    (e->'taxIncludedRatingAmount'->>'unit', NULL::numeric, "public"."jsonNumber"(e->'taxIncludedRatingAmount'->'value'))
  ) m("unit", "taxExcluded", "taxIncluded")
  WHERE m."unit" IS NOT NULL
  GROUP BY 1;
END;

CREATE OR REPLACE FUNCTION "public"."ratedUnitOfSeveral"("ratings" JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN count(*) > 1 THEN '' ELSE min(t."unit") END FROM "public"."ratedTotals"("ratings") t;
END;

CREATE OR REPLACE FUNCTION "public"."ratedAmountOfSeveral"("ratings" JSONB, "name" TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT sum("public"."jsonNumber"(e->"name"->'value')) FROM "public"."jsonElements"("ratings") e;
END;

CREATE OR REPLACE FUNCTION "public"."ratedUnitOf"("ratings" JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof("ratings") IS DISTINCT FROM 'array' THEN NULL
    WHEN jsonb_array_length("ratings") > 1 THEN "public"."ratedUnitOfSeveral"("ratings")
    WHEN "ratings"->0->'taxExcludedRatingAmount'->>'unit' <> ("ratings"->0->'taxIncludedRatingAmount'->>'unit') THEN ''
    ELSE COALESCE("ratings"->0->'taxExcludedRatingAmount'->>'unit', "ratings"->0->'taxIncludedRatingAmount'->>'unit') END;
END;

CREATE OR REPLACE FUNCTION "public"."ratedAmountOf"("ratings" JSONB, "name" TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof("ratings") IS DISTINCT FROM 'array' THEN NULL
    WHEN jsonb_array_length("ratings") > 1 THEN "public"."ratedAmountOfSeveral"("ratings", "name")
    ELSE "public"."jsonNumber"("ratings"->0->"name"->'value') END;
END;

CREATE OR REPLACE FUNCTION "public"."usageSumIdPart"("text" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT replace(replace(COALESCE("text", ''), '%', '%25'), '~', '%7E') $$;

CREATE OR REPLACE FUNCTION "public"."usageSumParties"("ids" TEXT[], "parties" TEXT[]) RETURNS JSONB[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT COALESCE(array_agg(DISTINCT jsonb_build_array(jsonb_build_object('id', p))), '{}')
  FROM unnest(CASE WHEN "ids" IS NULL THEN "parties"
    ELSE ARRAY(SELECT replace(replace(split_part(i, '~', 1), '%7E', '~'), '%25', '%') FROM unnest("ids") i) END) p
$$;

CREATE OR REPLACE FUNCTION "public"."aggregatedUsagesAt"("at" TIMESTAMPTZ, "ids" TEXT[], "parties" TEXT[]) RETURNS SETOF "public"."AggregatedUsage"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT s."tenantId",
    "public"."usageSumIdPart"(s."partyId") || '~' || "public"."usageSumIdPart"(s."usageType") || '~' || "public"."usageSumIdPart"(s."specificationId") || '~' || "public"."usageSumIdPart"(s."unit"),
    s."revision", s."updatedAt",
    'unbilled' || COALESCE(' ' || s."usageType", '') || ' usage of ' || s."partyId" || ' in ' || s."unit",
    s."usageType", jsonb_build_object('id', s."specificationId"),
    -- As the usage has it that came last. What the party is to one usage, e.g. its role, says nothing of the sum.
    (
      SELECT jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('id', e->'id', 'href', e->'href', 'name', e->'name', 'atReferredType', e->'atReferredType')))
      FROM "public"."Usage" l, "public"."jsonElements"(l."relatedParty") e
      WHERE l."tenantId" = s."tenantId" AND l."id" = s."lastId" AND e->>'id' = s."partyId" LIMIT 1
    ),
    s."count", s."taxExcluded", CASE WHEN s."taxExcluded" IS NOT NULL THEN s."unit" END, s."taxIncluded", CASE WHEN s."taxIncluded" IS NOT NULL THEN s."unit" END,
    NULL::TEXT, NULL::TEXT, NULL::TEXT
  FROM (
    SELECT u."tenantId", p."id" AS "partyId", u."usageType", u."usageSpecification"->>'id' AS "specificationId", t."unit",
      count(*)::int AS "count", sum(t."taxExcluded") AS "taxExcluded", sum(t."taxIncluded") AS "taxIncluded",
      max(u."id") AS "lastId", max(u."updatedAt") AS "updatedAt",
      mod(abs(sum(hashtextextended(u."id" || ' ' || u."revision", 0))), 2147483647)::int AS "revision"
    FROM "public"."Usage" u
      CROSS JOIN LATERAL (SELECT DISTINCT e->>'id' AS "id" FROM "public"."jsonElements"(u."relatedParty") e) p
      CROSS JOIN LATERAL "public"."ratedTotals"(jsonb_path_query_array(u."ratedProductUsage", '$[*] ? (!(@.isBilled == true))')) t
    -- What consumed a bucket is paid, and nobody will bill it.
    WHERE u."status" IN ('rated', 'rerated') AND u."chargeTo" IS NULL
      AND (("ids" IS NULL AND "parties" IS NULL) OR u."relatedParty" @> ANY ("public"."usageSumParties"("ids", "parties")))
    GROUP BY 1, 2, 3, 4, 5
  ) s
$$;

CREATE OR REPLACE FUNCTION "public"."billingAccountId"("public"."Usage") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (jsonb_path_query_first($1."relatedParty", '$[*] ? (@.atReferredType == "BillingAccount").id') #>> '{}') COLLATE "C" $$;

CREATE OR REPLACE FUNCTION "public"."billsOfRunsAt"(timestamptz) RETURNS SETOF "public"."CustomerBill"
LANGUAGE sql STABLE
AS $$
  SELECT b.* FROM "public"."CustomerBill" b WHERE b."billRunId" IS NOT NULL
  UNION ALL
  SELECT r.* FROM "public"."BillRunPreview" p CROSS JOIN LATERAL jsonb_populate_record(NULL::"public"."CustomerBill", p."bill") r
$$;

CREATE OR REPLACE FUNCTION "public"."resourceOrderId"("public"."CancelResourceOrder") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."resourceOrder"->>'id' $$;
