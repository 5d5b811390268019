import type { Principal } from '../../platform/principal.js';
import type { ApiKey, Tenant } from '../../../prisma/generated/client.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { DomainRow, MappingsOf } from '../row.js';

/** The tenant whose admins look after all tenants. Everything belongs to it where there is no other. */
export const operatorTenant = 'default';

export const tenantStates = ['active', 'suspended'] as const;
export type TenantState = (typeof tenantStates)[number];

/** What a tenant has otherwise than the operator; absent is as the server is configured. */
export type TenantSettings = {
  /** IANA zone in which its days, months and periods begin. */
  timeZone?: string | null;
  /** Name at the head of its bills. */
  billIssuer?: string | null;
  /** What the numbers of its bills begin with. */
  billNumberPrefix?: string | null;
};

/** A tenant of the installation. */
export type TenantRow = DomainRow<Tenant, { settings: TenantSettings }>;

export type KeyLists = { roles: string[]; parties: string[]; accounts: string[]; logicalResources: string[] };

/** A key by which a machine says who it is, without the hash that finds it. */
export type ApiKeyRow = DomainRow<ApiKey, KeyLists, 'tenantId' | 'hash', keyof KeyLists>;

/** The resources this domain writes. */
export const tenancyResources = ['tenant', 'apiKey'] as const;

/** What the domain is built on. */
export interface TenancyDependencies extends WriterDependencies {
  readonly mappings: MappingsOf<{ tenant: TenantRow; apiKey: ApiKeyRow }>;
  /** What a key with these would be granted and the giver is not, in words; undefined: nothing. */
  findExcess(giver: Principal, key: KeyLists): string | undefined;
  /** Told when tenants cannot be read again, or last uses of keys not be written, which is tried again. */
  readonly reportFailure: (error: unknown) => void;
}
