-- what is due is found at once, before every read: two indexes that hold only what will ever be due
-- by hand

-- The time leads, so that asking whether anything is due touches one entry when nothing is, whatever waits.
CREATE INDEX "BalanceAction_nextDueDate" ON "BalanceAction" ("nextDueDate", "tenantId") WHERE "nextDueDate" IS NOT NULL;

CREATE INDEX "Bucket_lapses" ON "Bucket" ("validForEnd", "tenantId") WHERE "validForEnd" IS NOT NULL AND "status" = 'active';
