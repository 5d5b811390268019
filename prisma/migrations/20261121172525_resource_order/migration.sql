-- orders for resources, and the tasks that cancel them

-- CreateTable
CREATE TABLE "ResourceOrder" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "requestedState" TEXT COLLATE "C",
    "cancellationDate" TIMESTAMPTZ(3),
    "cancellationReason" TEXT COLLATE "C",
    "category" TEXT COLLATE "C",
    "completionDate" TIMESTAMPTZ(3),
    "description" TEXT COLLATE "C",
    "expectedCompletionDate" TIMESTAMPTZ(3),
    "externalId" TEXT COLLATE "C",
    "name" TEXT COLLATE "C",
    "orderDate" TIMESTAMPTZ(3) NOT NULL,
    "orderType" TEXT COLLATE "C",
    "priority" INTEGER,
    "requestedCompletionDate" TIMESTAMPTZ(3),
    "requestedStartDate" TIMESTAMPTZ(3),
    "startDate" TIMESTAMPTZ(3),
    "externalReference" JSONB,
    "note" JSONB,
    "orderItem" JSONB NOT NULL,
    "relatedParty" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ResourceOrder_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "CancelResourceOrder" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "cancellationReason" TEXT COLLATE "C",
    "effectiveCancellationDate" TIMESTAMPTZ(3),
    "requestedCancellationDate" TIMESTAMPTZ(3),
    "failureMessage" TEXT COLLATE "C",
    "resourceOrder" JSONB NOT NULL,
    "orderItem" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "CancelResourceOrder_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE INDEX "ResourceOrder_tenantId_state_id_idx" ON "ResourceOrder"("tenantId", "state", "id");

-- CreateIndex
CREATE INDEX "ResourceOrder_tenantId_orderDate_id_idx" ON "ResourceOrder"("tenantId", "orderDate", "id");

-- CreateIndex
CREATE INDEX "ResourceOrder_externalReference_idx" ON "ResourceOrder" USING GIN ("externalReference" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "ResourceOrder_orderItem_idx" ON "ResourceOrder" USING GIN ("orderItem" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "ResourceOrder_relatedParty_idx" ON "ResourceOrder" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CancelResourceOrder_state_requestedCancellationDate_idx" ON "CancelResourceOrder"("state", "requestedCancellationDate");

-- CreateIndex
CREATE INDEX "CancelResourceOrder_resourceOrder_idx" ON "CancelResourceOrder" USING GIN ("resourceOrder" jsonb_path_ops);
