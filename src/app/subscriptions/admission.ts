import type { Config } from '../../platform/config.js';
import { limitExceeded } from '../../platform/limits.js';
import type { Principal } from '../../platform/principal.js';

export type SubscriptionBounds = Pick<
  Config,
  'subscriptionsMax' | 'subscriptionsPerTenantMax' | 'subscriptionsPerPrincipalMax'
>;

/** How many subscriptions there are, of whom. */
export class Admission {
  private all = 0;
  private readonly counts = new Map<string, number>();

  constructor(private readonly bounds: SubscriptionBounds) {}

  /** How many there are. */
  get open(): number {
    return this.all;
  }

  /** Counts a subscription; the result ends it. Throws UNAVAILABLE or RATE_LIMITED, which names the limit. */
  admit({ tenantId, kind, id }: Principal): () => void {
    const { subscriptionsMax, subscriptionsPerTenantMax, subscriptionsPerPrincipalMax } = this.bounds;
    const [tenant, principal] = [`tenant ${tenantId}`, `principal ${tenantId} ${kind} ${id}`];
    if (this.all >= subscriptionsMax)
      throw limitExceeded(
        'SUBSCRIPTIONS_MAX',
        subscriptionsMax,
        'the server has too many subscriptions, try again later',
        undefined,
        'UNAVAILABLE',
      );
    this.refuse(tenant, 'SUBSCRIPTIONS_PER_TENANT_MAX', subscriptionsPerTenantMax, 'the tenant');
    this.refuse(principal, 'SUBSCRIPTIONS_PER_PRINCIPAL_MAX', subscriptionsPerPrincipalMax, 'the principal');
    this.count(tenant, principal, 1);
    let isOpen = true;
    return () => {
      if (isOpen) this.count(tenant, principal, -1);
      isOpen = false;
    };
  }

  private refuse(key: string, limit: string, max: number, who: string): void {
    if ((this.counts.get(key) ?? 0) >= max)
      throw limitExceeded(limit, max, `${who} has too many subscriptions`, undefined, 'RATE_LIMITED');
  }

  private count(tenant: string, principal: string, by: 1 | -1): void {
    this.all += by;
    for (const key of [tenant, principal]) {
      const count = (this.counts.get(key) ?? 0) + by;
      if (count === 0) this.counts.delete(key);
      else this.counts.set(key, count);
    }
  }
}
