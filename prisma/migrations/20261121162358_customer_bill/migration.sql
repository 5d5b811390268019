-- bills and their numbers, billing rates, requests for bills, billing cycles and their specifications

-- CreateTable
CREATE TABLE "CustomerBill" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "stateBeforeHold" TEXT COLLATE "C",
    "billNo" TEXT COLLATE "C",
    "billDate" TIMESTAMPTZ(3),
    "category" TEXT COLLATE "C",
    "runType" TEXT COLLATE "C",
    "lastUpdate" TIMESTAMPTZ(3) NOT NULL,
    "nextBillDate" TIMESTAMPTZ(3),
    "paymentDueDate" TIMESTAMPTZ(3),
    "billingPeriodStart" TIMESTAMPTZ(3),
    "billingPeriodEnd" TIMESTAMPTZ(3),
    "taxExcludedAmountValue" DECIMAL(25,9),
    "taxExcludedAmountUnit" TEXT COLLATE "C",
    "taxIncludedAmountValue" DECIMAL(25,9),
    "taxIncludedAmountUnit" TEXT COLLATE "C",
    "amountDueValue" DECIMAL(25,9),
    "amountDueUnit" TEXT COLLATE "C",
    "remainingAmountValue" DECIMAL(25,9),
    "remainingAmountUnit" TEXT COLLATE "C",
    "appliedPayment" JSONB NOT NULL,
    "billCycle" JSONB,
    "billDocument" JSONB NOT NULL,
    "billingAccount" JSONB,
    "financialAccount" JSONB,
    "paymentMethod" JSONB,
    "relatedParty" JSONB,
    "taxItem" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "CustomerBill_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BillNumberSeries" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "series" TEXT COLLATE "C" NOT NULL,
    "year" INTEGER NOT NULL,
    "lastNumber" INTEGER NOT NULL,

    CONSTRAINT "BillNumberSeries_pkey" PRIMARY KEY ("tenantId","series","year")
);

-- CreateTable
CREATE TABLE "AppliedCustomerBillingRate" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "appliedBillingRateType" TEXT COLLATE "C" NOT NULL,
    "date" TIMESTAMPTZ(3) NOT NULL,
    "description" TEXT COLLATE "C",
    "isBilled" BOOLEAN NOT NULL,
    "name" TEXT COLLATE "C",
    "periodCoverageStart" TIMESTAMPTZ(3),
    "periodCoverageEnd" TIMESTAMPTZ(3),
    "taxExcludedAmountValue" DECIMAL(25,9),
    "taxExcludedAmountUnit" TEXT COLLATE "C",
    "taxIncludedAmountValue" DECIMAL(25,9),
    "taxIncludedAmountUnit" TEXT COLLATE "C",
    "appliedTax" JSONB,
    "bill" JSONB,
    "billingAccount" JSONB,
    "characteristic" JSONB,
    "product" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "AppliedCustomerBillingRate_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "CustomerBillOnDemand" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C",
    "description" TEXT COLLATE "C",
    "lastUpdate" TIMESTAMPTZ(3) NOT NULL,
    "billingAccount" JSONB,
    "customerBill" JSONB,
    "relatedParty" JSONB,
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "CustomerBillOnDemand_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BillCycle" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT COLLATE "C",
    "description" TEXT COLLATE "C",
    "billingPeriod" TEXT COLLATE "C",
    "billingDate" TIMESTAMPTZ(3),
    "chargeDate" TIMESTAMPTZ(3),
    "creditDate" TIMESTAMPTZ(3),
    "mailingDate" TIMESTAMPTZ(3),
    "paymentDueDate" TIMESTAMPTZ(3),
    "billCycleSpecification" JSONB,
    "validForStart" TIMESTAMPTZ(3),
    "validForEnd" TIMESTAMPTZ(3),
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "BillCycle_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BillCycleSpecification" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT COLLATE "C",
    "description" TEXT COLLATE "C",
    "billingPeriod" TEXT COLLATE "C",
    "frequency" TEXT COLLATE "C",
    "billingDateShift" INTEGER,
    "chargeDateOffset" INTEGER,
    "creditDateOffset" INTEGER,
    "mailingDateOffset" INTEGER,
    "paymentDueDateOffset" INTEGER,
    "validForStart" TIMESTAMPTZ(3),
    "validForEnd" TIMESTAMPTZ(3),
    "atType" TEXT COLLATE "C",
    "atBaseType" TEXT COLLATE "C",
    "atSchemaLocation" TEXT COLLATE "C",
    "extension" JSONB,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "BillCycleSpecification_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE INDEX "CustomerBill_tenantId_state_id_idx" ON "CustomerBill"("tenantId", "state", "id");

-- CreateIndex
CREATE INDEX "CustomerBill_billCycle_idx" ON "CustomerBill" USING GIN ("billCycle" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CustomerBill_billingAccount_idx" ON "CustomerBill" USING GIN ("billingAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CustomerBill_financialAccount_idx" ON "CustomerBill" USING GIN ("financialAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CustomerBill_relatedParty_idx" ON "CustomerBill" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "CustomerBill_tenantId_billNo_key" ON "CustomerBill"("tenantId", "billNo");

-- CreateIndex
CREATE INDEX "AppliedCustomerBillingRate_tenantId_date_id_idx" ON "AppliedCustomerBillingRate"("tenantId", "date", "id");

-- CreateIndex
CREATE INDEX "AppliedCustomerBillingRate_bill_idx" ON "AppliedCustomerBillingRate" USING GIN ("bill" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "AppliedCustomerBillingRate_billingAccount_idx" ON "AppliedCustomerBillingRate" USING GIN ("billingAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "AppliedCustomerBillingRate_product_idx" ON "AppliedCustomerBillingRate" USING GIN ("product" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CustomerBillOnDemand_tenantId_state_id_idx" ON "CustomerBillOnDemand"("tenantId", "state", "id");

-- CreateIndex
CREATE INDEX "CustomerBillOnDemand_billingAccount_idx" ON "CustomerBillOnDemand" USING GIN ("billingAccount" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "CustomerBillOnDemand_relatedParty_idx" ON "CustomerBillOnDemand" USING GIN ("relatedParty" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BillCycle_tenantId_validForStart_id_idx" ON "BillCycle"("tenantId", "validForStart", "id");

-- CreateIndex
CREATE INDEX "BillCycle_billCycleSpecification_idx" ON "BillCycle" USING GIN ("billCycleSpecification" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "BillCycleSpecification_tenantId_name_id_idx" ON "BillCycleSpecification"("tenantId", "name", "id");
