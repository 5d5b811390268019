-- parties are forgotten by a task that says how far it has come

-- CreateTable
CREATE TABLE "PartyErasure" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT COLLATE "C" NOT NULL,
    "partyId" TEXT COLLATE "C" NOT NULL,
    "account" JSONB,
    "rows" INTEGER NOT NULL DEFAULT 0,
    "placesDone" INTEGER NOT NULL DEFAULT 0,
    "places" INTEGER NOT NULL,
    "place" TEXT COLLATE "C",
    "lastKey" TEXT COLLATE "C",
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "PartyErasure_pkey" PRIMARY KEY ("tenantId","id")
);

-- CreateIndex
CREATE INDEX "PartyErasure_tenantId_startedAt_id_idx" ON "PartyErasure"("tenantId", "startedAt", "id");
