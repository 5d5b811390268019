import type { TestServer } from '../../support/server.js';

/** What was told of a bucket that runs low. */
export interface Told {
  id: string;
  eventType: string;
  occurredAt: Date;
  principalId: string;
  /** The bucket, as the event shows it. */
  payload: any;
}

const alerts = ['BucketThresholdReachedEvent', 'BucketDepletedEvent', 'BucketExpiringEvent'];

export async function toldOf({ database }: TestServer, bucketId: string): Promise<Told[]> {
  const where = { resourceId: bucketId, eventType: { in: alerts } };
  return (await database.client.outbox.findMany({ where, orderBy: { id: 'asc' } })) as Told[];
}

/** One line for each: "low at 4", "empty", "expiring". A threshold without a name is called by its amount or percent. */
export async function alertsOf(server: TestServer, bucketId: string): Promise<string[]> {
  return (await toldOf(server, bucketId)).map(({ eventType, payload }) => {
    if (eventType === 'BucketExpiringEvent') return `expiring ${payload.validFor.endDateTime}`;
    if (eventType === 'BucketDepletedEvent') return 'empty';
    const { name, amount, percent } = payload.lastReachedThreshold;
    return `${name ?? (amount ? `${amount.amount} ${amount.units}` : `${percent} %`)} at ${payload.remainingValue.amount}`;
  });
}
