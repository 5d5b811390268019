-- views for reports, each row of which is of the tenant of the role that asks (docs/reporting.md)

-- CreateTable
CREATE TABLE "ReportReader" (
    "role" TEXT COLLATE "C" NOT NULL,
    "tenantId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "ReportReader_pkey" PRIMARY KEY ("role")
);

-- The names and columns of these views stay: a later version only adds to them.
CREATE SCHEMA "reporting";

CREATE VIEW "reporting"."customers" WITH (security_barrier) AS SELECT
  p."id" AS "party_id",
  p."name" AS "name",
  p."atReferredType" AS "referred_type"
FROM "public"."Party" p
WHERE p."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."customers" IS 'One row per party that something names.';

CREATE VIEW "reporting"."accounts" WITH (security_barrier) AS SELECT
  a."id" AS "account_id",
  a."name" AS "name"
FROM "public"."BillingAccount" a
WHERE a."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."accounts" IS 'One row per billing account that something names.';

CREATE VIEW "reporting"."account_parties" WITH (security_barrier) AS SELECT
  x."accountId" AS "account_id",
  x."partyId" AS "party_id",
  x."role" AS "role"
FROM "public"."AccountParty" x
WHERE x."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."account_parties" IS 'Which party is named beside which account, in which role.';

CREATE VIEW "reporting"."logical_resources" WITH (security_barrier) AS SELECT
  l."id" AS "value",
  l."name" AS "name"
FROM "public"."LogicalResource" l
WHERE l."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."logical_resources" IS 'One row per logical resource (e.g. a number) that something names.';

CREATE VIEW "reporting"."logical_resource_parties" WITH (security_barrier) AS SELECT
  x."logicalResourceId" AS "value",
  x."partyId" AS "party_id"
FROM "public"."LogicalResourceParty" x
WHERE x."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."logical_resource_parties" IS 'Which party is named beside which logical resource.';

CREATE VIEW "reporting"."buckets" WITH (security_barrier) AS SELECT
  b."id" AS "bucket_id",
  b."name" AS "name",
  b."description" AS "description",
  b."status" AS "status",
  b."usageType" AS "usage_type",
  b."isShared" AS "is_shared",
  b."priority" AS "priority",
  b."remainingValueAmount" AS "remaining",
  b."remainingValueUnits" AS "remaining_units",
  b."reservedValueAmount" AS "reserved",
  b."reservedValueUnits" AS "reserved_units",
  b."validForStart" AS "valid_from",
  b."validForEnd" AS "valid_until",
  b."requestedDate" AS "requested_at",
  b."confirmationDate" AS "confirmed_at",
  b."partyAccount" ->> 'id' AS "account_id",
  b."updatedAt" AS "updated_at"
FROM "public"."Bucket" b
WHERE b."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."buckets" IS 'One row per bucket, with what it holds now.';

CREATE VIEW "reporting"."bucket_parties" WITH (security_barrier) AS SELECT
  b."id" AS "bucket_id",
  x ->> 'id' AS "party_id",
  x ->> 'role' AS "role",
  x ->> 'name' AS "name"
FROM "public"."Bucket" b CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(b."relatedParty") = 'array' THEN b."relatedParty" END) x
WHERE b."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."bucket_parties" IS 'One row per party of a bucket.';

CREATE VIEW "reporting"."bucket_logical_resources" WITH (security_barrier) AS SELECT
  b."id" AS "bucket_id",
  x ->> 'value' AS "value"
FROM "public"."Bucket" b CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(b."logicalResource") = 'array' THEN b."logicalResource" END) x
WHERE b."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."bucket_logical_resources" IS 'One row per logical resource of a bucket.';

CREATE VIEW "reporting"."balance_actions" WITH (security_barrier) AS SELECT
  a."id" AS "action_id",
  a."kind" AS "kind",
  a."status" AS "status",
  a."usageType" AS "usage_type",
  a."amountAmount" AS "amount",
  a."amountUnits" AS "units",
  a."description" AS "description",
  a."reason" AS "reason",
  a."adjustType" AS "adjust_type",
  a."voucher" AS "voucher",
  a."bucket" ->> 'id' AS "bucket_id",
  a."receiverBucket" ->> 'id' AS "receiver_bucket_id",
  a."partyAccount" ->> 'id' AS "account_id",
  COALESCE(a."channel" ->> 'name', a."channel" ->> 'id') AS "channel",
  a."requestedDate" AS "requested_at",
  a."confirmationDate" AS "confirmed_at",
  a."failureCode" AS "failure_code",
  a."updatedAt" AS "updated_at"
