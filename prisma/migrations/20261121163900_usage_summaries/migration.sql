-- what a usage was rated at as columns of its own, kept by PostgreSQL and carried by an index, so that summaries read neither JSON nor the table
-- by hand

CREATE FUNCTION "jsonNumber"("value" JSONB) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN jsonb_typeof("value") = 'number' THEN "value"::numeric END $$;

CREATE FUNCTION "jsonElements"("value" JSONB) RETURNS SETOF JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
AS $$ SELECT e FROM jsonb_array_elements(CASE WHEN jsonb_typeof("value") = 'array' THEN "value" END) e $$;

-- What rating results come to, in each unit they name. An amount that none of them has is null.
CREATE FUNCTION "ratedTotals"("ratings" JSONB) RETURNS TABLE ("unit" TEXT, "taxExcluded" NUMERIC, "taxIncluded" NUMERIC)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
AS $$
  SELECT m."unit" COLLATE "C", sum(m."taxExcluded"), sum(m."taxIncluded")
  FROM "jsonElements"("ratings") e, LATERAL (VALUES
    (e->'taxExcludedRatingAmount'->>'unit', "jsonNumber"(e->'taxExcludedRatingAmount'->'value'), NULL::numeric),
    (e->'taxIncludedRatingAmount'->>'unit', NULL::numeric, "jsonNumber"(e->'taxIncludedRatingAmount'->'value'))
  ) m("unit", "taxExcluded", "taxIncluded")
  WHERE m."unit" IS NOT NULL
  GROUP BY 1
$$;

-- The same of several results, as one value each. The empty unit, which no amount has, stands for several units.
CREATE FUNCTION "ratedUnitOfSeveral"("ratings" JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN count(*) > 1 THEN '' ELSE min(t."unit") END FROM "ratedTotals"("ratings") t $$;

CREATE FUNCTION "ratedAmountOfSeveral"("ratings" JSONB, "name" TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT sum("jsonNumber"(e->"name"->'value')) FROM "jsonElements"("ratings") e $$;

-- Nearly every usage has one result. PostgreSQL puts these in line, and calls the costly ones only for several.
CREATE FUNCTION "ratedUnitOf"("ratings" JSONB) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN jsonb_typeof("ratings") IS DISTINCT FROM 'array' THEN NULL
    WHEN jsonb_array_length("ratings") > 1 THEN "ratedUnitOfSeveral"("ratings")
    WHEN "ratings"->0->'taxExcludedRatingAmount'->>'unit' <> ("ratings"->0->'taxIncludedRatingAmount'->>'unit') THEN ''
    ELSE COALESCE("ratings"->0->'taxExcludedRatingAmount'->>'unit', "ratings"->0->'taxIncludedRatingAmount'->>'unit') END
$$;

CREATE FUNCTION "ratedAmountOf"("ratings" JSONB, "name" TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN jsonb_typeof("ratings") IS DISTINCT FROM 'array' THEN NULL
    WHEN jsonb_array_length("ratings") > 1 THEN "ratedAmountOfSeveral"("ratings", "name")
    ELSE "jsonNumber"("ratings"->0->"name"->'value') END
$$;

ALTER TABLE "Usage"
  ADD COLUMN "ratedUnit" TEXT COLLATE "C" GENERATED ALWAYS AS ("ratedUnitOf"("ratedProductUsage")) STORED,
  ADD COLUMN "ratedTaxExcluded" NUMERIC GENERATED ALWAYS AS ("ratedAmountOf"("ratedProductUsage", 'taxExcludedRatingAmount')) STORED,
  ADD COLUMN "ratedTaxIncluded" NUMERIC GENERATED ALWAYS AS ("ratedAmountOf"("ratedProductUsage", 'taxIncludedRatingAmount')) STORED;

-- In place of the index by time: the same, with what summaries ask for carried along. They read it alone, and who writes usages writes
-- no index more than before. Prisma has no word for INCLUDE.
DROP INDEX "Usage_tenantId_usageDate_id_idx";
CREATE INDEX "Usage_summaries" ON "Usage" ("tenantId", "usageDate", "id")
  INCLUDE ("usageType", "status", "ratedUnit", "ratedTaxExcluded", "ratedTaxIncluded");

-- The few whose amounts have several units: summaries read their JSON.
CREATE INDEX "Usage_severalUnits" ON "Usage" ("tenantId", "id") WHERE "ratedUnit" = '';

-- Usages differ by the instant, and are summed up by the day: told the number of instants, PostgreSQL would expect a group for each, and
-- sort them all in one process instead of adding them up in several.
ALTER TABLE "Usage" ALTER COLUMN "usageDate" SET (n_distinct = 1000);
