-- the balance of the present is that of the last entry, also where an entry before it was dated ahead by a clock that was wrong
-- by hand

-- The search halves the entries by their times, which such an entry leads astray: the last one is looked at first.
CREATE OR REPLACE FUNCTION "public"."entrySequenceAt"("tenant" TEXT, "bucket" TEXT, "last" INTEGER, "at" TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS $$
  WITH RECURSIVE "search"("low", "high") AS (
    SELECT CASE WHEN EXISTS (
      SELECT 1 FROM "public"."LedgerEntry" e
      WHERE e."tenantId" = "tenant" COLLATE "C" AND e."bucketId" = "bucket" COLLATE "C" AND e."sequence" = "last" AND e."recordedAt" <= "at"
    ) THEN "last" ELSE 0 END, "last"
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
