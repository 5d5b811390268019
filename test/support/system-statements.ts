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
    statement: /^SELECT count\(\*\) OVER \(\)::int AS "rows", ARRAY\[b\."tenantId", b\."id"\] AS "last" FROM/,
    why: 'a check goes through the rows of all tenants',
  },
  {
    statement: /^SELECT \* FROM \( SELECT .* AS "place", w\."value", count\(\*\)::int AS "count" FROM /,
    why: 'the check of words that a column does not have',
  },
  {
    statement:
      /^SELECT b\."tenantId", b\."id", jsonb_build_object\(.*\)::text AS "row" FROM "\w+" b WHERE .* ORDER BY b\."tenantId" DESC, b\."id" DESC LIMIT /,
    why: 'a backfill fills the directory of each tenant with whom its rows name',
  },
  {
    statement:
      /^SELECT "tenantId" FROM "BalanceAction" WHERE "nextDueDate" <= .* UNION SELECT "tenantId" FROM "Bucket"/,
    why: 'finds the tenants for whom something is due',
  },
  {
    statement: /^SELECT b\."tenantId", b\."id", b\."validForEnd" FROM "Bucket" b WHERE b\."status" = 'active'/,
    why: 'finds the buckets of all tenants that will expire',
  },
  {
    statement: /^SELECT b\."tenantId", b\."id" FROM "CustomerBill" b WHERE b\."state" IN .* FOR UPDATE SKIP LOCKED/,
    why: 'takes the bills of all tenants that are not paid in time',
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
  {
    statement: /^DELETE FROM "AmountOfDay" WHERE \(.*\) IN \( SELECT .* FROM "AmountOfDay" WHERE "day" < /,
    why: 'sums of days that are over are forgotten for all',
  },
  {
    statement: /^DELETE FROM "HubDeadLetter" WHERE \(.*\) IN \( SELECT .* WHERE "updatedAt" < /,
    why: 'dead letters are forgotten after the same time for all',
  },
  {
    statement: /^DELETE FROM "BillRunPreview" WHERE \(.*\) IN \( SELECT .* WHERE r\."startedAt" < /,
    why: 'previews are forgotten after the same time for all',
  },
  {
    statement:
      /^SELECT "tenantId", "id" FROM "(UsageExport|UsageImport|CustomerBillOnDemand)" WHERE \("tenantId", "id"\) > .* < \$\d ORDER BY/,
    why: 'finds tasks of all tenants that ended long ago; each is deleted for its tenant',
  },
  {
    statement: /^WITH l AS MATERIALIZED \( SELECT o\."epoch", .* UPDATE "HubCursor" c SET "lease" = /,
    why: 'takes registrations of all tenants that have something to be told',
  },
  {
    statement: /^SELECT c\."tenantId", c\."epoch", .* FROM "SpendCursor" c, .* FOR UPDATE OF c SKIP LOCKED/,
    why: 'takes the tenants with limits whose events are to be looked through',
  },
  {
    statement: /^SELECT "tenantId", "id" FROM "SpendLimit" WHERE "dueAt" <= /,
    why: 'takes the limits of all tenants that are to be looked at',
  },
  {
    statement: /^SELECT \(SELECT coalesce\(sum\(greatest\(c\.reltuples, 0\)\), 0\).* FROM "Outbox" o/,
    why: 'figures for operators: how many events are kept, and since when',
  },
  {
    statement: /^SELECT min\("at"\) AS "at" FROM \( SELECT min\("nextDueDate"\)/,
    why: 'figures for operators: since when something is due',
  },
  {
    statement: /^SELECT i\."status", count\(\*\)::int AS "imports", .* FROM "UsageImport" i GROUP BY/,
    why: 'figures for operators: how imports go',
  },
  {
    statement: /^SELECT c\."broker", coalesce\(\( SELECT greatest\(0, .* FROM "BrokerCursor" c/,
    why: 'figures for operators: how far brokers that are told of all tenants are behind',
  },
  {
    statement: /^SELECT count\(\*\)::int AS "registrations", .* FROM "HubCursor" c/,
    why: 'figures for operators: how registrations are told',
  },
  {
    statement:
      /^SELECT e\."epoch", .* FROM \( SELECT o\."epoch", o\."transactionId", o\."id" FROM "Outbox" o WHERE \(o\."transactionId" < pg_snapshot_xmin/,
    why: 'how far events can be told is the same for all tenants',
  },
  {
    statement: /^SELECT o\."epoch", .* FROM "Outbox" o WHERE \(o\."epoch", o\."transactionId", o\."id"\) <= .* OFFSET/,
    why: 'a position somewhat earlier, from which the events of one tenant are read',
  },
  {
    statement:
      /^SELECT o\."id" FROM "Outbox" o WHERE o\."epoch" = .* AND o\."transactionId" = .* AND o\."id" = .* LIMIT 1$/,
    why: 'whether a position that a reader of one tenant has come to is still kept',
  },
  {
    statement: /^INSERT INTO "BrokerCursor" \(.*\) SELECT .* FROM "Outbox" o WHERE /,
    why: 'a broker is told of all tenants, from the end of what is committed on',
  },
  {
    statement: /^WITH l AS MATERIALIZED \( SELECT o\."epoch", .* UPDATE "BrokerCursor" c SET "lease" = /,
    why: 'takes a broker that is told of all tenants',
  },
  {
    statement: /^SELECT o\."tenantId", .* FROM "Outbox" o WHERE o\."resourceType" = ANY/,
    why: 'brokers are told the events of all tenants, each with its own',
  },
  { statement: /FROM "ApiKey" WHERE "hash" = ANY/, why: 'a key says which tenant it is of' },
  {
    statement: /^UPDATE "ApiKey" k SET "lastUsedAt" = .* WHERE k\."tenantId" = u\."tenantId"/,
    why: 'last uses are written together, each with its tenant',
  },
];
