-- the balance of a bucket at an instant is found in its ledger, however long that is
-- by hand

-- Number of the last entry written by then, 0 when there is none. Entries are numbered from 1 without gaps and their times
-- never run backwards, so halving finds it. The entry in the middle is a sub-select, ordered: only the key gives that order, so it is
-- looked up by the key even where a plan was made when the ledger was short.
CREATE FUNCTION "entrySequenceAt"("tenant" TEXT, "bucket" TEXT, "last" INTEGER, "at" TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS $$
  WITH RECURSIVE "search"("low", "high") AS (
    SELECT 0, "last"
    UNION ALL
    SELECT CASE WHEN s."isBefore" THEN s."middle" ELSE s."low" END, CASE WHEN s."isBefore" THEN s."high" ELSE s."middle" - 1 END
    FROM (
      SELECT m.*, (
        SELECT e."recordedAt" <= "at" FROM "LedgerEntry" e
        WHERE e."tenantId" = "tenant" COLLATE "C" AND e."bucketId" = "bucket" COLLATE "C" AND e."sequence" >= m."middle"
        ORDER BY e."sequence" LIMIT 1
      ) AS "isBefore"
      FROM (SELECT "low", "high", ("low" + "high" + 1) / 2 AS "middle" FROM "search" WHERE "low" < "high") m
    ) s
  )
  SELECT "low" FROM "search" WHERE "low" = "high"
$$;

-- What the last entry written by then says of a bucket. The collation is that of the columns, so that conditions reach their indexes.
CREATE TYPE "LedgerEntryAt" AS (
  "tenantId" TEXT COLLATE "C",
  "bucketId" TEXT COLLATE "C",
  "sequence" INTEGER,
  "id" TEXT COLLATE "C",
  "remainingAfter" DECIMAL(25,9),
  "reservedAfter" DECIMAL(25,9),
  "units" TEXT COLLATE "C"
);

-- LIMIT keeps the entry from being joined: however little is known of the ledger, its one row is looked up by its key.
CREATE FUNCTION "ledgerEntriesAt"("at" TIMESTAMPTZ) RETURNS SETOF "LedgerEntryAt"
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."tenantId", b."id", e.*
  FROM "Bucket" b CROSS JOIN LATERAL (
    SELECT e."sequence", e."id", e."remainingAfter", e."reservedAfter", e."units" FROM "LedgerEntry" e
    WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id"
      AND e."sequence" = "entrySequenceAt"(b."tenantId", b."id", b."entrySequence", "at")
    LIMIT 1
  ) e
$$;
