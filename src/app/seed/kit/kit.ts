import type { Domains } from '../../../domain/domains.js';
import type { SeedDependencies } from '../../app-context.js';
import { demoKey, remembered } from '../seeded.js';
import { seedCustomerBill } from './customer-bill.js';
import { seedPrepayBalance } from './prepay-balance.js';
import { seedResourceOrder } from './resource-order.js';
import { seedUsage } from './usage.js';

/** Writes the little data that conformance kits need, unless the database has the demo data. */
export async function writeKit(dependencies: SeedDependencies, domains: Domains): Promise<void> {
  if (await remembered(dependencies.database, [demoKey])) return;
  await seedPrepayBalance(dependencies, domains);
  await seedUsage(dependencies, domains);
  await seedCustomerBill(dependencies, domains);
  await seedResourceOrder(dependencies, domains);
}
