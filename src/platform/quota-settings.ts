import { rates } from './setting-values.js';
import type { Setting } from './settings.js';

const meanings = {
  PRINCIPAL: 'of each principal of a tenant',
  KEY: 'of each API key',
  TENANT: 'of each tenant',
  ADDRESS: 'of each client address, of IPv6 one /64, before it is known who sends the request',
} as const;

function requests<Key extends string>(key: Key, whose: keyof typeof meanings) {
  return {
    key,
    default: undefined,
    schema: rates,
    meaning: `requests ${meanings[whose]}: in a second, a day or both, like \`100/s,100000/d\`; not set: no limit`,
  } as const;
}

function costs<Key extends string>(key: Key, whose: keyof typeof meanings) {
  return {
    ...requests(key, whose),
    meaning: `points of cost ${meanings[whose]}, written alike; not set: no limit`,
  } as const;
}

/** How much clients may use (docs/quotas.md). */
export const quotaSettings = {
  QUOTA_PRINCIPAL: requests('quotaPrincipal', 'PRINCIPAL'),
  QUOTA_PRINCIPAL_COST: costs('quotaPrincipalCost', 'PRINCIPAL'),
  QUOTA_KEY: requests('quotaKey', 'KEY'),
  QUOTA_KEY_COST: costs('quotaKeyCost', 'KEY'),
  QUOTA_TENANT: requests('quotaTenant', 'TENANT'),
  QUOTA_TENANT_COST: costs('quotaTenantCost', 'TENANT'),
  QUOTA_ADDRESS: requests('quotaAddress', 'ADDRESS'),
  QUOTA_ADDRESS_COST: costs('quotaAddressCost', 'ADDRESS'),
} as const satisfies Readonly<Record<string, Setting>>;
