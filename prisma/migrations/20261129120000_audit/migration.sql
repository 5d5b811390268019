-- who did what is written down, and actions, ledger entries and events say who asked for them

-- AlterTable
ALTER TABLE "BalanceAction" ADD COLUMN     "principalId" TEXT COLLATE "C";

-- AlterTable
ALTER TABLE "LedgerEntry" ADD COLUMN     "principalId" TEXT COLLATE "C";

-- AlterTable
ALTER TABLE "Outbox" ADD COLUMN     "principalId" TEXT COLLATE "C";

-- AlterTable
ALTER TABLE "UsageImportBatch" ADD COLUMN     "principalId" TEXT COLLATE "C";

-- CreateTable
CREATE TABLE "AuditRecord" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "principalId" TEXT COLLATE "C" NOT NULL,
    "principalKind" TEXT COLLATE "C" NOT NULL,
    "keyId" TEXT COLLATE "C",
    "address" TEXT COLLATE "C" NOT NULL,
    "requestId" TEXT COLLATE "C" NOT NULL,
    "transport" TEXT COLLATE "C" NOT NULL,
    "operation" TEXT COLLATE "C" NOT NULL,
    "resourceType" TEXT COLLATE "C",
    "resourceIds" JSONB,
    "outcome" TEXT COLLATE "C" NOT NULL,
    "code" TEXT COLLATE "C",
    "detail" TEXT COLLATE "C",

    CONSTRAINT "AuditRecord_pkey" PRIMARY KEY ("tenantId","id","at")
) PARTITION BY RANGE ("at");

-- Takes what no month has a partition for. Months get theirs from the server, ahead of time, and are dropped whole when they are too old.
CREATE TABLE "AuditRecord_other" PARTITION OF "AuditRecord" DEFAULT;

-- CreateIndex
CREATE INDEX "AuditRecord_tenantId_at_id_idx" ON "AuditRecord"("tenantId", "at", "id");

-- CreateIndex
CREATE INDEX "AuditRecord_tenantId_principalId_at_id_idx" ON "AuditRecord"("tenantId", "principalId", "at", "id");
