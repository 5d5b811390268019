import type { Domains } from '../../domain/domains.js';
import type { Due } from '../../platform/read/reader.js';
import type { Foundation, WiredDomain } from '../wiring.js';
import { wireCustomerBill } from './customer-bill.js';
import { wirePrepayBalance } from './prepay-balance.js';
import { wireResourceOrder } from './resource-order.js';
import { wireUsage } from './usage.js';

export interface WiredDomains {
  readonly domains: Domains;
  readonly wired: readonly WiredDomain<Domains[keyof Domains]>[];
  /** What has to happen before anybody reads, whichever domain it is of. */
  readonly due: Due;
}

/** Builds every domain, each on those that it needs. Their demo data are written in the order in which they stand here. */
export function wireDomains(foundation: Foundation): WiredDomains {
  const prepayBalance = wirePrepayBalance(foundation);
  const usage = wireUsage(foundation, prepayBalance.domain.charges);
  const customerBill = wireCustomerBill(foundation);
  const resourceOrder = wireResourceOrder(foundation);
  const wired: { readonly [Name in keyof Domains]: WiredDomain<Domains[Name]> } = {
    prepayBalance,
    usage,
    customerBill,
    resourceOrder,
  };
  return {
    domains: Object.fromEntries(
      Object.entries(wired).map(([name, { domain }]) => [name, domain]),
    ) as unknown as Domains,
    wired: Object.values(wired),
    due: prepayBalance.domain.settler,
  };
}
