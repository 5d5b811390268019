import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { IdSource } from '../../platform/ids.js';
import { withoutNulls, type JsonObject } from '../../platform/json-object.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import { lockRows, lockRowsWhere } from '../../platform/write/rows.js';
import { changed } from '../changes.js';
import { changeEvent, kindsOfChange } from '../events.js';

// What billing needs of usages: which ones wait to be billed, and that they were. Only billing may set these states.

/** The party of a usage that is an account, as its @referredType says (DESIGN §12). */
export const accountType = 'BillingAccount';

/**
 * SQL: usages, as b, that were rated, are paid by no bucket, and have a result with an amount that nobody billed and no
 * billing rate was made of.
 */
export const isBillable = Prisma.sql`(b."status" = 'rated' AND b."chargeTo" IS NULL AND EXISTS (
  SELECT 1 FROM jsonb_array_elements(b."ratedProductUsage") WITH ORDINALITY AS e("result", "number")
  WHERE e."result"->'isBilled' IS DISTINCT FROM 'true'::jsonb
    AND coalesce(e."result"#>>'{taxExcludedRatingAmount,value}', e."result"#>>'{taxIncludedRatingAmount,value}') IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM "UsageRate" r WHERE r."tenantId" = b."tenantId" AND r."usageId" = b."id" AND r."result" = e."number" - 1)))`;

/** SQL: the account of a usage, as b. An index has it in this order; the function alone would forget it. */
export const usageAccount = Prisma.sql`(b."billingAccountId" COLLATE "C")`;

/** A usage and some of the results of its rating, by their places. */
export interface Results {
  usage: JsonObject;
  results: readonly number[];
}

/**
 * Usages that meet the condition and wait to be billed, by account and date, locked, with the results that wait. `found`
 * are those that were looked at: as many as the limit when there may be more.
 */
export async function lockBillable(
  tx: Transaction,
  mapping: ResourceMapping,
  tenantId: string,
  condition: Prisma.Sql,
  limit: number,
): Promise<{ found: number; billable: Results[] }> {
  const order = Prisma.sql`${usageAccount}, b."usageDate", b."id"`;
  const usages = await lockRowsWhere(tx, mapping, tenantId, Prisma.sql`${isBillable} AND ${condition}`, {
    order,
    limit,
  });
  // Whoever held a lock we waited for may have made rates: a statement that waits does not see them, the next one does.
  const links = new Set(
    (await linksOf(tx, tenantId, Prisma.sql`r."usageId" = ANY(${usages.map(idOf)}::text[])`)).map(
      ({ usageId, result }) => `${result} ${usageId}`,
    ),
  );
  const all = usages.map(withoutNulls).map((usage) => ({
    usage,
    results: openResults(usage).filter((result) => !links.has(`${result} ${idOf(usage)}`)),
  }));
  return { found: usages.length, billable: all.filter(({ results }) => results.length > 0) };
}

/** The places of results that have an amount and are on no bill. */
function openResults(usage: JsonObject): number[] {
  return resultsOf(usage).flatMap((result, index) => (hasAmount(result) && result['isBilled'] !== true ? [index] : []));
}

function resultsOf(usage: JsonObject): JsonObject[] {
  return (usage['ratedProductUsage'] ?? []) as JsonObject[];
}

function hasAmount(result: JsonObject): boolean {
  return Boolean(result['taxExcludedRatingAmount'] ?? result['taxIncludedRatingAmount']);
}

function idOf(usage: JsonObject): string {
  return String(usage['id']);
}

function linksOf(
  tx: Transaction,
  tenantId: string,
  condition: Prisma.Sql,
): Promise<{ usageId: string; result: number; rateId: string }[]> {
  return tx.query(
    Prisma.sql`SELECT r."usageId", r."result", r."rateId" FROM "UsageRate" r WHERE r."tenantId" = ${tenantId} AND ${condition} ORDER BY r."usageId", r."result"`,
  );
}

export function billingAccountOf(usage: JsonObject): JsonObject | undefined {
  const party = ((usage['relatedParty'] ?? []) as JsonObject[]).find(
    ({ atReferredType }) => atReferredType === accountType,
  );
  if (party === undefined) return undefined;
  const { id, name } = party;
  return { id: id as string, ...(typeof name === 'string' && { name }) };
}

