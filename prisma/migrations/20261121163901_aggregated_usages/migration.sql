-- what a party has used and not been billed for yet, summed up when it is read
-- by hand

-- A part of the id of a sum: ~ separates the parts. What is absent is an empty part.
CREATE FUNCTION "usageSumIdPart"("text" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT replace(replace(COALESCE("text", ''), '%', '%25'), '~', '%7E') $$;

-- The parties whose sums are wanted, each as a list of references that contains it: the party that begins an id, or those that are named.
CREATE FUNCTION "usageSumParties"("ids" TEXT[], "parties" TEXT[]) RETURNS JSONB[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT COALESCE(array_agg(DISTINCT jsonb_build_array(jsonb_build_object('id', p))), '{}')
  FROM unnest(CASE WHEN "ids" IS NULL THEN "parties"
    ELSE ARRAY(SELECT replace(replace(split_part(i, '~', 1), '%7E', '~'), '%25', '%') FROM unnest("ids") i) END) p
$$;

-- The collation is that of the columns.
CREATE TYPE "AggregatedUsage" AS (
  "tenantId" TEXT COLLATE "C",
  "id" TEXT COLLATE "C",
  "revision" INTEGER,
  "updatedAt" TIMESTAMPTZ,
  "name" TEXT COLLATE "C",
  "usageType" TEXT COLLATE "C",
  "usageSpecification" JSONB,
  "relatedParty" JSONB,
  "count" INTEGER,
  "taxExcludedAmountValue" NUMERIC,
  "taxExcludedAmountUnit" TEXT COLLATE "C",
  "taxIncludedAmountValue" NUMERIC,
  "taxIncludedAmountUnit" TEXT COLLATE "C",
  "atType" TEXT COLLATE "C",
  "atBaseType" TEXT COLLATE "C",
  "atSchemaLocation" TEXT COLLATE "C"
);

-- The sums at present, whatever the instant: of all, or of those that "ids" or "parties" name, whose usages the index of "relatedParty" finds.
-- A plain SELECT, so that PostgreSQL puts it in line and leaves out what is not asked for. The revision is a digest of the
-- revisions summed up: it changes with any of them.
CREATE FUNCTION "aggregatedUsagesAt"("at" TIMESTAMPTZ, "ids" TEXT[], "parties" TEXT[]) RETURNS SETOF "AggregatedUsage"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT s."tenantId",
    "usageSumIdPart"(s."partyId") || '~' || "usageSumIdPart"(s."usageType") || '~' || "usageSumIdPart"(s."specificationId") || '~' || "usageSumIdPart"(s."unit"),
    s."revision", s."updatedAt",
    'unbilled' || COALESCE(' ' || s."usageType", '') || ' usage of ' || s."partyId" || ' in ' || s."unit",
    s."usageType", jsonb_build_object('id', s."specificationId"),
    -- As the usage has it that came last. What the party is to one usage, e.g. its role, says nothing of the sum.
    (
      SELECT jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('id', e->'id', 'href', e->'href', 'name', e->'name', 'atReferredType', e->'atReferredType')))
      FROM "Usage" l, "jsonElements"(l."relatedParty") e
      WHERE l."tenantId" = s."tenantId" AND l."id" = s."lastId" AND e->>'id' = s."partyId" LIMIT 1
    ),
    s."count", s."taxExcluded", CASE WHEN s."taxExcluded" IS NOT NULL THEN s."unit" END, s."taxIncluded", CASE WHEN s."taxIncluded" IS NOT NULL THEN s."unit" END,
    NULL::TEXT, NULL::TEXT, NULL::TEXT
  FROM (
    SELECT u."tenantId", p."id" AS "partyId", u."usageType", u."usageSpecification"->>'id' AS "specificationId", t."unit",
      count(*)::int AS "count", sum(t."taxExcluded") AS "taxExcluded", sum(t."taxIncluded") AS "taxIncluded",
      max(u."id") AS "lastId", max(u."updatedAt") AS "updatedAt",
      mod(abs(sum(hashtextextended(u."id" || ' ' || u."revision", 0))), 2147483647)::int AS "revision"
    FROM "Usage" u
      CROSS JOIN LATERAL (SELECT DISTINCT e->>'id' AS "id" FROM "jsonElements"(u."relatedParty") e) p
      CROSS JOIN LATERAL "ratedTotals"(jsonb_path_query_array(u."ratedProductUsage", '$[*] ? (!(@.isBilled == true))')) t
    -- What consumed a bucket is paid, and nobody will bill it.
    WHERE u."status" IN ('rated', 'rerated') AND u."chargeTo" IS NULL
      AND (("ids" IS NULL AND "parties" IS NULL) OR u."relatedParty" @> ANY ("usageSumParties"("ids", "parties")))
    GROUP BY 1, 2, 3, 4, 5
  ) s
$$;
