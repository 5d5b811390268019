-- whoever owns a bucket hears once that it runs low: thresholds, and what was told of them, stand in its row
ALTER TABLE "Bucket" ADD COLUMN     "depletedAt" TIMESTAMPTZ(3),
ADD COLUMN     "lastCredit" DECIMAL(25,9),
ADD COLUMN     "lastReachedThreshold" JSONB,
ADD COLUMN     "threshold" JSONB;

-- A threshold may be a share of the last credit.
UPDATE "Bucket" b SET "lastCredit" = (
  SELECT e."remainingDelta" FROM "LedgerEntry" e
  WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id" AND e."remainingDelta" > 0
    AND e."entryType" IN ('opening', 'topup', 'credit', 'transferIn')
  ORDER BY e."sequence" DESC LIMIT 1
);
