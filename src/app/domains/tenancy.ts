import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { createTenancy, tenancyResources, type TenancyDomain } from '../../domain/tenancy/index.js';
import type { Config } from '../../platform/config.js';
import type { Policies } from '../../platform/rights/rights.js';
import { policyTermsOf } from '../rights/load-policy.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createTenancyModule({
  database,
  clock,
  nextId,
  extensions,
  logger,
  schema,
  policies,
}: AppContext): DomainModule<TenancyDomain> {
  const { operations } = policyTermsOf(schema);
  const domain = createTenancy(database, {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(tenancyResources),
    findExcess: (giver, roles) => excessOf(policies, operations, giver, roles),
    reportFailure: (error) =>
      logger.warn({ err: error }, 'tenants cannot be read again, or uses of keys not be written'),
  });
  return {
    domain,
    stop: async () => {
      domain.directory.stop();
      await domain.keys.writeUses();
    },
  };
}

/** What differs from tenant to tenant, where other domains need it: its own settings, or those of the server. */
export interface TenantFacts {
  /** IANA zone in which days, months and periods begin. */
  zoneOf(tenantId: string): string;
  /** Name at the head of its bills. */
  issuerOf(tenantId: string): string;
  /** What the numbers of its bills begin with; undefined: nothing. */
  billPrefixOf(tenantId: string): string | undefined;
}

export function tenantFacts(
  { timeZone, billIssuer }: Pick<Config, 'timeZone' | 'billIssuer'>,
  { directory }: TenancyDomain,
): TenantFacts {
  return {
    zoneOf: (tenantId) => directory.settingsOf(tenantId).timeZone ?? timeZone,
    issuerOf: (tenantId) => directory.settingsOf(tenantId).billIssuer ?? billIssuer,
    billPrefixOf: (tenantId) => directory.settingsOf(tenantId).billNumberPrefix ?? undefined,
  };
}

/** An operation that roles grant, or grant further, than the roles of who gives them; undefined: there is none. */
function excessOf(
  policies: Policies,
  operations: ReadonlySet<string>,
  giver: readonly string[],
  roles: readonly string[],
): string | undefined {
  const [own, given] = [policies.rightsOf(giver), policies.rightsOf(roles)];
  return [...operations].find((operation) => {
    const [held, wanted] = [own.grantOf(operation), given.grantOf(operation)];
    return wanted !== undefined && (held === undefined || (held.isLimited && !wanted.isLimited));
  });
}
