-- parties, accounts and logical resources that something names have a directory

-- CreateTable
CREATE TABLE "Party" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C",
    "atReferredType" TEXT COLLATE "C",

    CONSTRAINT "Party_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "BillingAccount" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C",

    CONSTRAINT "BillingAccount_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "LogicalResource" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C",

    CONSTRAINT "LogicalResource_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "AccountParty" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "accountId" TEXT COLLATE "C" NOT NULL,
    "partyId" TEXT COLLATE "C" NOT NULL,
    "role" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "AccountParty_pkey" PRIMARY KEY ("tenantId","accountId","partyId","role")
);

-- CreateTable
CREATE TABLE "LogicalResourceParty" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "logicalResourceId" TEXT COLLATE "C" NOT NULL,
    "partyId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "LogicalResourceParty_pkey" PRIMARY KEY ("tenantId","logicalResourceId","partyId")
);

-- CreateTable
CREATE TABLE "LogicalResourceAccount" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "logicalResourceId" TEXT COLLATE "C" NOT NULL,
    "accountId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "LogicalResourceAccount_pkey" PRIMARY KEY ("tenantId","logicalResourceId","accountId")
);

-- CreateIndex
CREATE INDEX "Party_tenantId_name_id_idx" ON "Party"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "BillingAccount_tenantId_name_id_idx" ON "BillingAccount"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "LogicalResource_tenantId_name_id_idx" ON "LogicalResource"("tenantId", "name", "id");

-- CreateIndex
CREATE INDEX "AccountParty_tenantId_partyId_accountId_idx" ON "AccountParty"("tenantId", "partyId", "accountId");

-- CreateIndex
CREATE INDEX "LogicalResourceParty_tenantId_partyId_logicalResourceId_idx" ON "LogicalResourceParty"("tenantId", "partyId", "logicalResourceId");

-- CreateIndex
CREATE INDEX "LogicalResourceAccount_tenantId_accountId_logicalResourceId_idx" ON "LogicalResourceAccount"("tenantId", "accountId", "logicalResourceId");

-- by hand

-- CreateIndex
CREATE INDEX "Party_search_idx" ON "Party" USING GIN ("public"."searchGrams"("id"), "public"."searchGrams"("name"));

-- CreateIndex
CREATE INDEX "BillingAccount_search_idx" ON "BillingAccount" USING GIN ("public"."searchGrams"("id"), "public"."searchGrams"("name"));

-- CreateIndex
CREATE INDEX "LogicalResource_search_idx" ON "LogicalResource" USING GIN ("public"."searchGrams"("id"), "public"."searchGrams"("name"));

-- COLLATE names the collation of the columns, without which their indexes could not be used.
CREATE FUNCTION "public"."balanceActionsOfAccount"("tenant" TEXT, "account" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT l."actionId" FROM "public"."Bucket" b
  JOIN "public"."BucketAction" l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id"
  WHERE b."tenantId" = "tenant" COLLATE "C" AND b."partyAccount" @> jsonb_build_object('id', "account")
  UNION
  SELECT a."id" FROM "public"."BalanceAction" a
  WHERE a."tenantId" = "tenant" COLLATE "C" AND a."partyAccount" IS NOT NULL AND a."partyAccount" @> jsonb_build_object('id', "account")
$$;

CREATE FUNCTION "public"."balanceActionsOfLogicalResource"("tenant" TEXT, "value" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT l."actionId" FROM "public"."Bucket" b
  JOIN "public"."BucketAction" l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id"
  WHERE b."tenantId" = "tenant" COLLATE "C" AND (b."logicalResource" @> jsonb_build_array(jsonb_build_object('value', "value"))
    OR b."logicalResource" @> jsonb_build_array(jsonb_build_object('id', "value")))
  UNION
  SELECT a."id" FROM "public"."BalanceAction" a
  WHERE a."tenantId" = "tenant" COLLATE "C" AND a."logicalResource" IS NOT NULL
    AND (a."logicalResource" @> jsonb_build_array(jsonb_build_object('value', "value"))
      OR a."logicalResource" @> jsonb_build_array(jsonb_build_object('id', "value")))
$$;

CREATE FUNCTION "public"."usagesOfLogicalResource"("tenant" TEXT, "value" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT u."id" FROM "public"."Bucket" b
  JOIN "public"."Usage" u ON u."tenantId" = b."tenantId" AND u."chargeTo" IS NOT NULL
    AND u."chargeTo" @> jsonb_build_object('bucket', jsonb_build_object('id', b."id"))
  WHERE b."tenantId" = "tenant" COLLATE "C" AND (b."logicalResource" @> jsonb_build_array(jsonb_build_object('value', "value"))
    OR b."logicalResource" @> jsonb_build_array(jsonb_build_object('id', "value")))
$$;

CREATE FUNCTION "public"."customerBillsOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."id" FROM "public"."CustomerBill" b
  WHERE b."tenantId" = "tenant" COLLATE "C" AND b."relatedParty" @> jsonb_build_array(jsonb_build_object('id', "party"))
  UNION
  SELECT b."id" FROM "public"."AccountParty" l
  JOIN "public"."CustomerBill" b ON b."tenantId" = l."tenantId" AND b."billingAccount" @> jsonb_build_object('id', l."accountId")
  WHERE l."tenantId" = "tenant" COLLATE "C" AND l."partyId" = "party" COLLATE "C"
$$;

CREATE FUNCTION "public"."customerBillsOfLogicalResource"("tenant" TEXT, "value" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."id" FROM "public"."LogicalResourceAccount" l
  JOIN "public"."CustomerBill" b ON b."tenantId" = l."tenantId" AND b."billingAccount" @> jsonb_build_object('id', l."accountId")
  WHERE l."tenantId" = "tenant" COLLATE "C" AND l."logicalResourceId" = "value" COLLATE "C"
$$;
