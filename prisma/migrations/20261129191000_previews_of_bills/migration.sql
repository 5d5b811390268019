-- the bills that a dry run would have made are read apart from those that were made
-- by hand

CREATE FUNCTION "public"."billPreviewsAt"(timestamptz) RETURNS SETOF "public"."CustomerBill"
LANGUAGE sql STABLE
AS $$
  SELECT r.* FROM "public"."BillRunPreview" p CROSS JOIN LATERAL jsonb_populate_record(NULL::"public"."CustomerBill", p."bill") r
$$;

DROP FUNCTION "public"."billsOfRunsAt"(timestamptz);
