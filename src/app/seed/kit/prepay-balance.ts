import type { PrepayBalance } from '../../../domain/prepay-balance/index.js';
import type { Domains } from '../../../domain/domains.js';
import { Decimal } from '../../../platform/decimal.js';
import type { SeedDependencies } from '../../app-context.js';
import { kitKeys, preservedAttributes } from '../seeded.js';
import { jane, janesAccount, john, once, stepsOf } from './kit-data.js';

const seededKey = kitKeys.balances;

/**
 * Written once per database: a customer with a monetary, a data and an SMS bucket, a friend, and bucket
 * 11, which the default payloads of the conformance kit use.
 */
export async function seedPrepayBalance(
  { database, logger }: SeedDependencies,
  { prepayBalance }: Domains,
): Promise<void> {
  await once(database, seededKey, async () => {
    await writeBalances(prepayBalance);
    logger.info('kit balances written');
  });
}

async function writeBalances({ buckets, actions }: PrepayBalance): Promise<void> {
  const step = stepsOf(seededKey);
  const quantity = (amount: number, units: string): { amount: Decimal; units: string } => ({
    amount: new Decimal(amount),
    units,
  });
  const owner = {
    product: [{ id: 'prepaid-m', name: 'Prepaid M' }],
    logicalResource: [{ id: '491700000001', value: '491700000001' }],
    partyAccount: janesAccount,
    relatedParty: [jane],
  };

  await buckets.create(
    step(),
    { ...preservedAttributes({ name: 'Kit balance' }), usageType: 'monetary', remainingValue: quantity(1000, 'EUR') },
    '11',
  );
  const money = await buckets.create(step(), {
    ...preservedAttributes({ name: 'Main balance' }),
    ...owner,
    usageType: 'monetary',
    remainingValue: quantity(0, 'EUR'),
  });
  const data = await buckets.create(step(), {
    ...preservedAttributes({ name: 'Monthly data' }),
    ...owner,
    usageType: 'data',
    remainingValue: quantity(5000, 'MB'),
  });
  await buckets.create(step(), {
    ...preservedAttributes({ name: 'SMS' }),
    ...owner,
    usageType: 'sms',
    remainingValue: quantity(100, 'SMS'),
  });

  const moneyBucket = { id: String(money.answer['id']) };
  const dataBucket = { id: String(data.answer['id']) };
  await actions.topUp(step(), {
    amount: quantity(20, 'EUR'),
    bucket: moneyBucket,
    ...preservedAttributes({ reason: 'Welcome top-up' }),
  });
  await actions.adjust(step(), {
    amount: quantity(4.99, 'EUR'),
    bucket: moneyBucket,
    adjustType: 'recurringChargeDebit',
    ...preservedAttributes({ reason: 'Monthly fee' }),
  });
  await actions.adjust(step(), {
    amount: quantity(120.5, 'MB'),
    bucket: dataBucket,
    adjustType: 'generalDebit',
    ...preservedAttributes({ reason: 'Browsing' }),
  });
  const reservation = await actions.reserve(step(), {
    amount: quantity(250, 'MB'),
    bucket: dataBucket,
    ...preservedAttributes({ reason: 'Streaming session' }),
  });
  await actions.commit(step(), String(reservation.answer['id']), {
    amount: quantity(180.25, 'MB'),
    reason: 'Streaming session ended',
  });
  await actions.reserve(step(), {
    amount: quantity(5, 'EUR'),
    bucket: moneyBucket,
    ...preservedAttributes({ reason: 'Parking ticket' }),
  });

  const friend = { logicalResource: [{ id: '491700000002', value: '491700000002' }], relatedParty: [john] };
  await buckets.create(step(), {
    ...preservedAttributes({ name: "A friend's data" }),
    ...friend,
    usageType: 'data',
    remainingValue: quantity(10, 'MB'),
  });
  await actions.transfer(step(), {
    amount: quantity(500, 'MB'),
    bucket: dataBucket,
    receiverLogicalResource: { value: '491700000002' },
    ...preservedAttributes({ reason: 'A present' }),
  });
  await actions.topUp(step(), {
    amount: quantity(10, 'EUR'),
    bucket: moneyBucket,
    recurringPeriod: 'monthly',
    numberOfPeriods: 12,
    ...preservedAttributes({ reason: 'Monthly top-up' }),
  });
}
