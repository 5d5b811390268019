import type { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { withoutNulls } from '../../platform/json-object.js';
import { findRows, findRowsWhere, locking, type Finder } from '../../platform/write/rows.js';
import type { ResourceChanges } from '../resource-changes.js';
import type { Reference } from '../row.js';
import {
  billingOrder,
  findRateOf,
  isOfAccounts,
  isSelected,
  linksOfRates,
  linksOfUsages,
  isBillableAnd,
  type UsageSelection,
} from './billing.store.js';
import type { RatedProductUsage, RelatedParty, UsageMappings, UsageRow } from './model.js';

// What billing needs of usages: which ones wait to be billed, and that they were. Only billing may set these states.

export { deleteLinksOfRate, insertLinks, type UsageRateLink, type UsageSelection } from './billing.store.js';

type Mappings = Pick<UsageMappings, 'usage'>;

/** The party of a usage that is an account, as its @referredType says. */
export const accountType = 'BillingAccount';

/** One result of the rating of a usage, by its place in ratedProductUsage. */
export interface UsageResult {
  usage: UsageRow;
  result: number;
}

/** A usage and some of the results of its rating, by their places. */
export interface UsageResults {
  usage: UsageRow;
  results: readonly number[];
}

/** What waits to be billed. `found` is how many usages were looked at: as many as the limit when there may be more. */
export interface BillableUsages {
  found: number;
  billable: UsageResults[];
}

/** What waits to be billed of these accounts, from before this instant, by account and date. */
export function findBillableOfAccounts(
  finder: Finder,
  mappings: Mappings,
  tenantId: string,
  { accounts, before, limit }: { accounts: readonly string[]; before: Date; limit: number },
): Promise<BillableUsages> {
  return findBillable(finder, mappings, tenantId, isOfAccounts(accounts, before), limit);
}

/** What waits to be billed of a selection, by account and date; locked. */
export function lockSelectedBillable(
  tx: Transaction,
  mappings: Mappings,
  tenantId: string,
  selection: UsageSelection,
  limit: number,
): Promise<BillableUsages> {
  return findBillable(locking(tx), mappings, tenantId, isSelected(selection), limit);
}

async function findBillable(
  finder: Finder,
  { usage: mapping }: Mappings,
  tenantId: string,
  condition: Prisma.Sql,
  limit: number,
): Promise<BillableUsages> {
  const usages = await findRowsWhere(finder, mapping, tenantId, isBillableAnd(condition), {
    order: billingOrder,
    limit,
  });
  // A transaction whose lock we waited for may have made rates: a statement that waits does not see them, the next one does.
  const ids = usages.map(({ id }) => id);
  const links = new Set(
    (await linksOfUsages(finder.queries, tenantId, ids)).map(({ usageId, result }) => `${result} ${usageId}`),
  );
  const all = usages.map(withoutNulls).map((usage) => ({
    usage,
    results: openResults(usage).filter((result) => !links.has(`${result} ${usage.id}`)),
  }));
  return { found: usages.length, billable: all.filter(({ results }) => results.length > 0) };
}

/** The places of results that have an amount and are on no bill. */
function openResults({ ratedProductUsage }: UsageRow): number[] {
  return (ratedProductUsage ?? []).flatMap((result, index) =>
    hasAmount(result) && result.isBilled !== true ? [index] : [],
  );
}

function hasAmount({ taxExcludedRatingAmount, taxIncludedRatingAmount }: RatedProductUsage): boolean {
  return Boolean(taxExcludedRatingAmount ?? taxIncludedRatingAmount);
}

/** The account that a usage names; undefined: none. */
export function billingAccountOf({ relatedParty }: UsageRow): Reference | undefined {
  const party = (relatedParty ?? []).find(({ atReferredType }) => atReferredType === accountType);
  return party && { id: party.id, ...(typeof party.name === 'string' && { name: party.name }) };
}

/** The parties that a usage names beside its account. */
export function partiesOf({ relatedParty }: UsageRow): RelatedParty[] {
  return (relatedParty ?? []).filter(({ atReferredType }) => atReferredType !== accountType);
}

/** The result that each of these rates, which are locked, was made of, by the id of the rate; their usages are locked as well. */
export function lockResultsOfRates(
  tx: Transaction,
  mappings: Mappings,
  tenantId: string,
  rateIds: readonly string[],
): Promise<Map<string, UsageResult>> {
  return findResultsOfRates(locking(tx), mappings, tenantId, rateIds);
}

/** The same of rates that were found so. */
export async function findResultsOfRates(
  finder: Finder,
  { usage: mapping }: Mappings,
  tenantId: string,
  rateIds: readonly string[],
): Promise<Map<string, UsageResult>> {
  if (rateIds.length === 0) return new Map();
  const links = await linksOfRates(finder.queries, tenantId, rateIds);
  const found = await findRows(finder, mapping, tenantId, [...new Set(links.map(({ usageId }) => usageId))]);
  const usages = new Map([...found].map(([id, usage]) => [id, withoutNulls(usage)] as const));
  return new Map(
    links.flatMap(({ usageId, result, rateId }) => {
      const usage = usages.get(usageId);
      return usage ? [[rateId, { usage, result }] as const] : [];
    }),
  );
}

/** What a billing rate is made of: it stays as it is while there is one. */
export const ratedAttributes = ['status', 'ratedProductUsage', 'chargeTo', 'relatedParty', 'usageDate'] as const;

/** A usage, locked, that became a billing rate stays as it was rated until the rate is deleted. Throws CONFLICT. */
export async function requireNoRate(tx: Transaction, tenantId: string, { id, status }: UsageRow): Promise<void> {
  if (status !== 'rated') return;
  const rateId = await findRateOf(tx, tenantId, id);
  if (rateId === undefined) return;
  throw new DomainError(
    'CONFLICT',
    `usage '${id}' became the appliedCustomerBillingRate '${rateId}', which must be deleted first`,
    {
      path: 'status',
      reference: { type: 'appliedCustomerBillingRate', id: rateId },
    },
  );
}

/**
 * Marks these results as billed, or as billed no more. A usage all of whose amounts are billed is billed; otherwise it is
 * rated.
 */
export function markBilled(
  changes: ResourceChanges,
  { usage: mapping }: Mappings,
  results: Iterable<UsageResult>,
  isBilled: boolean,
): void {
  for (const { usage, results: places } of resultsByUsage(results)) {
    const ratedProductUsage = (usage.ratedProductUsage ?? []).map((result, index) =>
      places.includes(index) ? { ...result, isBilled } : result,
    );
    const isDone = ratedProductUsage.every((result) => !hasAmount(result) || result.isBilled === true);
    const status = isDone ? 'billed' : usage.status === 'billed' ? 'rated' : usage.status;
    changes.update(
      mapping,
      usage,
      { status, ratedProductUsage },
      { state: 'status', followsState: ['ratedProductUsage'] },
    );
  }
}

function resultsByUsage(all: Iterable<UsageResult>): UsageResults[] {
  const usages = new Map<string, { usage: UsageRow; results: number[] }>();
  for (const { usage, result } of all) {
    const known = usages.get(usage.id);
    if (known) known.results.push(result);
    else usages.set(usage.id, { usage, results: [result] });
  }
  return [...usages.values()];
}
