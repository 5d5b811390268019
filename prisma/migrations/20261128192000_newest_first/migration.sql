-- the newest of every resource come first by an index; names and usages of a state are found by one

-- DropIndex
DROP INDEX "BalanceAction_bucket_idx";

-- CreateIndex
CREATE INDEX "AppliedCustomerBillingRate_tenantId_isBilled_id_idx" ON "AppliedCustomerBillingRate"("tenantId", "isBilled", "id");

-- CreateIndex
CREATE INDEX "BalanceAction_tenantId_kind_requestedDate_id_idx" ON "BalanceAction"("tenantId", "kind", "requestedDate", "id");

-- CreateIndex
CREATE INDEX "BalanceAction_tenantId_requestedDate_id_idx" ON "BalanceAction"("tenantId", "requestedDate", "id");

-- CreateIndex
CREATE INDEX "BillRun_tenantId_startedAt_id_idx" ON "BillRun"("tenantId", "startedAt", "id");

-- CreateIndex
CREATE INDEX "Bucket_tenantId_requestedDate_id_idx" ON "Bucket"("tenantId", "requestedDate", "id");

-- CreateIndex
CREATE INDEX "Bucket_tenantId_name_id_idx" ON "Bucket"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "CustomerBill_tenantId_lastUpdate_id_idx" ON "CustomerBill"("tenantId", "lastUpdate", "id");

-- CreateIndex
CREATE INDEX "CustomerBillOnDemand_tenantId_lastUpdate_id_idx" ON "CustomerBillOnDemand"("tenantId", "lastUpdate", "id");

-- CreateIndex
CREATE INDEX "ResourceOrder_tenantId_name_id_idx" ON "ResourceOrder"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "Usage_tenantId_status_usageDate_id_idx" ON "Usage"("tenantId", "status", "usageDate", "id");

-- CreateIndex
CREATE INDEX "UsageExport_tenantId_creationDate_id_idx" ON "UsageExport"("tenantId", "creationDate", "id");

-- CreateIndex
CREATE INDEX "UsageImport_tenantId_creationDate_id_idx" ON "UsageImport"("tenantId", "creationDate", "id");

-- CreateIndex
CREATE INDEX "UsageSpecification_tenantId_lastUpdate_id_idx" ON "UsageSpecification"("tenantId", "lastUpdate", "id");
