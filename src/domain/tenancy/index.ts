import type { Database } from '../../platform/database/database.js';
import { KeyDirectory } from './key-directory.js';
import { ApiKeys } from './keys.js';
import type { TenancyDependencies } from './model.js';
import { TenantDirectory } from './tenant-directory.js';
import { Tenants } from './tenants.js';

export { readTenants, type KnownTenant } from './tenants.store.js';
export { tenancyResources, operatorTenant, type TenantRow, type TenantSettings } from './model.js';
export type { KeyDirectory } from './key-directory.js';
export { isKeyText, keyPrefix } from './key-text.js';
export type { KnownKey } from './keys.store.js';
export type { TenantDirectory } from './tenant-directory.js';

/** Who uses the server: what the GraphQL resolvers of tenants and keys call, and what lets requests in. */
export interface TenancyDomain {
  readonly tenants: Tenants;
  readonly directory: TenantDirectory;
  readonly apiKeys: ApiKeys;
  readonly keys: KeyDirectory;
}

/** Builds the domain; the directory is empty until it has begun. */
export function createTenancy(database: Database, dependencies: TenancyDependencies): TenancyDomain {
  const directory = new TenantDirectory(database, dependencies.reportFailure);
  const keys = new KeyDirectory(database, dependencies.clock, dependencies.reportFailure);
  return {
    tenants: new Tenants(database, dependencies, directory),
    directory,
    apiKeys: new ApiKeys(database, dependencies, keys),
    keys,
  };
}
