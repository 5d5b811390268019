-- events are kept in partitions by the time of their ids, so that those that are too old are dropped whole

-- by hand

-- The table becomes a partition as it is, with its indexes: of all before next Monday where it has events, else of what no week has a partition for. Weeks get
-- theirs from the server, ahead of time. It is read through once, which proves that it has nothing of later weeks.
DO $$
DECLARE
  latest TEXT;
  monday TIMESTAMP := date_trunc('week', now() AT TIME ZONE 'UTC') + interval '7 days';
  left_of BIGINT := extract(epoch FROM monday)::BIGINT * 1000;
  monday_id TEXT := repeat('0', 16);
  known TEXT := 'Outbox_other';
BEGIN
  FOR digit IN 1..10 LOOP
    monday_id := substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (left_of % 32)::INT + 1, 1) || monday_id;
    left_of := left_of / 32;
  END LOOP;
  -- Where row level security is on, nothing is seen otherwise.
  PERFORM set_config('tmf.tenant', '*', true);
  SELECT max("id") INTO latest FROM "public"."Outbox";
  IF latest < monday_id COLLATE "C" THEN
    known := 'Outbox_until_' || to_char(monday, 'YYYY_MM_DD');
  END IF;
  EXECUTE format('ALTER TABLE "public"."Outbox" RENAME TO %I', known);
  EXECUTE format('ALTER TABLE "public".%I RENAME CONSTRAINT "Outbox_pkey" TO %I', known, known || '_pkey');
  EXECUTE format('ALTER INDEX "public"."Outbox_epoch_transactionId_id_idx" RENAME TO %I', known || '_epoch_transactionId_id_idx');
  EXECUTE format('CREATE TABLE "public"."Outbox" (LIKE "public".%I INCLUDING DEFAULTS) PARTITION BY RANGE ("id")', known);
  ALTER TABLE "public"."Outbox" ADD CONSTRAINT "Outbox_pkey" PRIMARY KEY ("tenantId", "id");
  CREATE INDEX "Outbox_epoch_transactionId_id_idx" ON "public"."Outbox"("epoch", "transactionId", "id");
  IF known = 'Outbox_other' THEN
    ALTER TABLE "public"."Outbox" ATTACH PARTITION "public"."Outbox_other" DEFAULT;
  ELSE
    EXECUTE format('ALTER TABLE "public"."Outbox" ATTACH PARTITION "public".%I FOR VALUES FROM (MINVALUE) TO (%L)', known, monday_id);
    CREATE TABLE "public"."Outbox_other" PARTITION OF "public"."Outbox" DEFAULT;
  END IF;
END
$$;
