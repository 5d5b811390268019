-- balance actions are found by each reference that they are asked by, and bills by the date that they may lack
-- by hand

-- An action names one of them as a rule: an index that leaves out what is absent costs those nothing that name another.
CREATE INDEX "BalanceAction_logicalResource_idx" ON "BalanceAction" USING GIN ("logicalResource" jsonb_path_ops) WHERE "logicalResource" IS NOT NULL;
CREATE INDEX "BalanceAction_partyAccount_idx" ON "BalanceAction" USING GIN ("partyAccount" jsonb_path_ops) WHERE "partyAccount" IS NOT NULL;
CREATE INDEX "BalanceAction_product_idx" ON "BalanceAction" USING GIN ("product" jsonb_path_ops) WHERE "product" IS NOT NULL;

-- The newest first, and those without a date last: an index of the ascending order would have these first when it is read backwards.
CREATE INDEX "CustomerBill_billDate_idx" ON "CustomerBill" ("tenantId", "billDate" DESC NULLS LAST, "id");
