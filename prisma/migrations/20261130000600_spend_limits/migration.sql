-- what parties and accounts may spend in a period, and how far events were looked through for it

-- CreateTable
CREATE TABLE "SpendLimit" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT COLLATE "C",
    "relatedParty" JSONB,
    "billingAccount" JSONB,
    "period" TEXT COLLATE "C" NOT NULL,
    "amountAmount" DECIMAL(25,9) NOT NULL,
    "amountUnits" TEXT COLLATE "C" NOT NULL,
    "reachedPeriod" TIMESTAMPTZ(3),
    "reachedAt" TIMESTAMPTZ(3),
    "spentAmount" DECIMAL(25,9),
    "spentUnits" TEXT COLLATE "C",
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "dueAt" TIMESTAMPTZ(3),

    CONSTRAINT "SpendLimit_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "SpendCursor" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "epoch" INTEGER NOT NULL,
    "transactionId" BIGINT NOT NULL,
    "eventId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "SpendCursor_pkey" PRIMARY KEY ("tenantId")
);

-- CreateIndex
CREATE INDEX "SpendLimit_relatedParty_idx" ON "SpendLimit" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "SpendLimit_billingAccount_idx" ON "SpendLimit" USING GIN ("billingAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "SpendLimit_dueAt_idx" ON "SpendLimit"("dueAt");
