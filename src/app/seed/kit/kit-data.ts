import type { WriteContext } from '../../../domain/changes.js';
import type { Database } from '../../../platform/database/database.js';
import { anonymous, systemPrincipalId } from '../../../platform/principal.js';
import { remember, remembered } from '../seeded.js';

// What the kit data of all domains share: the people in it, and how it is written.

export const jane = { id: 'customer-1', name: 'Jane Doe', role: 'customer', atReferredType: 'Customer' };
export const john = { id: 'customer-2', name: 'John Roe', role: 'customer', atReferredType: 'Customer' };
/** Jane's account, prepaid and billed. */
export const janesAccount = { id: 'account-1', name: "Jane's account" };

/**
 * Runs the work once per database. It must be repeatable: after a start that was interrupted the next one runs it again.
 */
export async function once(database: Database, key: string, work: () => Promise<void>): Promise<void> {
  if (await remembered(database, [key])) return;
  await work();
  await remember(database, key, {});
}

/** Returns a function that gives each step its own idempotency key, so that a repeated run repeats nothing. */
export function stepsOf(key: string): () => WriteContext {
  let steps = 0;
  return () => ({ tenantId: anonymous.tenantId, principalId: systemPrincipalId, idempotencyKey: `${key} ${++steps}` });
}
