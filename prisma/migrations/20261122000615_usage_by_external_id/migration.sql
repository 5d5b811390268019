-- Usages are looked up by the name that their deliverer gives them.

-- CreateIndex
CREATE INDEX "Usage_tenantId_externalId_id_idx" ON "Usage"("tenantId", "externalId", "id");
