import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { createTenancy, tenancyResources, type TenancyDomain } from '../../domain/tenancy/index.js';
import type { Config } from '../../platform/config.js';
import type { Policies } from '../../platform/rights/rights.js';
import { policyTermsOf } from '../rights/load-policy.js';
import type { KeyLists } from '../../domain/tenancy/model.js';
import { abbreviated } from '../../platform/errors.js';
import type { Principal } from '../../platform/principal.js';
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
    findExcess: (giver, key) => excessOf(policies, operations, giver, key),
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

/**
 * What a key would be granted and its giver is not, in words; undefined: nothing. Who is limited in anything, by rows, bounds or
 * what is hidden, gives roles and ids of its own only.
 */
function excessOf(
  policies: Policies,
  operations: ReadonlySet<string>,
  giver: Principal,
  key: KeyLists,
): string | undefined {
  // Where nobody is asked who they are, everybody may do everything.
  if (giver.kind === 'anonymous') return undefined;
  const [own, given] = [policies.rightsOf(giver.roles), policies.rightsOf(key.roles)];
  const right = [...operations].find((operation) => given.grantOf(operation) && !own.grantOf(operation));
  if (right !== undefined) return `the right ${right} is missing`;
  if (!own.hides && ![...operations].some((operation) => own.grantOf(operation)?.isLimited)) return undefined;
  for (const list of ['roles', 'parties', 'accounts', 'logicalResources'] as const) {
    const foreign = key[list].find((one) => !giver[list].includes(one));
    if (foreign !== undefined) return `'${abbreviated(foreign)}' is not among your ${list}`;
  }
  return undefined;
}
