-- Who the tenants are, and whether their requests are answered.

-- CreateTable
CREATE TABLE "Tenant" (
    "tenantId" TEXT COLLATE "C" NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT COLLATE "C" NOT NULL,
    "state" TEXT COLLATE "C" NOT NULL,
    "settings" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Tenant_pkey" PRIMARY KEY ("tenantId","id")
);

-- Everything that is there belongs to the operator.
INSERT INTO "Tenant" ("tenantId", "id", "name", "state", "createdAt", "updatedAt")
VALUES ('default', 'default', 'The operator', 'active', now(), now());
