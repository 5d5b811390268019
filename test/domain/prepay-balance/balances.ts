import { Decimal } from 'decimal.js';
import { Prisma } from '../../../prisma/generated/client.js';
import { asInput } from '../../fixtures/schema.js';
import { schemaOf } from '../../fixtures/transports.js';
import type { TestServer } from '../../support/server.js';
import { create, type Outcome, type Type } from './transports.js';

export { eventsOf } from '../../fixtures/outbox.js';

// What the tests of balances arrange and look at.

export const eur = (amount: number | string): { amount: number | string; units: string } => ({ amount, units: 'EUR' });

/** The five ways to ask for a movement, as input of the resource that asks. */
export const actions = {
  topup: { type: 'TopupBalance', attributes: {} },
  credit: { type: 'AdjustBalance', attributes: { adjustType: 'goodWillCredit' } },
  debit: { type: 'AdjustBalance', attributes: { adjustType: 'oneTimeChargeDebit' } },
  reserve: { type: 'ReserveBalance', attributes: {} },
  commit: { type: 'AdjustBalance', attributes: { adjustType: 'reservationDebit' } },
} as const satisfies Record<string, { type: Type; attributes: object }>;

export type Action = keyof typeof actions;

/** A resource that had to be made for the test to begin. */
export async function make(server: TestServer, type: Type, input: object): Promise<any> {
  return accepted(await create(server, 'rest', type, input));
}

export function accepted(outcome: Outcome): any {
  if (outcome.code !== undefined) throw new Error(`refused: ${outcome.code} ${outcome.message}`);
  return outcome.resource;
}

/** Id of a new bucket, monetary, with this opening balance in EUR (none when undefined). */
export async function makeBucket(
  server: TestServer,
  opening: number | string | undefined,
  attributes: object = {},
): Promise<string> {
  const remainingValue = opening === undefined ? undefined : eur(opening);
  return (await make(server, 'Bucket', { usageType: 'monetary', remainingValue, ...attributes })).id;
}

/** Ids of many new buckets, alike, made by one request. */
export async function makeBuckets(
  server: TestServer,
  count: number,
  opening: number | string,
  attributes: object = {},
): Promise<string[]> {
  const inputs = Array(count).fill({ usageType: 'monetary', remainingValue: eur(opening), ...attributes });
  const { data, errors } = await server.graphql(
    'mutation ($inputs: [BucketCreate!]!) { createBuckets(inputs: $inputs) { id } }',
    { inputs: asInput(await schemaOf(server), 'BucketCreate', inputs) },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.createBuckets.map(({ id }: { id: string }) => id);
}

export async function makeReservation(
  server: TestServer,
  bucketId: string,
  amount: number | string,
  attributes: object = {},
): Promise<string> {
  return (await make(server, 'ReserveBalance', { amount: eur(amount), bucket: { id: bucketId }, ...attributes })).id;
}

export async function read(server: TestServer, type: Type, id: string): Promise<any> {
  const answer = await server.rest('GET', `/${type.charAt(0).toLowerCase()}${type.slice(1)}/${id}`);
  return answer.status === 200 ? answer.body : undefined;
}

/** Remaining and reserved amount of a bucket, 0 for a bucket without a value. */
export async function balanceOf(server: TestServer, bucketId: string): Promise<[number, number]> {
  const bucket = await read(server, 'Bucket', bucketId);
  return [bucket.remainingValue?.amount ?? 0, bucket.reservedValue?.amount ?? 0];
}

export interface Entry {
  itemId: string;
  sequence: number;
  entryType: string;
  actionKind: string;
  actionId: string;
  remainingDelta: number;
  reservedDelta: number;
  remainingAfter: number;
  reservedAfter: number;
  units: string;
  recordedAt: string;
}

/** The ledger of a bucket, in the order of its sequence. */
export async function entriesOf(server: TestServer, bucketId: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const { data, errors } = await server.graphql(
      `query ($id: ID!, $offset: Int) { bucket(id: $id) { entries(offset: $offset, limit: 1000) { pageInfo { hasNextPage }
        items { itemId sequence entryType actionKind actionId remainingDelta reservedDelta remainingAfter reservedAfter units recordedAt } } } }`,
      { id: bucketId, offset: entries.length },
    );
    if (errors) throw new Error(JSON.stringify(errors));
    entries.push(...data.bucket.entries.items);
    if (!data.bucket.entries.pageInfo.hasNextPage) return entries;
  }
}

/** One line for each movement: "3 commit 0 -2 → 7 1 EUR". */
export async function ledgerOf(server: TestServer, bucketId: string): Promise<string[]> {
  return (await entriesOf(server, bucketId)).map(
    ({ sequence, entryType, remainingDelta, reservedDelta, remainingAfter, reservedAfter, units }) =>
      `${sequence} ${entryType} ${remainingDelta} ${reservedDelta} → ${remainingAfter} ${reservedAfter} ${units}`,
  );
}

/** What does not hold of a bucket's ledger: gaps, wrong sums, negative values, or a stored balance that is not their sum. */
export async function ledgerProblems(server: TestServer, bucketId: string): Promise<string[]> {
  const problems: string[] = [];
  let remaining = new Decimal(0);
  let reserved = new Decimal(0);
  let recordedAt = '';
  for (const [index, entry] of (await entriesOf(server, bucketId)).entries()) {
    remaining = remaining.plus(entry.remainingDelta);
    reserved = reserved.plus(entry.reservedDelta);
    const at = `entry ${entry.sequence} of ${bucketId}`;
    if (entry.sequence !== index + 1) problems.push(`${at} is number ${index + 1}`);
    if (!remaining.eq(entry.remainingAfter) || !reserved.eq(entry.reservedAfter))
      problems.push(`${at} does not follow from those before`);
    if (remaining.lt(0) || reserved.lt(0)) problems.push(`${at} makes the balance negative`);
    if (entry.recordedAt < recordedAt) problems.push(`${at} is older than the one before`);
    recordedAt = entry.recordedAt;
  }
  const [storedRemaining, storedReserved] = await balanceOf(server, bucketId);
  if (!remaining.eq(storedRemaining))
    problems.push(`${bucketId} has ${storedRemaining} left, its entries give ${remaining.toFixed()}`);
  if (!reserved.eq(storedReserved))
    problems.push(`${bucketId} has ${storedReserved} reserved, its entries give ${reserved.toFixed()}`);
  return problems;
}

/** All balances, holds and ledger entries as they are stored, as one fingerprint: what a refused request must leave as it was. */
export function balanceTables(server: TestServer): Promise<object> {
  return fingerprints(server, ['Bucket', 'ReservationHold', 'LedgerEntry']);
}

/** Everything that any write leaves: also records, events and keys. */
export function allTables(server: TestServer): Promise<object> {
  return fingerprints(server, ['Bucket', 'ReservationHold', 'LedgerEntry', 'BalanceAction', 'Outbox', 'Idempotency']);
}

async function fingerprints({ database }: TestServer, tables: readonly string[]): Promise<object> {
  const columns = tables.map(
    (table) =>
      `(SELECT count(*) || ' ' || coalesce(sum(hashtext(t::text)::bigint), 0) FROM "${table}" t) AS "${table}"`,
  );
  const [row] = await database.query<object>(Prisma.raw(`SELECT ${columns.join(', ')}`));
  return row as object;
}
