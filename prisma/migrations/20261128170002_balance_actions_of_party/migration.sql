-- the actions of a party are those of its buckets, too, whoever asked for them
-- by hand

-- COLLATE names the collation of the columns, without which their indexes could not be used.
CREATE FUNCTION "balanceActionsOfParty"("tenant" TEXT, "party" TEXT) RETURNS SETOF TEXT
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT l."actionId" FROM "Bucket" b
  JOIN "BucketAction" l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id"
  WHERE b."tenantId" = "tenant" COLLATE "C" AND b."relatedParty" @> jsonb_build_array(jsonb_build_object('id', "party"))
  UNION
  SELECT a."id" FROM "BalanceAction" a
  WHERE a."tenantId" = "tenant" COLLATE "C" AND a."relatedParty" @> jsonb_build_array(jsonb_build_object('id', "party"))
$$;
