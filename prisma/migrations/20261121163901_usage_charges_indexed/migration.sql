-- usages are found by the bucket they consumed, adjustments by the usage they charged; few have either, and only they are indexed
-- by hand

CREATE INDEX "Usage_chargeTo_idx" ON "Usage" USING GIN ("chargeTo" jsonb_path_ops) WHERE "chargeTo" IS NOT NULL;

CREATE INDEX "BalanceAction_usage_idx" ON "BalanceAction" USING GIN ("usage" jsonb_path_ops) WHERE "usage" IS NOT NULL;
