import type { Database } from '../../platform/database/database.js';
import type { TenancyDependencies } from './model.js';
import { TenantDirectory } from './tenant-directory.js';
import { Tenants } from './tenants.js';

export { tenancyResources, operatorTenant, type TenantSettings } from './model.js';
export type { TenantDirectory } from './tenant-directory.js';

/** Who uses the server: what the GraphQL resolvers of tenants call, and what lets requests in. */
export interface TenancyDomain {
  readonly tenants: Tenants;
  readonly directory: TenantDirectory;
}

/** Builds the domain; the directory is empty until it has begun. */
export function createTenancy(database: Database, dependencies: TenancyDependencies): TenancyDomain {
  const directory = new TenantDirectory(database, dependencies.reportFailure);
  return { tenants: new Tenants(database, dependencies, directory), directory };
}
