import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { Decimal } from '../../platform/decimal.js';

// What the data sets share: how money is written down, and what a database remembers of a set.

/** Under which a database remembers the demo data. */
export const demoKey = 'demo operator';

/** Under which it remembers each part of the kit data: names that begin with demo because sandboxes of 0.2 gave them that. */
export const kitKeys = {
  balances: 'demo seed',
  usage: 'demo usage',
  bills: 'demo bills',
  orders: 'demo orders',
} as const;

/** In percent. */
export const taxRate = 19;

export function euro(value: Decimal | number): { value: Decimal; unit: string } {
  return { value: new Decimal(value), unit: 'EUR' };
}

/** The amount with tax. */
export function taxed(value: Decimal): Decimal {
  return value.times(100 + taxRate).div(100);
}

/** An amount without and with tax, and the tax itself. */
export function charged(excluded: Decimal): { amounts: object; tax: object } {
  const included = taxed(excluded);
  return {
    amounts: { taxExcludedAmount: euro(excluded), taxIncludedAmount: euro(included) },
    tax: { taxCategory: 'VAT', taxRate: new Decimal(taxRate), taxAmount: euro(included.minus(excluded)) },
  };
}

/** What a specification of usages says of a telephone number. */
export const number = { valueType: 'string', regex: '^\\+?[0-9]{3,15}$', minCardinality: 1, maxCardinality: 1 };

/** What it says of what is counted: there is one, of zero at least. */
export function counted(name: string, unitOfMeasure: string, valueType: string): object {
  return {
    name,
    valueType,
    minCardinality: 1,
    maxCardinality: 1,
    characteristicValueSpecification: [{ valueFrom: new Decimal(0), unitOfMeasure }],
  };
}

/** For attributes that the domain stores without interpreting them, and that its input types therefore lack. */
export function preservedAttributes(attributes: object): object {
  return attributes;
}

/** What the database remembers under one of these keys, of the first that it knows. */
export async function remembered(database: Database, keys: readonly string[]): Promise<unknown> {
  const [row] = await database.query<{ value: unknown }>(
    Prisma.sql`SELECT "value" FROM "ServerState" WHERE "key" IN (${Prisma.join([...keys])}) LIMIT 1`,
  );
  return row?.value;
}

/** Remembers a value, unless there is one. */
export async function remember(database: Database, key: string, value: object): Promise<void> {
  await database.transaction((tx) =>
    tx.execute(Prisma.sql`
      INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${key}, ${JSON.stringify(value)}::jsonb, now())
      ON CONFLICT DO NOTHING`),
  );
}
