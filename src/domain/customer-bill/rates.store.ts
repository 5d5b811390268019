import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import type { Money } from '../row.js';
import { selectAccountsOfParty, selectBillableCounts, selectBillableOf } from '../usage/billing.store.js';
import { selectBilledAccountsOfParty } from './bills.store.js';

type Queries = Pick<Database, 'query'> | Pick<Transaction, 'query'>;

/** Lines of one product and of one name, by their dates. */
export interface LineGroup {
  /** Null: they are for no product, or for one without a name. */
  readonly productId: string | null;
  readonly productName: string | null;
  readonly name: string | null;
  readonly ids: readonly string[];
}

/** How many lines a bill has. */
export async function countLines(queries: Queries, tenantId: string, billId: string): Promise<number> {
  const [count] = await queries.query<{ lines: number }>(
    Prisma.sql`SELECT count(*)::int AS "lines" FROM ${linesOf(tenantId, billId)}`,
  );
  return count?.lines ?? 0;
}

/** The ids of the lines of a bill behind this one, in the order in which they were made, at most `limit`. */
export async function findLineIds(
  queries: Queries,
  tenantId: string,
  billId: string,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await queries.query<{ id: string }>(Prisma.sql`
    SELECT b."id" FROM ${linesOf(tenantId, billId)} AND b."id" COLLATE "C" > ${after} ORDER BY b."id" COLLATE "C" LIMIT ${limit}::int`);
  return rows.map(({ id }) => id);
}

/** The ids of some lines of a bill, at most `limit`. */
export async function findSomeLineIds(
  tx: Transaction,
  tenantId: string,
  billId: string,
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    Prisma.sql`SELECT b."id" FROM ${linesOf(tenantId, billId)} ORDER BY b."id" LIMIT ${limit}::int`,
  );
  return rows.map(({ id }) => id);
}

/** The ids of all lines of a bill, in the order in which a run takes them. */
export async function findLineIdsByDate(tx: Transaction, tenantId: string, billId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    Prisma.sql`SELECT b."id" FROM ${linesOf(tenantId, billId)} ORDER BY b."date", b."id"`,
  );
  return rows.map(({ id }) => id);
}

/** The lines of a bill as they stand on paper: by product and name, those for no product last. */
export async function findLineGroups(queries: Queries, tenantId: string, billId: string): Promise<LineGroup[]> {
  const groups = await queries.query<Omit<LineGroup, 'ids'> & { ids: string }>(Prisma.sql`
    SELECT g."productId", g."productName", g."name", json_agg(g."id" ORDER BY g."date", g."id" COLLATE "C")::text AS "ids"
    FROM (
      SELECT b."id", b."date", b."product"->>'id' AS "productId", b."product"->>'name' AS "productName", b."name"
      FROM ${linesOf(tenantId, billId)}
    ) g
    GROUP BY g."productId", g."productName", g."name"
    ORDER BY g."productName" COLLATE "C", g."productId" COLLATE "C", g."name" COLLATE "C"`);
  return groups.map(({ ids, ...group }) => ({ ...group, ids: JSON.parse(ids) as string[] }));
}

/** What stands behind FROM, with the rate as b. */
function linesOf(tenantId: string, billId: string): Prisma.Sql {
  return Prisma.sql`"AppliedCustomerBillingRate" b
    WHERE b."tenantId" = ${tenantId} AND b."billId" = ${billId}`;
}

/** The account of a rate, as b. An index has it in this order; the function alone would forget it. */
const rateAccount = Prisma.sql`(b."billingAccountId" COLLATE "C")`;

/** Rates, as b, that no bill has. Those without an amount wait until they have one. */
const isWaiting = Prisma.sql`(NOT b."isBilled" AND coalesce(b."taxExcludedAmountValue", b."taxIncludedAmountValue") IS NOT NULL)`;

/** By account and date: the order in which rates are locked, so that runs that meet wait for each other. */
export const billingOrder = Prisma.sql`${rateAccount}, b."date", b."id"`;

