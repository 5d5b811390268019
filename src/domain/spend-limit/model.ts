import type { SpendLimit } from '../../../prisma/generated/client.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf, Reference } from '../row.js';
import type { SpendSource } from '../spending.js';

/** How long one limit counts, on the tenant's calendar. */
export const spendPeriods = ['day', 'week', 'month'] as const;
export type SpendPeriod = (typeof spendPeriods)[number];

/** A limit of what a party or an account spends in a period. */
export type SpendLimitRow = DomainRow<
  SpendLimit,
  { relatedParty: Reference & { role?: string | null }; billingAccount: Reference },
  'tenantId' | 'dueAt'
>;

/** The resources this domain writes. */
export const spendLimitResources = ['spendLimit'] as const;

/** Somebody whom a change may have made spend. */
export interface Named {
  readonly parties: readonly string[];
  readonly accounts: readonly string[];
}

/** What the domain is built on. */
export interface SpendLimitDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{ spendLimit: SpendLimitRow }>;
  /** The IANA zone of a tenant. */
  zoneOf(tenantId: string): string;
  /** Roles in which a relatedParty owns. */
  readonly partyRoles: readonly string[];
  readonly sources: readonly SpendSource[];
  /** Told of a limit that cannot be looked at now, which is tried again. */
  readonly reportFailure: (error: unknown, limitId: string) => void;
}
