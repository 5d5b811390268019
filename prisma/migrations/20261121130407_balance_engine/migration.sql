-- transfers, scheduled and recurring top-ups, and what is due by itself

-- AlterTable
ALTER TABLE "BalanceAction" ADD COLUMN     "autoTopupThresholdAmount" DECIMAL(25,9),
ADD COLUMN     "autoTopupThresholdUnits" TEXT COLLATE "C",
ADD COLUMN     "costOwner" TEXT COLLATE "C",
ADD COLUMN     "nextDueDate" TIMESTAMPTZ(3),
ADD COLUMN     "periodsDone" INTEGER,
ADD COLUMN     "receiver" JSONB,
ADD COLUMN     "receiverBucket" JSONB,
ADD COLUMN     "receiverBucketUsageType" TEXT COLLATE "C",
ADD COLUMN     "receiverLogicalResource" JSONB,
ADD COLUMN     "receiverPartyAccount" JSONB,
ADD COLUMN     "receiverProduct" JSONB,
ADD COLUMN     "transferCostAmount" DECIMAL(25,9),
ADD COLUMN     "transferCostUnits" TEXT COLLATE "C",
ADD COLUMN     "validForEnd" TIMESTAMPTZ(3),
ADD COLUMN     "validForStart" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Bucket" ADD COLUMN     "autoTopupBalanceId" TEXT COLLATE "C",
ADD COLUMN     "autoTopupThreshold" DECIMAL(25,9);
