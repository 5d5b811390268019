-- An event remembers the trace of its change, so that its delivery goes on with it.

-- AlterTable
ALTER TABLE "Outbox" ADD COLUMN     "traceParent" TEXT COLLATE "C";
