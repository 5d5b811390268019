-- a tenant is named by a handle that may change, and its rows by an id that stays

-- AlterTable
ALTER TABLE "Tenant" ADD COLUMN     "formerHandle" TEXT COLLATE "C",
ADD COLUMN     "handle" TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Until now both were the same.
UPDATE "Tenant" SET "handle" = "id";

-- The released server, which may run beside, knows no handles.
CREATE FUNCTION "nameTenant"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW."handle" = '' THEN NEW."handle" := NEW."id"; END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER "Tenant_named" BEFORE INSERT ON "Tenant" FOR EACH ROW EXECUTE FUNCTION "nameTenant"();

-- CreateIndex
CREATE UNIQUE INDEX "Tenant_tenantId_handle_key" ON "Tenant"("tenantId", "handle");