/** The result of a usage that a rate came of. */
export interface Origin {
  usage: JsonObject;
  result: number;
}

/** Where these rates, which are locked, came from, by their ids; their usages are locked as well. */
export async function lockOriginsOf(
  tx: Transaction,
  mapping: ResourceMapping,
  tenantId: string,
  rateIds: readonly string[],
): Promise<Map<string, Origin>> {
  if (rateIds.length === 0) return new Map();
  const links = await linksOf(tx, tenantId, Prisma.sql`r."rateId" = ANY(${rateIds}::text[])`);
  const usages = new Map(
    [...(await lockRows(tx, mapping, tenantId, [...new Set(links.map(({ usageId }) => usageId))]))].map(
      ([id, usage]) => [id, withoutNulls(usage)] as const,
    ),
  );
  return new Map(
    links.flatMap(({ usageId, result, rateId }) => {
      const usage = usages.get(usageId);
      return usage ? [[rateId, { usage, result }] as const] : [];
    }),
  );
}

/** Results by their usages. */
export function resultsByUsage(origins: Iterable<Origin>): Results[] {
  const usages = new Map<string, { usage: JsonObject; results: number[] }>();
  for (const { usage, result } of origins) {
    const known = usages.get(idOf(usage));
    if (known) known.results.push(result);
    else usages.set(idOf(usage), { usage, results: [result] });
  }
  return [...usages.values()];
}

/** The parties that a usage names beside its account. */
export function partiesOf(usage: JsonObject): JsonObject[] {
  return ((usage['relatedParty'] ?? []) as JsonObject[]).filter(({ atReferredType }) => atReferredType !== accountType);
}

/** What a billing rate is made of: it stands as it is while there is one. */
export const billedBy = ['status', 'ratedProductUsage', 'chargeTo', 'relatedParty', 'usageDate'] as const;

/** A usage, locked, that became a billing rate stays as it was rated until the rate is deleted. */
export async function requireNoRate(tx: Transaction, tenantId: string, { id, status }: JsonObject): Promise<void> {
  if (status !== 'rated') return;
  const [link] = await tx.query<{ rateId: string }>(Prisma.sql`
    SELECT "rateId" FROM "UsageRate" WHERE "tenantId" = ${tenantId} AND "usageId" = ${String(id)} ORDER BY "result" LIMIT 1`);
  if (link === undefined) return;
  throw new DomainError(
    'CONFLICT',
    `usage '${String(id)}' became the appliedCustomerBillingRate '${link.rateId}', which must be deleted first`,
    {
      path: 'status',
      reference: { type: 'appliedCustomerBillingRate', id: link.rateId },
    },
  );
}

/** Usages as they stand once these results are on a bill, with their events: a usage all of whose amounts are billed is billed. */
export function billed(
  items: readonly Results[],
  now: Date,
  nextId: IdSource,
): { rows: JsonObject[]; events: DomainEvent[] } {
  return turned(items, true, now, nextId);
}

/** Usages of which these results are on a bill no more. */
export function unbilled(
  items: readonly Results[],
  now: Date,
  nextId: IdSource,
): { rows: JsonObject[]; events: DomainEvent[] } {
  return turned(items, false, now, nextId);
}

/** The attributes that these change. */
export const billingAttributes = ['status', 'ratedProductUsage'] as const;

function turned(
  items: readonly Results[],
  isBilled: boolean,
  now: Date,
  nextId: IdSource,
): { rows: JsonObject[]; events: DomainEvent[] } {
  const rows: JsonObject[] = [];
  const events: DomainEvent[] = [];
  for (const { usage, results } of items) {
    const ratedProductUsage = resultsOf(usage).map((result, index) =>
      results.includes(index) ? { ...result, isBilled } : result,
    );
    const isDone = ratedProductUsage.every((result) => !hasAmount(result) || result['isBilled'] === true);
    const status = isDone ? 'billed' : usage['status'] === 'billed' ? 'rated' : (usage['status'] ?? null);
    const after = changed(usage, { status, ratedProductUsage }, now);
    if (after === undefined) continue;
    rows.push(after);
    events.push(
      ...kindsOfChange(usage, after, 'status', ['ratedProductUsage']).map((kind) =>
        changeEvent('usage', kind, after, now, nextId),
      ),
    );
  }
  return { rows, events };
}
