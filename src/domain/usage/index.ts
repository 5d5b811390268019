import type { Database } from '../../platform/database/database.js';
import { UsageSpecifications } from './specifications.js';
import { Usages, type UsageTools } from './usages.js';

/** The usage domain: what the GraphQL resolvers of TMF635 call. */
export interface UsageDomain {
  readonly usages: Usages;
  readonly specifications: UsageSpecifications;
}

export function createUsage(database: Database, tools: UsageTools): UsageDomain {
  return { usages: new Usages(database, tools), specifications: new UsageSpecifications(database, tools) };
}
