-- callbacks are registered, and told of events

-- CreateTable
CREATE TABLE "Hub" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "api" TEXT COLLATE "C",
    "callback" TEXT COLLATE "C" NOT NULL,
    "query" TEXT COLLATE "C",
    "signingSecret" TEXT COLLATE "C" NOT NULL,
    "subscriber" JSONB NOT NULL,
    "principalId" TEXT COLLATE "C" NOT NULL,
    "fingerprint" TEXT COLLATE "C" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Hub_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateTable
CREATE TABLE "HubCursor" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "hubId" TEXT COLLATE "C" NOT NULL,
    "epoch" INTEGER NOT NULL,
    "transactionId" BIGINT NOT NULL,
    "eventId" TEXT COLLATE "C" NOT NULL,
    "delivered" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT COLLATE "C",
    "nextAt" TIMESTAMPTZ(3) NOT NULL,
    "lease" TEXT COLLATE "C",
    "leasedUntil" TIMESTAMPTZ(3),

    CONSTRAINT "HubCursor_pkey" PRIMARY KEY ("tenantId","hubId")
);

-- CreateTable
CREATE TABLE "HubDeadLetter" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "hubId" TEXT COLLATE "C" NOT NULL,
    "eventId" TEXT COLLATE "C" NOT NULL,
    "eventType" TEXT COLLATE "C" NOT NULL,
    "resourceId" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "attempts" INTEGER NOT NULL,
    "error" TEXT COLLATE "C",
    "failedAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HubDeadLetter_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Hub_tenantId_fingerprint_key" ON "Hub"("tenantId", "fingerprint");

-- CreateIndex
CREATE INDEX "HubCursor_nextAt_idx" ON "HubCursor"("nextAt");

-- CreateIndex
CREATE INDEX "HubDeadLetter_tenantId_hubId_id_idx" ON "HubDeadLetter"("tenantId", "hubId", "id");

-- CreateIndex
CREATE INDEX "HubDeadLetter_tenantId_state_hubId_idx" ON "HubDeadLetter"("tenantId", "state", "hubId");

-- by hand

-- What readers have in the place of the secret, which the answer to a registration alone tells: null, of each row by itself, so that no order by it
-- looks as if an index gave it.
CREATE FUNCTION "public"."secret"("h" "public"."Hub") RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT NULLIF("h"."id", "h"."id") $$;
