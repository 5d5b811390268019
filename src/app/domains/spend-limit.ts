import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { balanceResources, chargesOf, movedBuckets } from '../../domain/prepay-balance/index.js';
import { createSpendLimit, spendLimitResources, type SpendLimitDomain } from '../../domain/spend-limit/index.js';
import { ratedUsageOf } from '../../domain/usage/index.js';
import type { AppContext, DomainModule } from '../app-context.js';
import type { TenantFacts } from './tenancy.js';

export function createSpendLimitModule(
  { database, clock, nextId, extensions, policies, logger }: AppContext,
  { zoneOf }: TenantFacts,
): DomainModule<SpendLimitDomain> {
  const mappings = mappingsOf([...spendLimitResources, 'bucket', 'usage']);
  const domain = createSpendLimit(database, {
    clock,
    nextId,
    extensions,
    mappings,
    zoneOf,
    partyRoles: policies.policy.partyRoles,
    sources: [chargesOf(mappings.bucket), ratedUsageOf(mappings.usage)],
    spending: [...balanceResources, 'usage', ...spendLimitResources],
    balances: mappings.bucket,
    balancesMoved: movedBuckets,
    reportFailure: (error, limit) => logger.warn({ err: error, limit }, 'what is spent cannot be added up now'),
  });
  return {
    domain,
    repeatingWork: [
      { name: 'watch-spending', everySeconds: 1, expireInSeconds: 300, run: ({ signal }) => domain.watch.run(signal) },
    ],
  };
}
