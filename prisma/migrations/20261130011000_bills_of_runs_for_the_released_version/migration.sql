-- the released server, which may run beside, reads the bills of runs by a function that was dropped too early
-- by hand

CREATE OR REPLACE FUNCTION "public"."billsOfRunsAt"(timestamptz) RETURNS SETOF "public"."CustomerBill"
LANGUAGE sql STABLE
AS $$
  SELECT b.* FROM "public"."CustomerBill" b WHERE b."billRunId" IS NOT NULL
  UNION ALL
  SELECT r.* FROM "public"."BillRunPreview" p CROSS JOIN LATERAL jsonb_populate_record(NULL::"public"."CustomerBill", p."bill") r
$$;
