-- a bucket answers its live reservations as if they were a column: b."reserveBalance"
-- by hand

-- The outer function below stays a bare CASE so that PostgreSQL puts it in line; a sub-select there would prevent it.
-- COLLATE names the collation of the columns, without which their index could not be used.
CREATE FUNCTION "liveReservations"("tenant" TEXT, "bucket" TEXT) RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT COALESCE(
    jsonb_agg(jsonb_build_object('id', h."reserveBalanceId") ORDER BY h."reserveBalanceId"),
    '[]'::jsonb
  )
  FROM "ReservationHold" h
  WHERE h."tenantId" = "tenant" COLLATE "C" AND h."bucketId" = "bucket" COLLATE "C"
$$;

-- Nothing is looked up for a bucket that reserves nothing, which most buckets are.
CREATE FUNCTION "reserveBalance"("Bucket") RETURNS JSONB
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN $1."reservedValueAmount" <> 0 THEN "liveReservations"($1."tenantId", $1."id") END
$$;