/** Condition on a rate b: one of these accounts, from before this instant, that no bill has. */
export function isUnbilled(accounts: readonly string[], before: Date): Prisma.Sql {
  return Prisma.sql`${isWaiting} AND ${rateAccount} = ANY(${accounts}::text[]) AND b."date" < ${before}`;
}

/** An account that has something to be billed, and how much: rates and usages. */
export interface UnbilledAccount {
  account: string;
  count: number;
}

/** The next accounts, in the order of their ids, that have rates or usages from before this instant which no bill has. */
export function findUnbilledAccounts(
  tx: Transaction,
  tenantId: string,
  { after, before, limit }: { after: string; before: Date; limit: number },
): Promise<UnbilledAccount[]> {
  return countUnbilled(tx, tenantId, (account) => Prisma.sql`${account} > ${after}`, before, limit);
}

/** How much of this account no bill has, from before this instant; undefined: nothing. */
export async function findUnbilledOf(
  tx: Transaction,
  tenantId: string,
  account: string,
  before: Date,
): Promise<UnbilledAccount | undefined> {
  const [found] = await countUnbilled(tx, tenantId, (column) => Prisma.sql`${column} = ${account}`, before, 1);
  return found;
}

/** How much of each of these accounts no bill has, from before this instant; of those that have something. */
export function findUnbilledOfAll(
  queries: Queries,
  tenantId: string,
  accounts: readonly string[],
  before: Date,
): Promise<UnbilledAccount[]> {
  const isOne = (column: Prisma.Sql): Prisma.Sql => Prisma.sql`${column} = ANY(${accounts}::text[])`;
  return countUnbilled(queries, tenantId, isOne, before, accounts.length);
}

function countUnbilled(
  tx: Queries,
  tenantId: string,
  isWanted: (account: Prisma.Sql) => Prisma.Sql,
  before: Date,
  limit: number,
): Promise<UnbilledAccount[]> {
  const ordered = Prisma.sql`GROUP BY 1 ORDER BY 1 LIMIT ${limit}::int`;
  return tx.query<UnbilledAccount>(Prisma.sql`
    SELECT u."account", sum(u."count")::int AS "count" FROM (
      (SELECT ${rateAccount} AS "account", count(*) AS "count" FROM "AppliedCustomerBillingRate" b
        WHERE b."tenantId" = ${tenantId} AND ${isWaiting} AND ${isWanted(rateAccount)} AND b."date" < ${before} ${ordered})
      UNION ALL
      (${selectBillableCounts(tenantId, isWanted, before)} ${ordered})
    ) u ${ordered}`);
}

/** The accounts of a party, as its usages and its bills have it, in order, at most `limit`. */
export async function findAccountsOfParty(
  tx: Transaction,
  tenantId: string,
  party: string,
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ account: string }>(Prisma.sql`
    SELECT a."account" FROM (
      ${selectAccountsOfParty(tenantId, party)}
      UNION ${selectBilledAccountsOfParty(tenantId, party)}
    ) a WHERE a."account" IS NOT NULL ORDER BY 1 LIMIT ${limit}::int`);
  return rows.map(({ account }) => account);
}

/** Of these accounts, in order, those that have something unbilled, whenever it is from, at most `limit`. */
export async function findWaitingAccounts(
  tx: Transaction,
  tenantId: string,
  accounts: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ account: string }>(Prisma.sql`
    SELECT a."account" FROM unnest(${accounts}::text[]) AS a("account") WHERE EXISTS (
      SELECT 1 FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = ${tenantId} AND ${isWaiting} AND ${rateAccount} = a."account"
    ) OR EXISTS (
      ${selectBillableOf(tenantId, Prisma.sql`a."account"`)}
    ) ORDER BY a."account" COLLATE "C" LIMIT ${limit}::int`);
  return rows.map(({ account }) => account);
}

/** What the lines of a bill can be grouped by, and the SQL of each in a rate, as b. */
const groupings = {
  TYPE: Prisma.sql`b."appliedBillingRateType"`,
  NAME: Prisma.sql`b."name"`,
  PRODUCT: Prisma.sql`b."product"->>'id'`,
  TAX_RATE: Prisma.sql`(SELECT string_agg(t->>'taxRate', '+' ORDER BY t->>'taxRate') FROM jsonb_array_elements(b."appliedTax") AS t)`,
} as const;

