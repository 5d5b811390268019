-- below a party, an account or a logical resource: what its buckets have left, and what no bill has yet
-- by hand

-- What a bucket adds to the balances of its owner: nothing, unless it can be spent from.
CREATE FUNCTION "public"."balanceParts"("b" "public"."Bucket", "at" TIMESTAMPTZ)
RETURNS TABLE ("usageType" TEXT, "units" TEXT, "remaining" NUMERIC, "reserved" NUMERIC)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $$
  SELECT "b"."usageType", "b"."remainingValueUnits", "b"."remainingValueAmount", COALESCE("b"."reservedValueAmount", 0)
  WHERE "b"."remainingValueUnits" IS NOT NULL AND "public"."isSpendable"("b", "at")
$$;

-- What a billing rate adds to what is unbilled at an instant, as billing takes it; credits count negatively.
CREATE FUNCTION "public"."unbilledParts"("b" "public"."AppliedCustomerBillingRate", "at" TIMESTAMPTZ)
RETURNS TABLE ("unit" TEXT, "taxExcluded" NUMERIC, "taxIncluded" NUMERIC)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $$
  SELECT COALESCE("b"."taxExcludedAmountUnit", "b"."taxIncludedAmountUnit"), "b"."taxExcludedAmountValue" * s."sign", "b"."taxIncludedAmountValue" * s."sign"
  FROM (SELECT CASE WHEN "b"."appliedBillingRateType" = 'appliedBillingCredit' THEN -1 ELSE 1 END AS "sign") s
  WHERE NOT "b"."isBilled" AND COALESCE("b"."taxExcludedAmountValue", "b"."taxIncludedAmountValue") IS NOT NULL AND "b"."date" <= "at"
$$;

-- The same of a usage: its results that are on no bill and no billing rate was made of.
CREATE FUNCTION "public"."unbilledParts"("b" "public"."Usage", "at" TIMESTAMPTZ)
RETURNS TABLE ("unit" TEXT, "taxExcluded" NUMERIC, "taxIncluded" NUMERIC)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $$
  SELECT COALESCE(e."result"#>>'{taxExcludedRatingAmount,unit}', e."result"#>>'{taxIncludedRatingAmount,unit}'),
    "public"."jsonNumber"(e."result"#>'{taxExcludedRatingAmount,value}'), "public"."jsonNumber"(e."result"#>'{taxIncludedRatingAmount,value}')
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof("b"."ratedProductUsage") = 'array' THEN "b"."ratedProductUsage" END) WITH ORDINALITY e("result", "number")
  WHERE "b"."status" = 'rated' AND "b"."chargeTo" IS NULL AND "b"."usageDate" <= "at"
    AND e."result"->'isBilled' IS DISTINCT FROM 'true'::jsonb
    AND COALESCE(e."result"#>>'{taxExcludedRatingAmount,value}', e."result"#>>'{taxIncludedRatingAmount,value}') IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM "public"."UsageRate" r WHERE r."tenantId" = "b"."tenantId" AND r."usageId" = "b"."id" AND r."result" = e."number" - 1
    )
$$;

-- Rates and usages that may wait to be billed. COLLATE names the collation of the columns, without which their indexes could not be used.
CREATE FUNCTION "public"."unbilledRatesOfAccount"("tenant" TEXT, "account" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."id" FROM "public"."AppliedCustomerBillingRate" b
  WHERE b."tenantId" = "tenant" COLLATE "C" AND NOT b."isBilled" AND (b."billingAccount"->>'id') COLLATE "C" = "account" COLLATE "C"
$$;

CREATE FUNCTION "public"."unbilledUsagesOfAccount"("tenant" TEXT, "account" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT b."id" FROM "public"."Usage" b
  WHERE b."tenantId" = "tenant" COLLATE "C" AND b."status" = 'rated' AND b."chargeTo" IS NULL
    AND (jsonb_path_query_first(b."relatedParty", '$[*] ? (@.atReferredType == "BillingAccount").id') #>> '{}') COLLATE "C" = "account" COLLATE "C"
$$;

CREATE FUNCTION "public"."accountsOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
AS $$
  SELECT DISTINCT l."accountId" FROM "public"."AccountParty" l WHERE l."tenantId" = "tenant" COLLATE "C" AND l."partyId" = "party" COLLATE "C"
$$;

CREATE FUNCTION "public"."unbilledRatesOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT i."id" FROM "public"."accountsOfParty"("tenant", "party") a("id") CROSS JOIN LATERAL "public"."unbilledRatesOfAccount"("tenant", a."id") i("id")
$$;

CREATE FUNCTION "public"."unbilledUsagesOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT i."id" FROM "public"."accountsOfParty"("tenant", "party") a("id") CROSS JOIN LATERAL "public"."unbilledUsagesOfAccount"("tenant", a."id") i("id")
$$;

CREATE FUNCTION "public"."unbilledRatesOfLogicalResource"("tenant" TEXT, "value" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT i."id" FROM "public"."LogicalResourceAccount" l CROSS JOIN LATERAL "public"."unbilledRatesOfAccount"("tenant", l."accountId") i("id")
  WHERE l."tenantId" = "tenant" COLLATE "C" AND l."logicalResourceId" = "value" COLLATE "C"
$$;

CREATE FUNCTION "public"."unbilledUsagesOfLogicalResource"("tenant" TEXT, "value" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT i."id" FROM "public"."LogicalResourceAccount" l CROSS JOIN LATERAL "public"."unbilledUsagesOfAccount"("tenant", l."accountId") i("id")
  WHERE l."tenantId" = "tenant" COLLATE "C" AND l."logicalResourceId" = "value" COLLATE "C"
$$;