FROM "public"."BalanceAction" a
WHERE a."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user) AND a."deletedAt" IS NULL;
COMMENT ON VIEW "reporting"."balance_actions" IS 'One row per top-up, adjustment, reservation and transfer, refused ones too.';

CREATE VIEW "reporting"."balance_action_parties" WITH (security_barrier) AS SELECT
  a."id" AS "action_id",
  x ->> 'id' AS "party_id",
  x ->> 'role' AS "role",
  x ->> 'name' AS "name"
FROM "public"."BalanceAction" a CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(a."relatedParty") = 'array' THEN a."relatedParty" END) x
WHERE a."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user) AND a."deletedAt" IS NULL;
COMMENT ON VIEW "reporting"."balance_action_parties" IS 'One row per party of a balance action.';

CREATE VIEW "reporting"."ledger_entries" WITH (security_barrier) AS SELECT
  e."bucketId" AS "bucket_id",
  e."sequence" AS "sequence",
  e."entryType" AS "entry_type",
  e."actionKind" AS "action_kind",
  e."actionId" AS "action_id",
  e."remainingDelta" AS "remaining_delta",
  e."reservedDelta" AS "reserved_delta",
  e."remainingAfter" AS "remaining_after",
  e."reservedAfter" AS "reserved_after",
  e."units" AS "units",
  e."recordedAt" AS "recorded_at"
FROM "public"."LedgerEntry" e
WHERE e."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."ledger_entries" IS 'One row per movement of a bucket.';

CREATE VIEW "reporting"."usages" WITH (security_barrier) AS SELECT
  u."id" AS "usage_id",
  u."usageDate" AS "usage_date",
  u."usageType" AS "usage_type",
  u."status" AS "status",
  u."description" AS "description",
  u."source" AS "source",
  u."externalId" AS "external_id",
  u."usageSpecification" ->> 'id' AS "specification_id",
  u."usageSpecification" ->> 'name' AS "specification_name",
  u."ratedUnit" AS "rated_unit",
  u."ratedTaxExcluded" AS "rated_tax_excluded",
  u."ratedTaxIncluded" AS "rated_tax_included",
  u."updatedAt" AS "updated_at"
FROM "public"."Usage" u
WHERE u."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."usages" IS 'One row per usage; rated amounts where all its ratings have one unit.';

CREATE VIEW "reporting"."usage_parties" WITH (security_barrier) AS SELECT
  u."id" AS "usage_id",
  x ->> 'id' AS "party_id",
  x ->> 'role' AS "role",
  x ->> 'name' AS "name"
FROM "public"."Usage" u CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(u."relatedParty") = 'array' THEN u."relatedParty" END) x
WHERE u."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."usage_parties" IS 'One row per party of a usage.';

CREATE VIEW "reporting"."usage_characteristics" WITH (security_barrier) AS SELECT
  u."id" AS "usage_id",
  x ->> 'name' AS "name",
  x ->> 'value' AS "value"
FROM "public"."Usage" u CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(u."usageCharacteristic") = 'array' THEN u."usageCharacteristic" END) x
WHERE u."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."usage_characteristics" IS 'One row per characteristic of a usage, its value as a text.';

CREATE VIEW "reporting"."bills" WITH (security_barrier) AS SELECT
  b."id" AS "bill_id",
  b."billNo" AS "bill_no",
  b."state" AS "state",
  b."billDate" AS "bill_date",
  b."category" AS "category",
  b."runType" AS "run_type",
  b."billingPeriodStart" AS "period_from",
  b."billingPeriodEnd" AS "period_until",
  b."paymentDueDate" AS "payment_due_at",
  b."nextBillDate" AS "next_bill_at",
  b."taxExcludedAmountValue" AS "tax_excluded",
  b."taxExcludedAmountUnit" AS "tax_excluded_unit",
  b."taxIncludedAmountValue" AS "tax_included",
  b."taxIncludedAmountUnit" AS "tax_included_unit",
  b."amountDueValue" AS "amount_due",
  b."amountDueUnit" AS "amount_due_unit",
  b."remainingAmountValue" AS "remaining",
  b."remainingAmountUnit" AS "remaining_unit",
  b."billingAccount" ->> 'id' AS "account_id",
  b."billRunId" AS "bill_run_id",
  b."updatedAt" AS "updated_at"
