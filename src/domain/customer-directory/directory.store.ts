import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { fixedConditions, identifier } from '../../platform/read/columns.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { Queries } from '../../platform/write/rows.js';
import type { Write } from '../../platform/write/write-all.js';
import type { Entry, Names } from './names.js';
import { namingAttributes } from './places.js';

/** Whether names are those that are given now, or come from rows of earlier times and replace none. */
export type Given = 'now' | 'earlier';

/**
 * What writes into the directory what is new in it, and of a name that changed the later one: nothing, as a rule. It is for the
 * statement that writes the rows which name it, before these. What is known is not touched, not even locked; what is new is
 * written in the order of the keys, and table after table in the same order, so that transactions which name the same wait
 * for each other in one direction only.
 */
export function writesOfNames(tenantId: string, names: Names, given: Given = 'now'): Write[] {
  const entries = (table: string, of: ReadonlyMap<string, Entry>, attributes: readonly (keyof Entry)[]): Write =>
    of.size === 0 ? undefined : writeEntries(table, tenantId, [...of.values()], attributes, given);
  return [
    entries('Party', names.parties, ['name', 'atReferredType']),
    entries('BillingAccount', names.accounts, ['name']),
    entries('LogicalResource', names.logicalResources, ['name']),
    writePairs('AccountParty', tenantId, ['accountId', 'partyId', 'role'], names.accountParties),
    writePairs('LogicalResourceParty', tenantId, ['logicalResourceId', 'partyId'], names.logicalResourceParties),
    writePairs('LogicalResourceAccount', tenantId, ['logicalResourceId', 'accountId'], names.logicalResourceAccounts),
  ];
}

/** The parties that stand beside these accounts, with their roles, by account; of one account at most `limit`. */
export async function partiesOfAccounts(
  tx: Queries,
  tenantId: string,
  accounts: readonly string[],
  limit: number,
): Promise<Map<string, PartyOfAccount[]>> {
  const rows = await tx.query<PartyOfAccount & { accountId: string }>(Prisma.sql`
    SELECT a."accountId", l."partyId" AS "id", l."role", p."name", p."atReferredType"
    FROM unnest(${accounts}::text[]) AS a("accountId") CROSS JOIN LATERAL (
      SELECT l."partyId", l."role" FROM "AccountParty" l
      WHERE l."tenantId" = ${tenantId} AND l."accountId" = a."accountId" COLLATE "C"
      ORDER BY l."partyId", l."role" LIMIT ${limit}::int
    ) l JOIN "Party" p ON p."tenantId" = ${tenantId} AND p."id" = l."partyId"
    ORDER BY l."partyId", l."role"`);
  const parties = new Map<string, PartyOfAccount[]>(accounts.map((account) => [account, []]));
  for (const { accountId, ...party } of rows) parties.get(accountId)?.push(party);
  return parties;
}

/** Tables of pairs that lead to accounts, and the column of whom they lead from. */
const accountPairs = {
  party: { table: 'AccountParty', column: 'partyId' },
  logicalResource: { table: 'LogicalResourceAccount', column: 'logicalResourceId' },
} as const;

/** The accounts that stand beside these parties or logical resources, in their order, by the id of these; of one at most `limit`. */
export async function accountsBeside(
  queries: Queries,
  tenantId: string,
  whose: keyof typeof accountPairs,
  { ids, limit }: { ids: readonly string[]; limit: number },
): Promise<Map<string, string[]>> {
  const { table, column } = accountPairs[whose];
  const rows = await queries.query<{ id: string; accountId: string }>(Prisma.sql`
    SELECT o."id", l."accountId" FROM unnest(${ids}::text[]) AS o("id") CROSS JOIN LATERAL (
      SELECT DISTINCT l."accountId" FROM ${Prisma.raw(identifier(table))} l
      WHERE l."tenantId" = ${tenantId} AND l.${Prisma.raw(identifier(column))} = o."id" COLLATE "C"
      ORDER BY l."accountId" LIMIT ${limit}::int
    ) l ORDER BY l."accountId"`);
  const accounts = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { id, accountId } of rows) accounts.get(id)?.push(accountId);
  return accounts;
}

