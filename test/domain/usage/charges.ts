import { contentOf } from '../../fixtures/rows.js';
import type { TestServer } from '../../support/server.js';
import { ledgerProblems, read } from '../prepay-balance/balances.js';
import { made } from '../../fixtures/transports.js';

// What the tests of rating arrange and look at.

export const usageSpecification = { id: 'nobody-knows-it' };

export interface Rating {
  taxIncludedRatingAmount?: { value: number; unit: string };
}

/** Results of rating, one for each amount. */
export const ratings = (...values: number[]): Rating[] =>
  values.map((value) => ({ taxIncludedRatingAmount: { value, unit: 'EUR' } }));

/** The chargeTo of a bucket, with an amount when that is not left to rating. */
export const to = (id: string, amount?: number, units = 'EUR'): object => ({
  bucket: { id },
  ...(amount !== undefined && { amount: { amount, units } }),
});

export async function guided(server: TestServer): Promise<string> {
  return (await made(server, 'Usage', { usageSpecification, status: 'guided' })).id;
}

/** A usage that is rated and has consumed so much of the bucket. */
export async function charged(server: TestServer, bucketId: string, amount: number): Promise<string> {
  return (
    await made(server, 'Usage', {
      usageSpecification,
      status: 'rated',
      ratedProductUsage: ratings(amount),
      chargeTo: to(bucketId),
    })
  ).id;
}

export async function usageOf(server: TestServer, id: string): Promise<any> {
  return (await server.rest('GET', `/usage/${id}`)).body;
}

/** What is left in each bucket, whose ledger gives just that. */
export async function left(server: TestServer, ...bucketIds: string[]): Promise<number[]> {
  const amounts = [];
  for (const id of bucketIds) {
    const problems = await ledgerProblems(server, id);
    if (problems.length > 0) throw new Error(problems.join('; '));
    amounts.push((await read(server, 'Bucket', id)).remainingValue?.amount ?? 0);
  }
  return amounts;
}

/** The adjustments that name the usage, the oldest first. */
export async function adjustmentsOf(server: TestServer, usageId: string): Promise<any[]> {
  return (await server.rest('GET', `/adjustBalance?usage.id=${usageId}`)).body;
}

/** Everything that is stored, but for what a refused charge leaves: its record, the event of that, and its key. */
export async function storedBeside(server: TestServer): Promise<object> {
  const { BalanceAction, BucketAction, Outbox, Idempotency, ...rest } = await contentOf(server.database);
  return rest;
}
