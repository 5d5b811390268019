-- "BucketAction" follows "BalanceAction" by triggers, so that whatever writes actions keeps it true
-- by hand

-- The buckets an action names or moved. Only an index entry of bounded length can be made of an id: no bucket has a longer one.
CREATE FUNCTION "bucketIdsOf"("bucket" JSONB, "impactedBucket" JSONB, "receiverBucket" JSONB) RETURNS SETOF TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
AS $$
  SELECT n."id" FROM (
    SELECT $1->>'id'
    UNION SELECT e->'bucket'->>'id' FROM jsonb_array_elements(CASE WHEN jsonb_typeof($2) = 'array' THEN $2 END) e
    UNION SELECT $3->>'id'
  ) n("id")
  WHERE octet_length(n."id") <= 64
$$;

-- The engine inserts the actions of a whole batch by one statement: their links are made by one, too. Compiling that takes PostgreSQL
-- ten times as long as running it.
CREATE FUNCTION "linkNewActions"() RETURNS TRIGGER
LANGUAGE plpgsql SET jit = off
AS $$
BEGIN
  INSERT INTO "BucketAction" ("tenantId", "bucketId", "actionId")
  SELECT a."tenantId", i, a."id" FROM "added" a, "bucketIdsOf"(a."bucket", a."impactedBucket", a."receiverBucket") i;
  RETURN NULL;
END
$$;

CREATE TRIGGER "BalanceAction_linked" AFTER INSERT ON "BalanceAction"
REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT EXECUTE FUNCTION "linkNewActions"();

-- What a scheduled action moves is only known when it is applied.
CREATE FUNCTION "linkChangedAction"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE "left" TEXT;
BEGIN
  -- One by one, by the key.
  FOR "left" IN SELECT "bucketIdsOf"(OLD."bucket", OLD."impactedBucket", OLD."receiverBucket") LOOP
    DELETE FROM "BucketAction" WHERE "tenantId" = OLD."tenantId" AND "bucketId" = "left" AND "actionId" = OLD."id";
  END LOOP;
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO "BucketAction" ("tenantId", "bucketId", "actionId")
    SELECT NEW."tenantId", i, NEW."id" FROM "bucketIdsOf"(NEW."bucket", NEW."impactedBucket", NEW."receiverBucket") i;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER "BalanceAction_relinked" AFTER UPDATE OF "bucket", "impactedBucket", "receiverBucket" ON "BalanceAction"
FOR EACH ROW
WHEN (OLD."bucket" IS DISTINCT FROM NEW."bucket" OR OLD."impactedBucket" IS DISTINCT FROM NEW."impactedBucket"
  OR OLD."receiverBucket" IS DISTINCT FROM NEW."receiverBucket")
EXECUTE FUNCTION "linkChangedAction"();

CREATE TRIGGER "BalanceAction_unlinked" AFTER DELETE ON "BalanceAction"
FOR EACH ROW EXECUTE FUNCTION "linkChangedAction"();

INSERT INTO "BucketAction" ("tenantId", "bucketId", "actionId")
SELECT a."tenantId", i, a."id" FROM "BalanceAction" a, "bucketIdsOf"(a."bucket", a."impactedBucket", a."receiverBucket") i;
