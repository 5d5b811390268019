-- events keep their order where a database is restored into another cluster, whose transaction ids begin anew: an epoch comes before them
-- by hand

-- Whoever notices at its start that the ids of transactions have begun anew raises the default. What is there was written before it.
ALTER TABLE "Outbox" ADD COLUMN "epoch" INTEGER NOT NULL DEFAULT 0;

DROP INDEX "Outbox_transactionId_id_idx";

CREATE INDEX "Outbox_epoch_transactionId_id_idx" ON "Outbox"("epoch", "transactionId", "id");
