-- actions may wait for their payment, and what is deleted is kept for those who audit

-- AlterTable
ALTER TABLE "BalanceAction" ADD COLUMN     "deletedAt" TIMESTAMPTZ(3),
ADD COLUMN     "deletedBy" TEXT COLLATE "C",
ADD COLUMN     "paymentDueDate" TIMESTAMPTZ(3);
