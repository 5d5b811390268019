-- servers share what of a quota is used

-- CreateTable
CREATE TABLE "QuotaUse" (
    "key" TEXT COLLATE "C" NOT NULL,
    "window" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "QuotaUse_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "QuotaUse_expiresAt_idx" ON "QuotaUse"("expiresAt");
