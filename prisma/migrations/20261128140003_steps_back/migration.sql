-- the balance as of an instant is right also where the times of a ledger step back, behind an entry that a wrong clock dated ahead
-- by hand

-- The entries whose time is before that of the entry before them: between two of them times never run backwards.
CREATE TABLE "LedgerStepBack" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,
    "sequence" INTEGER NOT NULL,
    "recordedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "LedgerStepBack_pkey" PRIMARY KEY ("tenantId","bucketId","sequence")
);

-- Number of the last entry, by sequence, whose time is not later; 0 when there is none. Of a stretch that begins later all is later:
-- so it is in the last stretch that does not, and halving finds it there.
CREATE OR REPLACE FUNCTION "public"."entrySequenceAt"("tenant" TEXT, "bucket" TEXT, "last" INTEGER, "at" TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS $$
  WITH RECURSIVE "stretch"("low") AS MATERIALIZED (
    SELECT COALESCE((
      SELECT s."sequence" FROM "public"."LedgerStepBack" s
      WHERE s."tenantId" = "tenant" COLLATE "C" AND s."bucketId" = "bucket" COLLATE "C" AND s."sequence" <= "last" AND s."recordedAt" <= "at"
      ORDER BY s."sequence" DESC LIMIT 1
    ), 0)
  ), "search"("low", "high") AS (
    SELECT t."low", COALESCE((
      SELECT s."sequence" - 1 FROM "public"."LedgerStepBack" s
      WHERE s."tenantId" = "tenant" COLLATE "C" AND s."bucketId" = "bucket" COLLATE "C" AND s."sequence" > t."low" AND s."sequence" <= "last"
      ORDER BY s."sequence" LIMIT 1
    ), "last") FROM "stretch" t
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
