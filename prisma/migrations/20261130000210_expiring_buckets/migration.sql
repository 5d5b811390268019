-- how far the ends of validity have been told beforehand, so that each is told once
CREATE TABLE "BucketExpiringMark" (
    "days" INTEGER NOT NULL,
    "validForEnd" TIMESTAMPTZ(3) NOT NULL,
    "afterTenant" TEXT COLLATE "C",
    "afterBucket" TEXT COLLATE "C",

    CONSTRAINT "BucketExpiringMark_pkey" PRIMARY KEY ("days")
);
