-- usages are handed out as files: the tasks that say which, and how their last download went

-- CreateTable
CREATE TABLE "UsageExport" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "status" TEXT COLLATE "C" NOT NULL,
    "query" TEXT COLLATE "C" NOT NULL,
    "contentType" TEXT COLLATE "C" NOT NULL,
    "creationDate" TIMESTAMPTZ(3) NOT NULL,
    "completionDate" TIMESTAMPTZ(3),
    "lines" INTEGER NOT NULL DEFAULT 0,
    "errorLog" TEXT COLLATE "C",
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "runs" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "UsageExport_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE INDEX "UsageExport_tenantId_status_id_idx" ON "UsageExport"("tenantId", "status", "id");
