import type { Config } from '../../platform/config.js';
import type { Principal } from '../../platform/principal.js';
import { Counters, type Quota, type Verdict } from '../../platform/quota/counters.js';
import { forgetQuotas, takeQuotas } from '../../platform/quota/quota-store.js';
import type { Rate } from '../../platform/setting-values.js';
import type { AppContext } from '../app-context.js';
import type { RepeatingWork } from '../jobs.js';

/** Between two lines of the log about a database that does not answer. */
const reportEveryMs = 60_000;

/** Whose use is counted. */
const subjects = ['principal', 'key', 'tenant', 'address'] as const;
type Subject = (typeof subjects)[number];

/** How much one of them may use. */
interface Limits {
  readonly requests: readonly Rate[];
  readonly cost: readonly Rate[];
}

type LimitsOf = Readonly<Record<Subject, Limits>>;

/** Who sends a request, as far as it is known. */
export interface Sender {
  readonly address: string;
  readonly principal?: Principal;
}

/** What clients may use, and have used (docs/quotas.md). */
export interface Quotas {
  /** Counts a request by its address; undefined: no quota can be asked. */
  admitAddress(address: string): Verdict | undefined | Promise<Verdict | undefined>;
  /** The same by who sends it. */
  admit(principal: Principal): Verdict | undefined | Promise<Verdict | undefined>;
  /** Counts what a request cost. */
  spend(sender: Sender, points: number): void;
  readonly repeatingWork: RepeatingWork;
}

/** Undefined where nothing is limited. */
export function createQuotas({ config, database, clock, logger }: AppContext): Quotas | undefined {
  const limits = limitsIn(config);
  if (subjects.every((subject) => limits[subject].requests.length + limits[subject].cost.length === 0))
    return undefined;
  let reportedAt = -Infinity;
  const counters = new Counters(
    (takes) => takeQuotas(database, takes),
    clock,
    (error) => {
      if (performance.now() < reportedAt + reportEveryMs) return;
      reportedAt = performance.now();
      logger.error({ err: error }, 'quotas cannot be counted: requests go on without');
    },
  );
  const ofAddress = (address: string): Quota[] => quotasOf('address', address, limits.address);
  const ofPrincipal = (principal: Principal): Quota[] => {
    const { tenantId, id, kind, keyId } = principal;
    return [
      ...quotasOf('principal', `${tenantId} ${kind} ${id}`, limits.principal),
      ...(keyId === undefined ? [] : quotasOf('key', `${tenantId} ${keyId}`, limits.key)),
      ...quotasOf('tenant', tenantId, limits.tenant),
    ];
  };
  return {
    admitAddress: (address) => counters.admit(ofAddress(address)),
    admit: (principal) => counters.admit(ofPrincipal(principal)),
    spend: ({ address, principal }, points) => {
      const quotas = [...ofAddress(address), ...(principal ? ofPrincipal(principal) : [])];
      counters.spend(
        quotas.filter(({ isKnownBefore }) => !isKnownBefore),
        points,
      );
    },
    repeatingWork: {
      name: 'forget-quotas',
      everySeconds: 3_600,
      expireInSeconds: 600,
      run: ({ signal }) => forgetQuotas(database, clock.now(), signal),
    },
  };
}

function limitsIn(config: Config): LimitsOf {
  return {
    principal: { requests: config.quotaPrincipal ?? [], cost: config.quotaPrincipalCost ?? [] },
    key: { requests: config.quotaKey ?? [], cost: config.quotaKeyCost ?? [] },
    tenant: { requests: config.quotaTenant ?? [], cost: config.quotaTenantCost ?? [] },
    address: { requests: config.quotaAddress ?? [], cost: config.quotaAddressCost ?? [] },
  };
}

function quotasOf(subject: Subject, whose: string, { requests, cost }: Limits): Quota[] {
  const quota = (what: string, isKnownBefore: boolean, { max, seconds }: Rate): Quota => {
    const name = `${subject}-${what}-${seconds === 1 ? 'second' : 'day'}`;
    return { key: `${name} ${whose}`, name, max, seconds, isKnownBefore };
  };
  return [...requests.map((rate) => quota('requests', true, rate)), ...cost.map((rate) => quota('cost', false, rate))];
}
