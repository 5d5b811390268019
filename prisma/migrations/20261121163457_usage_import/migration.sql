-- Files of usages are taken over: the task, the lines that wait to be moved, and those that were refused.

-- CreateTable
CREATE TABLE "UsageImport" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "status" TEXT COLLATE "C" NOT NULL,
    "mode" TEXT COLLATE "C" NOT NULL,
    "contentType" TEXT COLLATE "C" NOT NULL,
    "creationDate" TIMESTAMPTZ(3) NOT NULL,
    "completionDate" TIMESTAMPTZ(3),
    "lines" INTEGER NOT NULL DEFAULT 0,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "duplicates" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "linesPerSecond" INTEGER,
    "message" TEXT COLLATE "C",
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "uploads" INTEGER NOT NULL DEFAULT 0,
    "lastLine" INTEGER NOT NULL DEFAULT 0,
    "digest" TEXT COLLATE "C",
    "isReceived" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "UsageImport_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "UsageImportBatch" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "importId" TEXT COLLATE "C" NOT NULL,
    "firstLine" INTEGER NOT NULL,
    "claims" TEXT COLLATE "C" NOT NULL,
    "rows" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "UsageImportBatch_pkey" PRIMARY KEY ("tenantId","importId","firstLine")
);

-- CreateTable
CREATE TABLE "UsageImportProblem" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "importId" TEXT COLLATE "C" NOT NULL,
    "line" INTEGER NOT NULL,
    "code" TEXT COLLATE "C" NOT NULL,
    "message" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "UsageImportProblem_pkey" PRIMARY KEY ("tenantId","importId","line")
);

-- CreateIndex
CREATE INDEX "UsageImport_tenantId_status_id_idx" ON "UsageImport"("tenantId", "status", "id");

-- Written once, read once, soon deleted: compressing it would cost more than it saves.
ALTER TABLE "UsageImportBatch" ALTER COLUMN "claims" SET STORAGE EXTERNAL, ALTER COLUMN "rows" SET STORAGE EXTERNAL;
