-- accumulated balances: who owns which buckets, by usageType and units

-- CreateTable
CREATE TABLE "BalanceGroup" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "usageType" TEXT COLLATE "C" NOT NULL,
    "units" TEXT COLLATE "C" NOT NULL,
    "logicalResource" JSONB,
    "partyAccount" JSONB,
    "product" JSONB,
    "relatedParty" JSONB,

    CONSTRAINT "BalanceGroup_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BalanceGroupBucket" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "groupId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "BalanceGroupBucket_pkey" PRIMARY KEY ("tenantId","groupId","bucketId")
);

-- CreateIndex
CREATE INDEX "BalanceGroup_tenantId_usageType_id_idx" ON "BalanceGroup"("tenantId", "usageType", "id");

-- CreateIndex
CREATE INDEX "BalanceGroup_logicalResource_idx" ON "BalanceGroup" USING GIN ("logicalResource" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BalanceGroup_partyAccount_idx" ON "BalanceGroup" USING GIN ("partyAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BalanceGroup_product_idx" ON "BalanceGroup" USING GIN ("product" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BalanceGroup_relatedParty_idx" ON "BalanceGroup" USING GIN ("relatedParty" jsonb_path_ops);
