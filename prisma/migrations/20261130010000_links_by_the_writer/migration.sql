-- the server itself links actions to buckets and buckets to groups: triggers are left for servers of the version before, which may run beside it during an upgrade
-- by hand

-- A statement that names the links keeps them itself. The triggers go with the version after this one, and are not there where the tables are distributed.
DROP TRIGGER "BalanceAction_linked" ON "BalanceAction";
CREATE TRIGGER "BalanceAction_linked" AFTER INSERT ON "BalanceAction"
REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT
WHEN (strpos(current_query(), '"BucketAction"') = 0)
EXECUTE FUNCTION "linkNewActions"();

DROP TRIGGER "BalanceAction_relinked" ON "BalanceAction";
CREATE TRIGGER "BalanceAction_relinked" AFTER UPDATE OF "bucket", "impactedBucket", "receiverBucket" ON "BalanceAction"
FOR EACH ROW
WHEN ((OLD."bucket" IS DISTINCT FROM NEW."bucket" OR OLD."impactedBucket" IS DISTINCT FROM NEW."impactedBucket"
  OR OLD."receiverBucket" IS DISTINCT FROM NEW."receiverBucket") AND strpos(current_query(), '"BucketAction"') = 0)
EXECUTE FUNCTION "linkChangedAction"();

DROP TRIGGER "Bucket_grouped" ON "Bucket";
CREATE TRIGGER "Bucket_grouped" AFTER INSERT OR DELETE ON "Bucket"
FOR EACH ROW WHEN (strpos(current_query(), '"BalanceGroupBucket"') = 0) EXECUTE FUNCTION "keepBalanceGroups"();

DROP TRIGGER "Bucket_regrouped" ON "Bucket";
CREATE TRIGGER "Bucket_regrouped" AFTER UPDATE OF "usageType", "logicalResource", "partyAccount", "product", "relatedParty" ON "Bucket"
FOR EACH ROW WHEN (strpos(current_query(), '"BalanceGroupBucket"') = 0) EXECUTE FUNCTION "keepBalanceGroups"();

DROP TRIGGER "Bucket_units_grouped" ON "Bucket";
CREATE TRIGGER "Bucket_units_grouped" AFTER UPDATE OF "remainingValueUnits" ON "Bucket"
FOR EACH ROW WHEN (OLD."remainingValueUnits" IS DISTINCT FROM NEW."remainingValueUnits" AND strpos(current_query(), '"BalanceGroupBucket"') = 0)
EXECUTE FUNCTION "keepBalanceGroups"();
