import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import type { Queries } from '../../platform/write/rows.js';
import type { Write } from '../../platform/write/write-all.js';

// Parts of statements about usages that wait to be billed, as b, and the links between results of rating and billing rates.

/**
 * Usages that were rated, are paid by no bucket, and have a result with an amount that is on no bill and no billing rate
 * was made of.
 */
const isBillable = Prisma.sql`(b."status" = 'rated' AND b."chargeTo" IS NULL AND EXISTS (
  SELECT 1 FROM jsonb_array_elements(b."ratedProductUsage") WITH ORDINALITY AS e("result", "number")
  WHERE e."result"->'isBilled' IS DISTINCT FROM 'true'::jsonb
    AND coalesce(e."result"#>>'{taxExcludedRatingAmount,value}', e."result"#>>'{taxIncludedRatingAmount,value}') IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM "UsageRate" r WHERE r."tenantId" = b."tenantId" AND r."usageId" = b."id" AND r."result" = e."number" - 1)))`;

/** The account of a usage. An index has it in this order; the function alone would forget it. */
const usageAccount = Prisma.sql`(b."billingAccountId" COLLATE "C")`;

/** By account and date: the order in which usages are locked, so that runs that meet wait for each other. */
export const billingOrder = Prisma.sql`${usageAccount}, b."usageDate", b."id"`;

/** Usages of these accounts from before this instant. */
export function isOfAccounts(accounts: readonly string[], before: Date): Prisma.Sql {
  return Prisma.sql`${usageAccount} = ANY(${accounts}::text[]) AND b."usageDate" < ${before}`;
}

/** Those that meet the condition and wait to be billed. */
export function isBillableAnd(condition: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`${isBillable} AND ${condition}`;
}

/** Usages to make billing rates of: of an account, of a party, or of all that name an account. */
export interface UsageSelection {
  /** With a party: the account of those usages of the party that name none. Alone: usages of this account. */
  readonly account: string | undefined;
  readonly party: string | undefined;
  /** Only usages from before this instant; undefined: all. */
  readonly before: Date | undefined;
}

/** Usages of such a selection. */
export function isSelected({ account, party, before }: UsageSelection): Prisma.Sql {
  const until = before ? Prisma.sql`b."usageDate" < ${before}` : Prisma.sql`true`;
  const hasAccount = Prisma.sql`b."billingAccountId" IS NOT NULL`;
  if (party === undefined)
    return Prisma.sql`${account === undefined ? hasAccount : Prisma.sql`${usageAccount} = ${account}`} AND ${until}`;
  return Prisma.sql`b."relatedParty" @> ${partyJson(party)}::jsonb AND ${account === undefined ? hasAccount : Prisma.sql`true`} AND ${until}`;
}

/** SELECT of accounts with usages that wait to be billed, and how many; `isWanted` gets the column of the account. */
export function selectBillableCounts(
  tenantId: string,
  isWanted: (account: Prisma.Sql) => Prisma.Sql,
  before: Date,
): Prisma.Sql {
  return Prisma.sql`
    SELECT ${usageAccount} AS "account", count(*) AS "count" FROM "Usage" b
    WHERE b."tenantId" = ${tenantId} AND ${isBillable} AND ${isWanted(usageAccount)} AND b."usageDate" < ${before}`;
}

/** SELECT that finds something when the account, an expression, has usages that wait to be billed. */
export function selectBillableOf(tenantId: string, account: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`SELECT 1 FROM "Usage" b WHERE b."tenantId" = ${tenantId} AND ${isBillable} AND ${usageAccount} = ${account}`;
}

/** SELECT of the accounts of the usages of a party, billed or not. */
export function selectAccountsOfParty(tenantId: string, party: string): Prisma.Sql {
  return Prisma.sql`
    SELECT ${usageAccount} AS "account" FROM "Usage" b
    WHERE b."tenantId" = ${tenantId} AND b."relatedParty" @> ${partyJson(party)}::jsonb`;
}

function partyJson(id: string): string {
  return JSON.stringify([{ id }]);
}

/** Which result of the rating of a usage became which billing rate. */
export interface UsageRateLink {
  usageId: string;
  /** Its place in ratedProductUsage. */
  result: number;
  rateId: string;
}

/** The links of these usages. */
export function linksOfUsages(tx: Queries, tenantId: string, usageIds: readonly string[]): Promise<UsageRateLink[]> {
  return selectLinks(tx, tenantId, Prisma.sql`r."usageId" = ANY(${usageIds}::text[])`);
}

/** The links of these rates. */
export function linksOfRates(tx: Queries, tenantId: string, rateIds: readonly string[]): Promise<UsageRateLink[]> {
  return selectLinks(tx, tenantId, Prisma.sql`r."rateId" = ANY(${rateIds}::text[])`);
}

function selectLinks(tx: Queries, tenantId: string, condition: Prisma.Sql): Promise<UsageRateLink[]> {
  return tx.query(
    Prisma.sql`SELECT r."usageId", r."result", r."rateId" FROM "UsageRate" r WHERE r."tenantId" = ${tenantId} AND ${condition} ORDER BY r."usageId", r."result"`,
  );
}

/** The rate that the first linked result of a usage became; undefined when there is none. */
export async function findRateOf(tx: Transaction, tenantId: string, usageId: string): Promise<string | undefined> {
  const link = await tx.client.usageRate.findFirst({ where: { tenantId, usageId }, orderBy: { result: 'asc' } });
  return link?.rateId;
}

/** Links results to their rates: none is linked twice, and what is linked is rated no more. */
export function insertLinks(tenantId: string, links: readonly UsageRateLink[]): Write {
  if (links.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "UsageRate" ("tenantId", "usageId", "result", "rateId")
    SELECT ${tenantId}::text, r."usageId", r."result", r."rateId"
    FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS r("usageId" text, "result" integer, "rateId" text)`;
}

/** Unlinks a rate: what it was made of waits again to become one. */
export async function deleteLinksOfRate(tx: Transaction, tenantId: string, rateId: string): Promise<void> {
  await tx.client.usageRate.deleteMany({ where: { tenantId, rateId } });
}
