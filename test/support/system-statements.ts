/** A statement of the server itself, by how it is written, and why it is about no one tenant. */
interface SystemStatement {
  readonly statement: RegExp;
  readonly why: string;
}

/** What touches a table of tenants without naming one. Each that finds rows hands their tenant on to what is then done with them. */
export const systemStatements: readonly SystemStatement[] = [
  { statement: /^SELECT max\(o\."id"\) AS "id" FROM \( SELECT "id" FROM "Outbox"/, why: 'ids grow over all tenants' },
  {
    statement: /^SELECT EXISTS \( SELECT 1 FROM "Outbox" WHERE "epoch" = /,
    why: 'the epoch is that of the database: transactions have no tenant',
  },
  {
    statement: /^SELECT max\("epoch"\) AS "epoch" FROM "Outbox"$/,
    why: 'the first start on a database begins its epoch',
  },
  {
    statement:
      /^SELECT b\."tenantId", b\."id" FROM "CustomerBill" b WHERE \(b\."tenantId", b\."id"\) > .* AND b\."isCalculated"/,
    why: 'a backfill finds the drafts of an earlier version',
  },
  {
    statement:
      /^SELECT "tenantId" FROM "BalanceAction" WHERE "nextDueDate" <= .* UNION SELECT "tenantId" FROM "Bucket"/,
    why: 'finds the tenants for whom something is due',
  },
  { statement: /^SELECT t\."tenantId", t\."id" FROM "UsageImport" t WHERE/, why: 'resumes imports whose server died' },
  {
    statement: /^SELECT "tenantId", "id", "uploads", "lastLine" FROM "UsageImport" WHERE "status" = /,
    why: 'finds uploads that broke off',
  },
  {
    statement: /^SELECT "tenantId", "id", "runs" AS "run" FROM "UsageExport" WHERE "status" = 'running'/,
    why: 'finds downloads whose server died',
  },
  {
    statement: /^SELECT "tenantId", "id" FROM "CancelResourceOrder" WHERE "state" = 'accepted'/,
    why: 'finds cancellations whose time has come',
  },
  {
    statement: /^SELECT "tenantId", "id" FROM "ResourceOrder" WHERE "state" IN .* AND "category" = /,
    why: 'the simulator finds orders to move',
  },
  {
    statement:
      /^DELETE FROM "Idempotency" WHERE \("tenantId", "key"\) IN \( SELECT "tenantId", "key" FROM "Idempotency" WHERE "createdAt" < /,
    why: 'keys are forgotten after the same time for all',
  },
  { statement: /^DELETE FROM "AmountOfDay" WHERE "day" < /, why: 'sums of days that are over are forgotten for all' },
  { statement: /FROM "ApiKey" WHERE "hash" = ANY/, why: 'a key says which tenant it is of' },
  {
    statement: /^UPDATE "ApiKey" k SET "lastUsedAt" = .* WHERE k\."tenantId" = u\."tenantId"/,
    why: 'last uses are written together, each with its tenant',
  },
];
