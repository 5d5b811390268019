-- what a principal has moved in a day, where the policy bounds it

-- CreateTable
CREATE TABLE "AmountOfDay" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "principal" TEXT COLLATE "C" NOT NULL,
    "operation" TEXT COLLATE "C" NOT NULL,
    "units" TEXT COLLATE "C" NOT NULL,
    "day" DATE NOT NULL,
    "amount" DECIMAL(40,9) NOT NULL,

    CONSTRAINT "AmountOfDay_pkey" PRIMARY KEY ("tenantId","principal","operation","units","day")
);

-- CreateIndex
CREATE INDEX "AmountOfDay_day_idx" ON "AmountOfDay"("day");