/** By what lines can be gathered. */
export type RateGrouping = keyof typeof groupings;
export const rateGroupings = Object.keys(groupings) as RateGrouping[];

/** Groups of one bill that are answered. */
const groupsMax = 1_000;

/** Lines of a bill that have something in common, summed up; credits count negatively. */
export interface RateGroup {
  appliedBillingRateType: string | null;
  name: string | null;
  productId: string | null;
  taxRate: string | null;
  count: number;
  taxExcludedAmount: Money | null;
  taxIncludedAmount: Money | null;
}

/** The groups of these bills, by the id of the bill. */
export async function findRateGroups(
  queries: Queries,
  tenantId: string,
  billIds: readonly string[],
  by: readonly RateGrouping[],
): Promise<Map<string, RateGroup[]>> {
  const rows = await queries.query<{ billId: string; groups: string }>(selectGroups(tenantId, billIds, by));
  return new Map(rows.map(({ billId, groups }) => [billId, JSON.parse(groups) as RateGroup[]]));
}

function selectGroups(tenantId: string, billIds: readonly string[], by: readonly RateGrouping[]): Prisma.Sql {
  const columns = rateGroupings.map((name) => (by.includes(name) ? groupings[name] : Prisma.sql`NULL::text`));
  return Prisma.sql`
    SELECT g."billId", json_agg(json_build_object(
      'appliedBillingRateType', g."type", 'name', g."name", 'productId', g."product", 'taxRate', g."taxRate", 'count', g."count",
      'taxExcludedAmount', CASE WHEN g."excluded" IS NOT NULL THEN json_build_object('value', g."excluded", 'unit', g."unit") END,
      'taxIncludedAmount', CASE WHEN g."included" IS NOT NULL THEN json_build_object('value', g."included", 'unit', g."unit") END
    ) ORDER BY g."type", g."product", g."name", g."taxRate", g."unit")::text AS "groups"
    FROM (
      SELECT b."billId" AS "billId", ${Prisma.join(columns.map((column, index) => Prisma.sql`${column} AS ${Prisma.raw(columnNames[index] ?? '')}`))},
        COALESCE(b."taxExcludedAmountUnit", b."taxIncludedAmountUnit") AS "unit", count(*)::int AS "count",
        ${sumOf(Prisma.sql`b."taxExcludedAmountValue"`)} AS "excluded", ${sumOf(Prisma.sql`b."taxIncludedAmountValue"`)} AS "included",
        row_number() OVER (PARTITION BY b."billId") AS "place"
      FROM "AppliedCustomerBillingRate" b
      CROSS JOIN LATERAL (SELECT CASE WHEN b."appliedBillingRateType" = 'appliedBillingCredit' THEN -1 ELSE 1 END AS "sign") s
      WHERE b."tenantId" = ${tenantId} AND b."billId" = ANY(${billIds}::text[])
      GROUP BY 1, 2, 3, 4, 5, 6
    ) g WHERE g."place" <= ${groupsMax}::int GROUP BY g."billId"`;
}

/** Null where some of the lines do not have the amount: the others together would pass for the sum of all. */
function sumOf(amount: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`CASE WHEN count(${amount}) = count(*) THEN sum(${amount} * s."sign") END`;
}

/** In the order of the groupings. */
const columnNames = ['"type"', '"name"', '"product"', '"taxRate"'];

/** Of these rates, those that are on no bill, or on one that has no number yet. */
export async function unsettledRates(database: Database, tenantId: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await database.read<{ id: string }>(
    Prisma.sql`
      SELECT r."id" FROM "AppliedCustomerBillingRate" r
      LEFT JOIN "CustomerBill" c ON c."tenantId" = r."tenantId" AND c."id" = r."bill"->>'id'
      WHERE r."tenantId" = ${tenantId} AND r."id" = ANY(${ids}::text[]) AND c."billNo" IS NULL`,
    { isPlanKept: false, workClass: 'report' },
  );
  return rows.map(({ id }) => id);
}
