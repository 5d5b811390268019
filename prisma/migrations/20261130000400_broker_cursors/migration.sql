-- brokers are told events, each from where it was told last

-- CreateTable
CREATE TABLE "BrokerCursor" (
    "broker" TEXT COLLATE "C" NOT NULL,
    "epoch" INTEGER NOT NULL,
    "transactionId" BIGINT NOT NULL,
    "eventId" TEXT COLLATE "C" NOT NULL,
    "delivered" JSONB NOT NULL,
    "lease" TEXT COLLATE "C",
    "leasedUntil" TIMESTAMPTZ(3),

    CONSTRAINT "BrokerCursor_pkey" PRIMARY KEY ("broker")
);
