import { integer, secondsAsMs } from './setting-values.js';
import type { Setting } from './settings.js';

/** Settings of telling events to subscriptions. */
export const subscriptionSettings = {
  SUBSCRIPTIONS_MAX: {
    key: 'subscriptionsMax',
    default: '2000',
    schema: integer(1, 100_000),
    unit: 'subscriptions',
    meaning: 'subscriptions at once, of each worker; further ones are refused (`UNAVAILABLE`)',
  },
  SUBSCRIPTIONS_PER_TENANT_MAX: {
    key: 'subscriptionsPerTenantMax',
    default: '1000',
    schema: integer(1, 100_000),
    unit: 'subscriptions',
    meaning: 'the same of one tenant; further ones are refused (`RATE_LIMITED`)',
  },
  SUBSCRIPTIONS_PER_PRINCIPAL_MAX: {
    key: 'subscriptionsPerPrincipalMax',
    default: '100',
    schema: integer(1, 100_000),
    unit: 'subscriptions',
    meaning: 'the same of one principal of a tenant',
  },
  SUBSCRIBER_STALL_SECONDS: {
    key: 'subscriberStallMs',
    default: '20',
    schema: secondsAsMs(3_600),
    unit: 'seconds',
    meaning: 'a subscriber is dropped when it takes nothing of what it is told for this long',
  },
} as const satisfies Readonly<Record<string, Setting>>;