/** A party as the directory knows it, and what it is to an account; the role is empty where it has none. */
export interface PartyOfAccount {
  readonly id: string;
  readonly role: string;
  readonly name: string | null;
  readonly atReferredType: string | null;
}

function writeEntries(
  table: string,
  tenantId: string,
  entries: readonly Entry[],
  attributes: readonly (keyof Entry)[],
  given: Given,
): Prisma.Sql {
  const columns = attributes.map(identifier);
  const later = (of: string, column: string): string =>
    given === 'now' ? `COALESCE(${of}.${column}, k.${column})` : `COALESCE(k.${column}, ${of}.${column})`;
  const differs = (of: string): string =>
    columns.map((column) => `k.${column} IS DISTINCT FROM ${later(of, column)}`).join(' OR ');
  const record = ['id', ...attributes].map((name) => `${identifier(name)} text`).join(', ');
  const raw = Prisma.raw;
  return Prisma.sql`
    INSERT INTO ${raw(identifier(table))} AS k ("tenantId", "id", ${raw(columns.join(', '))})
    SELECT ${tenantId}::text, r."id", ${raw(columns.map((column) => `r.${column}`).join(', '))}
    FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS r(${raw(record)})
    LEFT JOIN ${raw(identifier(table))} k ON k."tenantId" = ${tenantId} AND k."id" = r."id"
    WHERE k."id" IS NULL OR ${raw(differs('r'))}
    ORDER BY r."id" COLLATE "C"
    ON CONFLICT ("tenantId", "id") DO UPDATE
    SET ${raw(columns.map((column) => `${column} = ${later('EXCLUDED', column)}`).join(', '))}
    WHERE ${raw(differs('EXCLUDED'))}`;
}

function writePairs(
  table: string,
  tenantId: string,
  columns: readonly string[],
  pairs: ReadonlyMap<string, readonly string[]>,
): Write {
  if (pairs.size === 0) return undefined;
  const names = columns.map(identifier);
  const value = (index: number): string => `(r.v ->> ${index})`;
  const raw = Prisma.raw;
  return Prisma.sql`
    INSERT INTO ${raw(identifier(table))} ("tenantId", ${raw(names.join(', '))})
    SELECT ${tenantId}::text, ${raw(names.map((_, index) => value(index)).join(', '))}
    FROM jsonb_array_elements(${JSON.stringify([...pairs.values()])}::jsonb) AS r(v)
    WHERE NOT EXISTS (SELECT 1 FROM ${raw(identifier(table))} k WHERE k."tenantId" = ${tenantId}
      ${raw(names.map((name, index) => `AND k.${name} = ${value(index)}`).join(' '))})
    ORDER BY ${raw(names.map((_, index) => `${value(index)} COLLATE "C"`).join(', '))}
    ON CONFLICT DO NOTHING`;
}

/** The next rows of all tenants before a key, from the last key on: what in each may name somebody, as JSON. */
export function nextNamingRows(
  tx: Transaction,
  mapping: ResourceMapping,
  before: readonly [tenantId: string, id: string] | undefined,
  limit: number,
): Promise<{ tenantId: string; id: string; row: string }[]> {
  const attributes = namingAttributes(mapping.name).map((name) => `'${name}', b.${identifier(name)}`);
  const isNext = before
    ? Prisma.sql`(b."tenantId", b."id") < (${before[0]}::text, ${before[1]}::text)`
    : Prisma.sql`true`;
  return tx.query(Prisma.sql`
    SELECT b."tenantId", b."id", jsonb_build_object(${Prisma.raw(attributes.join(', '))})::text AS "row"
    FROM ${Prisma.raw(identifier(mapping.table))} b WHERE ${isNext} ${Prisma.raw(fixedConditions(mapping, 'b'))}
    ORDER BY b."tenantId" DESC, b."id" DESC LIMIT ${limit}::int`);
}

/**
 * Takes everything out. It waits for whoever has looked into the directory and not committed yet: what they found there, their
 * rows may be the only ones to name.
 */
export async function truncate(tx: Transaction): Promise<void> {
  await tx.execute(
    Prisma.sql`TRUNCATE "Party", "BillingAccount", "LogicalResource", "AccountParty", "LogicalResourceParty", "LogicalResourceAccount"`,
  );
}
