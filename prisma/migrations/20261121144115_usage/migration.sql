-- usages and their specifications, and the names by which a usage is taken only once

-- CreateTable
CREATE TABLE "Usage" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "description" TEXT COLLATE "C",
    "usageDate" TIMESTAMPTZ(3) NOT NULL,
    "usageType" TEXT COLLATE "C",
    "status" TEXT COLLATE "C" NOT NULL,
    "externalId" TEXT COLLATE "C",
    "source" TEXT COLLATE "C",
    "ratedProductUsage" JSONB,
    "relatedParty" JSONB,
    "usageCharacteristic" JSONB,
    "usageSpecification" JSONB NOT NULL,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Usage_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "UsageOrigin" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "externalId" TEXT COLLATE "C" NOT NULL,
    "usageId" TEXT COLLATE "C" NOT NULL,
    "digests" JSONB NOT NULL,

    CONSTRAINT "UsageOrigin_pkey" PRIMARY KEY ("tenantId","source","externalId")
);

-- CreateTable
CREATE TABLE "UsageSpecification" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "description" TEXT COLLATE "C",
    "isBundle" BOOLEAN NOT NULL,
    "lastUpdate" TIMESTAMPTZ(3) NOT NULL,
    "lifecycleStatus" TEXT COLLATE "C",
    "name" TEXT COLLATE "C" NOT NULL,
    "version" TEXT COLLATE "C",
    "attachment" JSONB,
    "constraint" JSONB,
    "entitySpecRelationship" JSONB,
    "relatedParty" JSONB,
    "specCharacteristic" JSONB,
    "targetEntitySchema" JSONB,
    "validForStart" TIMESTAMPTZ(3),
    "validForEnd" TIMESTAMPTZ(3),
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "UsageSpecification_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE INDEX "Usage_tenantId_status_id_idx" ON "Usage"("tenantId", "status", "id");

-- CreateIndex
CREATE INDEX "Usage_tenantId_usageType_id_idx" ON "Usage"("tenantId", "usageType", "id");

-- CreateIndex
CREATE INDEX "Usage_tenantId_usageDate_id_idx" ON "Usage"("tenantId", "usageDate", "id");

-- CreateIndex
CREATE INDEX "Usage_relatedParty_idx" ON "Usage" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Usage_usageSpecification_idx" ON "Usage" USING GIN ("usageSpecification" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "UsageSpecification_tenantId_name_id_idx" ON "UsageSpecification"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "UsageSpecification_tenantId_lifecycleStatus_id_idx" ON "UsageSpecification"("tenantId", "lifecycleStatus", "id");
