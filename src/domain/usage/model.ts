import type { Usage, UsageExport, UsageImport, UsageSpecification } from '../../../prisma/generated/client.js';
import type { Filter } from '../../platform/filter/tree/filter.js';
import type { JsonValue } from '../../platform/json-object.js';
import type { Charges } from '../prepay-balance/index.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf, Money, Quantity, Reference, TimePeriod } from '../row.js';
import type { Definition } from './definitions.js';

/** A party in a role. */
export type RelatedParty = Reference & { role?: string | null };

/** What rating made of a usage for one product, as far as the domain looks at it. */
export type RatedProductUsage = {
  ratingDate?: string | null;
  taxExcludedRatingAmount?: Money | null;
  taxIncludedRatingAmount?: Money | null;
  bucketValueConvertedInAmount?: Money | null;
  /** In percent. */
  taxRate?: number | null;
  isTaxExempt?: boolean | null;
  productRef?: Reference | null;
  isBilled?: boolean | null;
};

/** The bucket that a usage consumes, and how much of it; a usage as it is kept always says how much. */
export type ChargeTo = { bucket: Reference; amount?: Quantity | null };

/** What was measured of a usage. */
export type UsageCharacteristic = { id?: string | null; name: string; value?: JsonValue; valueType?: string | null };

/** TMF635 Usage. */
export type UsageRow = DomainRow<
  Usage,
  {
    ratedProductUsage: RatedProductUsage[];
    chargeTo: ChargeTo;
    adjustBalance: Reference[];
    relatedParty: RelatedParty[];
    usageCharacteristic: UsageCharacteristic[];
    usageSpecification: Reference;
  },
  'tenantId' | 'ratedUnit' | 'ratedTaxExcluded' | 'ratedTaxIncluded',
  'usageSpecification'
>;

/** A usage as it was delivered, before it has an identity. */
export type DeliveredUsage = Partial<UsageRow> & Pick<UsageRow, 'status' | 'usageSpecification'>;

/** TMF635 UsageSpecification. */
export type SpecificationRow = DomainRow<
  UsageSpecification,
  {
    specCharacteristic: Definition[];
    relatedParty: RelatedParty[];
    entitySpecRelationship: { validFor?: TimePeriod | null }[];
  }
>;

/** A file of usages that comes in. */
export type ImportRow = DomainRow<
  UsageImport,
  Record<never, never>,
  'tenantId' | 'startedAt' | 'uploads' | 'lastLine' | 'digest' | 'isReceived'
>;

/** A file of usages that goes out. */
export type ExportRow = DomainRow<UsageExport, Record<never, never>, 'tenantId' | 'runs'>;

/** The resources this domain writes. */
export const usageResources = ['usage', 'usageSpecification', 'usageImport', 'usageExport'] as const;

/** How the resources of the domain are stored. */
export type UsageMappings = MappingsOf<{
  usage: UsageRow;
  usageSpecification: SpecificationRow;
  usageImport: ImportRow;
  usageExport: ExportRow;
}>;

/** What the domain is built on. */
export interface UsageDependencies extends WriterDependencies {
  readonly mappings: UsageMappings;
  /** IANA zone of days and months of a tenant. */
  zoneOf(tenantId: string): string;
  /** What files of usages may be; the first is that of a task that does not say. */
  readonly contentTypes: readonly [string, ...string[]];
  /** Refuses what is no selection of usages. */
  checkQuery(query: string): void;
  /** Through which usages consume prepay buckets. */
  readonly charges: Charges;
}

/** What usages can be grouped by. */
export const usageGroupings = ['usageType', 'status', 'specification', 'party', 'day', 'month'] as const;
export type UsageGrouping = (typeof usageGroupings)[number];

/** Which sums of which usages. */
export interface AggregateRequest {
  readonly filter?: Filter;
  readonly groupBy: readonly UsageGrouping[];
  /** Name of the characteristic whose numbers are summed up. */
  readonly characteristic?: string;
  readonly offset: number;
  /** Groups at most; absent: all, and more than USAGE_GROUPS_MAX are refused. */
  readonly limit?: number;
}

/** A short digest of each attribute that a usage was delivered with. */
export type Digests = { [Name in keyof UsageRow]?: string };

/** The name of a usage at the one who delivers it, unique within a tenant, and what the usage was delivered with. */
export interface ExternalKey {
  /** Empty when the deliverer gives none. */
  source: string;
  externalId: string;
  usageId: string;
  digests: Digests;
  /** Its place in a request of several. */
  element?: number;
}
