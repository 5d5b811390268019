-- Bill cycles are run, usages become billing rates once, and buckets get statements.

-- AlterTable
ALTER TABLE "CustomerBill" ADD COLUMN     "billRunId" TEXT COLLATE "C",
ADD COLUMN     "holdReason" TEXT COLLATE "C",
ADD COLUMN     "isCalculated" BOOLEAN;

-- AlterTable
ALTER TABLE "CustomerBillOnDemand" ADD COLUMN     "bucket" JSONB;

-- CreateTable
CREATE TABLE "BillRun" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "dryRun" BOOLEAN NOT NULL,
    "billCycle" JSONB NOT NULL,
    "accounts" INTEGER NOT NULL DEFAULT 0,
    "bills" INTEGER NOT NULL DEFAULT 0,
    "held" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "failure" JSONB,
    "lastAccount" TEXT COLLATE "C",
    "message" TEXT COLLATE "C",
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "BillRun_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BillRunPreview" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "runId" TEXT COLLATE "C" NOT NULL,
    "billId" TEXT COLLATE "C" NOT NULL,
    "bill" JSONB NOT NULL,

    CONSTRAINT "BillRunPreview_pkey" PRIMARY KEY ("tenantId","runId","billId")
);

-- CreateTable
CREATE TABLE "UsageRate" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "usageId" TEXT COLLATE "C" NOT NULL,
    "result" INTEGER NOT NULL,
    "rateId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "UsageRate_pkey" PRIMARY KEY ("tenantId","usageId","result")
);

-- CreateTable
CREATE TABLE "BucketStatement" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,
    "sequence" INTEGER NOT NULL,

    CONSTRAINT "BucketStatement_pkey" PRIMARY KEY ("tenantId","bucketId")
);

-- CreateIndex
CREATE INDEX "BillRun_tenantId_state_id_idx" ON "BillRun"("tenantId", "state", "id");

-- CreateIndex
CREATE INDEX "BillRun_billCycle_idx" ON "BillRun" USING GIN ("billCycle" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "UsageRate_tenantId_rateId_idx" ON "UsageRate"("tenantId", "rateId");

-- CreateIndex
CREATE INDEX "CustomerBill_tenantId_billRunId_id_idx" ON "CustomerBill"("tenantId", "billRunId", "id");
