-- the actions of a bucket are found without looking through all of them

-- CreateTable
CREATE TABLE "BucketAction" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "bucketId" TEXT COLLATE "C" NOT NULL,
    "actionId" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "BucketAction_pkey" PRIMARY KEY ("tenantId","bucketId","actionId")
);
