/** A person with a token, a machine with a key or token, the server itself; or anybody, where nobody has to tell. */
export type PrincipalKind = 'person' | 'machine' | 'system' | 'anonymous';

/** Who sends a request, and what is theirs. Made once per request, before its body is read. */
export interface Principal {
  /** Of the tenant, as rows have it; what people call it is no part of this (src/domain/tenancy/tenant-directory.ts). */
  readonly tenantId: string;
  /** The subject of a token, or the id of an API key; unique in its tenant. */
  readonly id: string;
  readonly kind: PrincipalKind;
  /** The API key that it came with. */
  readonly keyId?: string;
  /** Names of roles of the policy. */
  readonly roles: readonly string[];
  /** Ids of the parties, billing accounts and logical resources that are theirs. */
  readonly parties: readonly string[];
  readonly accounts: readonly string[];
  readonly logicalResources: readonly string[];
}

/** The id under which the server acts by itself: what is due, and background work. */
export const systemPrincipalId = 'system';

/** Everybody, where nobody has to tell who they are (AUTH=off). */
export const anonymous: Principal = {
  tenantId: 'default',
  id: 'anonymous',
  kind: 'anonymous',
  roles: ['admin', 'installation'],
  parties: [],
  accounts: [],
  logicalResources: [],
};
