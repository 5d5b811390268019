-- movements of buckets are told by events that are made of those of actions, which keep what is needed for it

-- AlterTable
ALTER TABLE "Outbox" ADD COLUMN     "impact" JSONB;
