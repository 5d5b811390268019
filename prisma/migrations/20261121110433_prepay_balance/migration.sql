-- the first tables: buckets, balance actions, ledger, outbox, idempotency

-- CreateTable
CREATE TABLE "Outbox" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "transactionId" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "eventType" TEXT COLLATE "C" NOT NULL,
    "resourceType" TEXT COLLATE "C" NOT NULL,
    "resourceId" TEXT COLLATE "C" NOT NULL,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL,
    "payload" JSONB NOT NULL,

    CONSTRAINT "Outbox_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "Idempotency" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "fingerprint" TEXT COLLATE "C" NOT NULL,
    "outcome" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Idempotency_pkey" PRIMARY KEY ("tenantId","key")
);

-- CreateTable
CREATE TABLE "ServerState" (
    "key" TEXT COLLATE "C" NOT NULL,
    "value" JSONB NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ServerState_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Bucket" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "description" TEXT COLLATE "C",
    "isShared" BOOLEAN,
    "name" TEXT COLLATE "C",
    "remainingValueName" TEXT COLLATE "C",
    "status" TEXT COLLATE "C" NOT NULL,
    "usageType" TEXT COLLATE "C" NOT NULL,
    "priority" INTEGER,
    "remainingValueAmount" DECIMAL(25,9),
    "remainingValueUnits" TEXT COLLATE "C",
    "reservedValueAmount" DECIMAL(25,9),
    "reservedValueUnits" TEXT COLLATE "C",
    "validForStart" TIMESTAMPTZ(3),
    "validForEnd" TIMESTAMPTZ(3),
    "requestedDate" TIMESTAMPTZ(3) NOT NULL,
    "confirmationDate" TIMESTAMPTZ(3) NOT NULL,
    "logicalResource" JSONB,
    "partyAccount" JSONB,
    "product" JSONB,
    "relatedParty" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "entrySequence" INTEGER NOT NULL DEFAULT 0,
    "amountScale" INTEGER NOT NULL DEFAULT 0,
    "lastEntryAt" TIMESTAMPTZ(3),

    CONSTRAINT "Bucket_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BalanceAction" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "status" TEXT COLLATE "C" NOT NULL,
    "usageType" TEXT COLLATE "C",
    "amountAmount" DECIMAL(25,9) NOT NULL,
    "amountUnits" TEXT COLLATE "C" NOT NULL,
    "description" TEXT COLLATE "C",
    "reason" TEXT COLLATE "C",
    "requestedDate" TIMESTAMPTZ(3) NOT NULL,
    "confirmationDate" TIMESTAMPTZ(3),
    "bucket" JSONB,
    "channel" JSONB,
    "impactedBucket" JSONB,
    "logicalResource" JSONB,
    "partyAccount" JSONB,
    "product" JSONB,
    "relatedParty" JSONB,
    "requestor" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "failureCode" TEXT COLLATE "C",
    "failureMessage" TEXT COLLATE "C",
    "isAutoTopup" BOOLEAN,
    "numberOfPeriods" INTEGER,
    "recurringPeriod" TEXT COLLATE "C",
    "voucher" TEXT COLLATE "C",
    "payment" JSONB,
    "paymentMethod" JSONB,
    "relatedTopupBalance" JSONB,
    "adjustType" TEXT COLLATE "C",
    "reserveBalance" JSONB,
    "expirationDate" TIMESTAMPTZ(3),

    CONSTRAINT "BalanceAction_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "ReservationHold" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,
    "reserveBalanceId" TEXT COLLATE "C" NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "amount" DECIMAL(25,9) NOT NULL,

    CONSTRAINT "ReservationHold_pkey" PRIMARY KEY ("tenantId","bucketId","reserveBalanceId")
);

-- CreateTable
CREATE TABLE "LedgerEntry" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,
    "sequence" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "entryType" TEXT COLLATE "C" NOT NULL,
    "actionKind" TEXT COLLATE "C",
    "actionId" TEXT COLLATE "C",
    "remainingDelta" DECIMAL(25,9) NOT NULL,
    "reservedDelta" DECIMAL(25,9) NOT NULL,
    "remainingAfter" DECIMAL(25,9) NOT NULL,
    "reservedAfter" DECIMAL(25,9) NOT NULL,
    "units" TEXT COLLATE "C" NOT NULL,
    "recordedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "LedgerEntry_pkey" PRIMARY KEY ("tenantId","bucketId","sequence")
);

-- CreateIndex
CREATE INDEX "Outbox_transactionId_id_idx" ON "Outbox"("transactionId", "id");

-- CreateIndex
CREATE INDEX "Idempotency_createdAt_idx" ON "Idempotency"("createdAt");

-- CreateIndex
CREATE INDEX "Bucket_tenantId_status_id_idx" ON "Bucket"("tenantId", "status", "id");

-- CreateIndex
CREATE INDEX "Bucket_tenantId_usageType_id_idx" ON "Bucket"("tenantId", "usageType", "id");

-- CreateIndex
CREATE INDEX "Bucket_logicalResource_idx" ON "Bucket" USING GIN ("logicalResource" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Bucket_partyAccount_idx" ON "Bucket" USING GIN ("partyAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Bucket_product_idx" ON "Bucket" USING GIN ("product" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Bucket_relatedParty_idx" ON "Bucket" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BalanceAction_tenantId_kind_id_idx" ON "BalanceAction"("tenantId", "kind", "id");

-- CreateIndex
CREATE INDEX "BalanceAction_tenantId_kind_status_id_idx" ON "BalanceAction"("tenantId", "kind", "status", "id");

-- CreateIndex
CREATE INDEX "BalanceAction_bucket_idx" ON "BalanceAction" USING GIN ("bucket" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BalanceAction_relatedParty_idx" ON "BalanceAction" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "ReservationHold_tenantId_reserveBalanceId_idx" ON "ReservationHold"("tenantId", "reserveBalanceId");

-- CreateIndex
CREATE INDEX "LedgerEntry_tenantId_actionId_idx" ON "LedgerEntry"("tenantId", "actionId");
