-- the function of a party's actions finds its tables whatever the search path is
-- by hand

CREATE OR REPLACE FUNCTION "public"."balanceActionsOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT l."actionId" FROM "public"."Bucket" b
  JOIN "public"."BucketAction" l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id"
  WHERE b."tenantId" = "tenant" COLLATE "C" AND b."relatedParty" @> jsonb_build_array(jsonb_build_object('id', "party"))
  UNION
  SELECT a."id" FROM "public"."BalanceAction" a
  WHERE a."tenantId" = "tenant" COLLATE "C" AND a."relatedParty" @> jsonb_build_array(jsonb_build_object('id', "party"))
$$;
