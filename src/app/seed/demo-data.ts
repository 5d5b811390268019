import { Prisma } from '../../../prisma/generated/client.js';
import type { WriteContext } from '../../domain/changes.js';
import type { Database } from '../../platform/database/database.js';
import type { Decimal } from '../../platform/decimal.js';
import { anonymous } from '../../platform/principal.js';

// What the demo data of all domains have in common: whom they tell of, and how they are written.

export const jane = { id: 'customer-1', name: 'Jane Doe', role: 'customer', atReferredType: 'Customer' };
export const john = { id: 'customer-2', name: 'John Roe', role: 'customer', atReferredType: 'Customer' };
/** Jane's, for prepaid and for bills. */
export const janesAccount = { id: 'account-1', name: "Jane's account" };

/** Percent. */
export const taxRate = 19;

export function euro(value: Decimal): { value: Decimal; unit: string } {
  return { value, unit: 'EUR' };
}

/** With tax. */
export function taxed(value: Decimal): Decimal {
  return value.times(100 + taxRate).div(100);
}

/** Attributes that the domain keeps without looking at them are not in its input types. */
export function preservedAttributes(attributes: object): object {
  return attributes;
}

/**
 * Writes demo data once per database. The work must bear being begun again: a start that died in the middle is
 * continued by the next one.
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

/** Whoever writes the steps of a story, each under a key of its own: what was done before is not done again. */
export function stepsOf(key: string): () => WriteContext {
  let steps = 0;
  return () => ({ tenantId: anonymous.tenantId, idempotencyKey: `${key} ${++steps}` });
}
