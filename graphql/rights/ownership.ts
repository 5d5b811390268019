import {
  accountAsParty,
  billingAccount,
  logicalResource,
  partyAccount,
  relatedParty,
} from '../../src/domain/customer-directory/places.js';
import { upperFirst } from '../../src/platform/letter-case.js';
import type { Below, OwnerPath, Ownership } from '../../src/platform/rights/ownership.js';
import { aboutReceiver } from '../../src/domain/prepay-balance/index.js';
import type { ResourceMapping } from '../../src/platform/read/resource-mapping.js';

// Which rows are whose: the closed table of all resources (docs/rights.md). What is not in it is nobody's own.

type MappingOf = (resource: string) => ResourceMapping;
type Declared = Omit<Ownership, 'below'> & { readonly below?: (mappingOf: MappingOf) => Below };

const itself = (of: OwnerPath['of']): Declared => ({ paths: [{ path: ['id'], of, form: 'itself' }] });

/**
 * Why an action was refused tells what the bucket has from which it was to take, or what that of its receiver is like: it is shown
 * to whom that bucket belongs.
 */
const refusedOfOwn = `{row}."status" <> 'failed' OR (({row}."bucket" ->> 'id') = ANY({own})
  AND (COALESCE({row}."failureMessage", '') NOT LIKE '${aboutReceiver}%' OR ({row}."receiverBucket" ->> 'id') = ANY({own})))`;

/** What moved or named an own bucket is own, whoever asked for it. */
const action: Declared = {
  paths: [],
  below: (mappingOf) => ({
    parent: () => mappingOf('bucket'),
    links: 'BucketAction',
    parentColumn: 'bucketId',
    childColumn: 'actionId',
    condition: refusedOfOwn,
  }),
};

const table: Readonly<Record<string, Declared>> = {
  Party: itself('party'),
  BillingAccount: itself('account'),
  LogicalResource: itself('logicalResource'),
  Bucket: { paths: [relatedParty, partyAccount, logicalResource] },
  // It sums up all buckets that name its owner in whatever role.
  AccumulatedBalance: {
    paths: [],
    below: (mappingOf) => ({
      parent: () => mappingOf('bucket'),
      links: 'BalanceGroupBucket',
      parentColumn: 'bucketId',
      childColumn: 'groupId',
      isOfAll: true,
    }),
  },
  LedgerEntry: { paths: [], below: (mappingOf) => ({ parent: () => mappingOf('bucket'), column: 'bucketId' }) },
  BalanceAction: action,
  TopupBalance: action,
  AdjustBalance: action,
  ReserveBalance: action,
  TransferBalance: action,
  Usage: { paths: [relatedParty, accountAsParty] },
  CustomerBill: { paths: [relatedParty, billingAccount] },
  CustomerBillOnDemand: { paths: [{ ...relatedParty, form: 'party' }, billingAccount] },
  AppliedCustomerBillingRate: {
    paths: [billingAccount],
    below: (mappingOf) => ({ parent: () => mappingOf('customerBill'), reference: 'bill' }),
  },
  ResourceOrder: { paths: [relatedParty, accountAsParty] },
  CancelResourceOrder: {
    paths: [],
    below: (mappingOf) => ({ parent: () => mappingOf('resourceOrder'), reference: 'resourceOrder' }),
  },
  SpendLimit: { paths: [{ ...relatedParty, form: 'party' }, billingAccount] },
  Hub: { paths: [{ path: ['principalId'], of: 'principal', form: 'itself' }] },
  HubDeadLetter: { paths: [], below: (mappingOf) => ({ parent: () => mappingOf('hub'), column: 'hubId' }) },
};

/** Resources none of whose rows is anybody's own: those of the operator, such as specifications and runs, and sums. */
export const ownedByNobody: ReadonlySet<string> = new Set([
  'UsageSpecification',
  // The sums of a party count what names it in whatever role.
  'AggregatedUsage',
  'UsageImport',
  'UsageExport',
  'BillCycle',
  'BillCycleSpecification',
  'BillRun',
  'PartyErasure',
]);

/** How the rows of a resource name their owners; undefined: they are nobody's own. */
export function ownershipOf(typeName: string, mappingOf: MappingOf): Ownership | undefined {
  const declared = table[upperFirst(typeName)];
  return declared && { paths: declared.paths, ...(declared.below && { below: [declared.below(mappingOf)] }) };
}

/** The names of all resources with owners. */
export const ownedResources: readonly string[] = Object.keys(table);
