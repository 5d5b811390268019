import { Prisma } from '../../../prisma/generated/client.js';
import type { WriteContext } from '../../domain/changes.js';
import type { Database } from '../../platform/database/database.js';
import type { Decimal } from '../../platform/decimal.js';
import { anonymous, systemPrincipalId } from '../../platform/principal.js';

// What the demo data of all domains share: the people in it, and how it is written.

export const jane = { id: 'customer-1', name: 'Jane Doe', role: 'customer', atReferredType: 'Customer' };
export const john = { id: 'customer-2', name: 'John Roe', role: 'customer', atReferredType: 'Customer' };
/** Jane's account, prepaid and billed. */
export const janesAccount = { id: 'account-1', name: "Jane's account" };

/** In percent. */
export const taxRate = 19;

export function euro(value: Decimal): { value: Decimal; unit: string } {
  return { value, unit: 'EUR' };
}

/** The amount with tax. */
export function taxed(value: Decimal): Decimal {
  return value.times(100 + taxRate).div(100);
}

/** For attributes that the domain stores without interpreting them, and that its input types therefore lack. */
export function preservedAttributes(attributes: object): object {
  return attributes;
}

/**
 * Runs the work once per database. It must be repeatable: after a start that was interrupted the next one runs it again.
 */
export async function once(database: Database, key: string, work: () => Promise<void>): Promise<void> {
  const [done] = await database.query(Prisma.sql`SELECT 1 FROM "ServerState" WHERE "key" = ${key}`);
  if (done) return;
  await work();
  await database.transaction((tx) =>
    tx.execute(Prisma.sql`
      INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${key}, '{}'::jsonb, now())
      ON CONFLICT DO NOTHING`),
  );
}

/** Returns a function that gives each step its own idempotency key, so that a repeated run repeats nothing. */
export function stepsOf(key: string): () => WriteContext {
  let steps = 0;
  return () => ({ tenantId: anonymous.tenantId, principalId: systemPrincipalId, idempotencyKey: `${key} ${++steps}` });
}
