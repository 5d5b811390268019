-- an account's usages that wait to be billed are found in order, and the bills of a run by one name, real or tried
-- by hand

-- The account of a usage is the related party whose @referredType says so.
CREATE FUNCTION "billingAccountId"("Usage") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (jsonb_path_query_first($1."relatedParty", '$[*] ? (@.atReferredType == "BillingAccount").id') #>> '{}') COLLATE "C" $$;

CREATE INDEX "Usage_unbilled_idx"
ON "Usage" ("tenantId", ((jsonb_path_query_first("relatedParty", '$[*] ? (@.atReferredType == "BillingAccount").id') #>> '{}') COLLATE "C"), "usageDate", "id")
WHERE "status" = 'rated';

-- A dry run keeps the rows of the bills it would have made.
CREATE FUNCTION "billsOfRunsAt"(timestamptz) RETURNS SETOF "CustomerBill"
LANGUAGE sql STABLE
AS $$
  SELECT b.* FROM "CustomerBill" b WHERE b."billRunId" IS NOT NULL
  UNION ALL
  SELECT r.* FROM "BillRunPreview" p CROSS JOIN LATERAL jsonb_populate_record(NULL::"CustomerBill", p."bill") r
$$;