FROM "public"."CustomerBill" b
WHERE b."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."bills" IS 'One row per customer bill.';

CREATE VIEW "reporting"."bill_parties" WITH (security_barrier) AS SELECT
  b."id" AS "bill_id",
  x ->> 'id' AS "party_id",
  x ->> 'role' AS "role",
  x ->> 'name' AS "name"
FROM "public"."CustomerBill" b CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(b."relatedParty") = 'array' THEN b."relatedParty" END) x
WHERE b."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."bill_parties" IS 'One row per party of a bill.';

CREATE VIEW "reporting"."bill_rates" WITH (security_barrier) AS SELECT
  r."id" AS "rate_id",
  r."appliedBillingRateType" AS "rate_type",
  r."name" AS "name",
  r."description" AS "description",
  r."date" AS "rate_date",
  r."isBilled" AS "is_billed",
  r."periodCoverageStart" AS "period_from",
  r."periodCoverageEnd" AS "period_until",
  r."taxExcludedAmountValue" AS "tax_excluded",
  r."taxExcludedAmountUnit" AS "tax_excluded_unit",
  r."taxIncludedAmountValue" AS "tax_included",
  r."taxIncludedAmountUnit" AS "tax_included_unit",
  r."bill" ->> 'id' AS "bill_id",
  r."billingAccount" ->> 'id' AS "account_id",
  r."product" ->> 'id' AS "product_id",
  r."updatedAt" AS "updated_at"
FROM "public"."AppliedCustomerBillingRate" r
WHERE r."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."bill_rates" IS 'One row per applied billing rate, on a bill or not yet.';

CREATE VIEW "reporting"."orders" WITH (security_barrier) AS SELECT
  o."id" AS "order_id",
  o."name" AS "name",
  o."description" AS "description",
  o."state" AS "state",
  o."category" AS "category",
  o."orderType" AS "order_type",
  o."externalId" AS "external_id",
  o."priority" AS "priority",
  o."orderDate" AS "ordered_at",
  o."requestedStartDate" AS "requested_start_at",
  o."requestedCompletionDate" AS "requested_completion_at",
  o."expectedCompletionDate" AS "expected_completion_at",
  o."startDate" AS "started_at",
  o."completionDate" AS "completed_at",
  o."cancellationDate" AS "cancelled_at",
  o."updatedAt" AS "updated_at"
FROM "public"."ResourceOrder" o
WHERE o."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."orders" IS 'One row per resource order.';

CREATE VIEW "reporting"."order_parties" WITH (security_barrier) AS SELECT
  o."id" AS "order_id",
  x ->> 'id' AS "party_id",
  x ->> 'role' AS "role",
  x ->> 'name' AS "name"
FROM "public"."ResourceOrder" o CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(o."relatedParty") = 'array' THEN o."relatedParty" END) x
WHERE o."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."order_parties" IS 'One row per party of an order.';

CREATE VIEW "reporting"."order_items" WITH (security_barrier) AS SELECT
  o."id" AS "order_id",
  x ->> 'id' AS "item_id",
  x ->> 'action' AS "action",
  x ->> 'state' AS "state",
  "public"."jsonNumber"(x -> 'quantity') AS "quantity",
  x -> 'resource' ->> 'id' AS "resource_id",
  x -> 'resource' ->> 'name' AS "resource_name",
  x -> 'resourceSpecification' ->> 'id' AS "specification_id"
FROM "public"."ResourceOrder" o CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(o."orderItem") = 'array' THEN o."orderItem" END) x
WHERE o."tenantId" = (SELECT r."tenantId" FROM "public"."ReportReader" r WHERE r."role" = current_user);
COMMENT ON VIEW "reporting"."order_items" IS 'One row per item of an order.';
