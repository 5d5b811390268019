-- a bill that is not paid in time is told once for each date at which it is due
ALTER TABLE "CustomerBill" ADD COLUMN     "overdueTold" TIMESTAMPTZ(3);

-- What was due before is no news.
UPDATE "CustomerBill" SET "overdueTold" = "paymentDueDate" WHERE "paymentDueDate" <= CURRENT_TIMESTAMP;

-- What waits for its date; what was told leaves it.
CREATE INDEX "CustomerBill_overdue" ON "CustomerBill" ("paymentDueDate", "tenantId", "id")
WHERE "state" IN ('sent', 'partiallyPaid') AND "overdueTold" IS DISTINCT FROM "paymentDueDate";
