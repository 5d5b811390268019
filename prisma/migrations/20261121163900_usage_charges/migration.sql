-- a usage may consume a prepay bucket; it and the adjustments that do it refer to each other

-- AlterTable
ALTER TABLE "BalanceAction" ADD COLUMN     "usage" JSONB;

-- AlterTable
ALTER TABLE "Usage" ADD COLUMN     "adjustBalance" JSONB,
ADD COLUMN     "chargeTo" JSONB;
