-- deliveries are signed with the secret before, too, while receivers change to a new one

-- AlterTable
ALTER TABLE "Hub" ADD COLUMN     "previousSecret" TEXT COLLATE "C",
ADD COLUMN     "previousSecretUntil" TIMESTAMPTZ(3);
