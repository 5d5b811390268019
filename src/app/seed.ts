import type { Logger } from 'pino';
import type { PrepayBalance } from '../domain/prepay-balance/index.js';
import type { Database } from '../platform/database/database.js';
import { Decimal } from '../platform/decimal.js';
import { anonymous } from '../platform/principal.js';
import { once } from './seeded.js';

const seededKey = 'demo seed';

/**
 * Demo data, written once per database: a customer with a monetary, a data and an SMS bucket, a friend, and bucket
 * 11, which the default payloads of the conformance kit use.
 */
export async function seedDemo(database: Database, domain: PrepayBalance, logger: Logger): Promise<void> {
  await once(database, seededKey, async () => {
    await writeDemo(domain);
    logger.info('demo data written');
  });
}

async function writeDemo({ buckets, actions }: PrepayBalance): Promise<void> {
  // Each step has its key: a start that died in the middle is continued, not repeated.
  let steps = 0;
  const step = (): { tenantId: string; idempotencyKey: string } => ({ tenantId: anonymous.tenantId, idempotencyKey: `${seededKey} ${++steps}` });
  const quantity = (amount: number, units: string): { amount: Decimal; units: string } => ({ amount: new Decimal(amount), units });
  const owner = {
    product: [{ id: 'prepaid-m', name: 'Prepaid M' }],
    logicalResource: [{ id: '491700000001', value: '491700000001' }],
    partyAccount: { id: 'account-1', name: "Jane's account" },
    relatedParty: [{ id: 'customer-1', name: 'Jane Doe', role: 'customer', atReferredType: 'Customer' }],
  };

  await buckets.create(step(), { ...named('Kit balance'), usageType: 'monetary', remainingValue: quantity(1000, 'EUR') }, '11');
  const money = await buckets.create(step(), { ...named('Main balance'), ...owner, usageType: 'monetary', remainingValue: quantity(0, 'EUR') });
  const data = await buckets.create(step(), { ...named('Monthly data'), ...owner, usageType: 'data', remainingValue: quantity(5000, 'MB') });
  await buckets.create(step(), { ...named('SMS'), ...owner, usageType: 'sms', remainingValue: quantity(100, 'SMS') });

  const moneyBucket = { id: String(money.answer['id']) };
  const dataBucket = { id: String(data.answer['id']) };
  await actions.topUp(step(), { amount: quantity(20, 'EUR'), bucket: moneyBucket, ...reasoned('Welcome top-up') });
  await actions.adjust(step(), { amount: quantity(4.99, 'EUR'), bucket: moneyBucket, adjustType: 'recurringChargeDebit', ...reasoned('Monthly fee') });
  await actions.adjust(step(), { amount: quantity(120.5, 'MB'), bucket: dataBucket, adjustType: 'generalDebit', ...reasoned('Browsing') });
  const reservation = await actions.reserve(step(), { amount: quantity(250, 'MB'), bucket: dataBucket, ...reasoned('Streaming session') });
  await actions.commit(step(), String(reservation.answer['id']), { amount: quantity(180.25, 'MB'), reason: 'Streaming session ended' });
  await actions.reserve(step(), { amount: quantity(5, 'EUR'), bucket: moneyBucket, ...reasoned('Parking ticket') });

  const friend = { logicalResource: [{ id: '491700000002', value: '491700000002' }], relatedParty: [{ id: 'customer-2', name: 'John Roe', role: 'customer', atReferredType: 'Customer' }] };
  await buckets.create(step(), { ...named("A friend's data"), ...friend, usageType: 'data', remainingValue: quantity(10, 'MB') });
  await actions.transfer(step(), { amount: quantity(500, 'MB'), bucket: dataBucket, receiverLogicalResource: { value: '491700000002' }, ...reasoned('A present') });
  await actions.topUp(step(), { amount: quantity(10, 'EUR'), bucket: moneyBucket, recurringPeriod: 'monthly', numberOfPeriods: 12, ...reasoned('Monthly top-up') });
}

// Attributes the domain keeps without looking at them are not in its input types.
function named(name: string): object {
  return { name };
}

function reasoned(reason: string): object {
  return { reason };
}
