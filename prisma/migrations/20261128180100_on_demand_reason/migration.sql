-- A request for a bill has a description of its client and a reason of the server, one beside the other.

-- AlterTable
ALTER TABLE "CustomerBillOnDemand" ADD COLUMN     "stateReason" TEXT COLLATE "C";
