-- an account's unbilled rates are found by their dates, its bills and a bill's rates by the ids as b."billId" tells them
-- by hand

-- References are jsonb: the id within is read like a column, b."billId". Domain rules bound its length, so that an index takes it.
-- The result of a function has the collation of the database, whatever it says within.
CREATE FUNCTION "billId"("AppliedCustomerBillingRate") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."bill"->>'id' $$;

CREATE FUNCTION "billingAccountId"("AppliedCustomerBillingRate") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."billingAccount"->>'id' $$;

CREATE FUNCTION "billingAccountId"("CustomerBill") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1."billingAccount"->>'id' $$;

-- Whoever bills goes through the accounts in the order of their bytes, and asks for this very expression.
CREATE INDEX "AppliedCustomerBillingRate_unbilled_idx"
ON "AppliedCustomerBillingRate" ("tenantId", (("billingAccount"->>'id') COLLATE "C"), "date", "id") WHERE NOT "isBilled";

CREATE INDEX "AppliedCustomerBillingRate_billId_idx"
ON "AppliedCustomerBillingRate" ("tenantId", ("bill"->>'id'), "id") WHERE ("bill"->>'id') IS NOT NULL;

CREATE INDEX "CustomerBill_billingAccountId_idx"
ON "CustomerBill" ("tenantId", ("billingAccount"->>'id'), "id") WHERE ("billingAccount"->>'id') IS NOT NULL;
