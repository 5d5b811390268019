import type { BucketInput } from '../../../domain/prepay-balance/buckets.js';
import { Decimal } from '../../../platform/decimal.js';
import { DomainError } from '../../../platform/errors.js';
import { preservedAttributes } from '../seeded.js';
import { filledByItself, firstDay, planDays, renewalDay, renewalsBy } from './consumption.js';
import { customer, customers, numbersOf, partyOf, productOf, sharing, type Customer } from './operator.js';
import type { Days, Past, Step } from './past.js';
import type { Domains } from '../../../domain/domains.js';

const quantity = (amount: number, units: string): { amount: Decimal; units: string } => ({
  amount: new Decimal(amount),
  units,
});
const reason = (text: string): object => preservedAttributes({ reason: text });

/** Buckets, what fills them and what empties them besides usage, and one action of each fate. */
export function balanceSteps(days: Days): Step[] {
  return [...buckets(days), ...payments(days), ...stories(days)];
}

function buckets(days: Days): Step[] {
  const made: { id: string; input: BucketInput }[] = customers.flatMap((one) => {
    const { product, wallet, sms, minutes } = one;
    const shared = sharing(one);
    const isPayer = shared[0] === one;
    const isShared = shared.length > 1 || one.numbers.length > 1;
    const validFor = { startDateTime: days.ago(firstDay, 6), endDateTime: endOfPeriod(days, one, 0) };
    const name = (text: string): object => preservedAttributes({ name: text, ...(isShared && { isShared }) });
    const own = { ...preservedAttributes({ name: 'Main balance' }), ...ownedBy([one]) };
    return [
      ...(wallet ? [{ id: wallet, input: { ...own, usageType: 'monetary', remainingValue: quantity(0, 'EUR') } }] : []),
      ...(isPayer
        ? [
            {
              id: one.data,
              input: {
                ...name(isShared ? 'Shared data' : 'Data'),
                ...ownedBy(shared),
                usageType: 'data',
                remainingValue: quantity(product.data, 'MB'),
                validFor,
              },
            },
          ]
        : []),
      ...(isPayer && minutes
        ? [
            {
              id: minutes,
              input: {
                ...name(isShared ? 'Shared minutes' : 'Minutes'),
                ...ownedBy(shared),
                usageType: 'voice',
                remainingValue: quantity(product.minutes ?? 0, 'min'),
                validFor,
              },
            },
          ]
        : []),
      ...(sms
        ? [
            {
              id: sms,
              input: {
                ...own,
                ...preservedAttributes({ name: 'Messages' }),
                usageType: 'sms',
                remainingValue: quantity(300, 'SMS'),
              },
            },
          ]
        : []),
    ];
  });
  return made.map(({ id, input }) => ({
    at: days.ago(firstDay, 6),
    tell: ({ prepayBalance }, past) => prepayBalance.buckets.create(past.write(), input, id),
  }));
}

/** Those who have it, the first of them paying. */
function ownedBy(those: readonly Customer[]): object {
  const [first] = those;
  if (first === undefined) throw new Error('somebody has it');
  return {
    product: [productOf(first)],
    logicalResource: those.flatMap(numbersOf),
    partyAccount: first.account,
    relatedParty: those.map(partyOf),
  };
}

/** A product holds until noon of the day of its next renewal. */
function endOfPeriod(days: Days, one: Customer, renewals: number): Date {
  return days.ago(renewalDay(one, renewals + 1), 12);
}

/** Top-ups, and renewals of products. */
function payments(days: Days): Step[] {
  return planDays().flatMap(({ ago, topups, renewals }) => [
    ...topups.map(({ customer: { wallet }, cents }): Step => ({
      at: days.ago(ago, 8),
      tell: ({ prepayBalance }, past) =>
        prepayBalance.actions.topUp(past.write(), {
          amount: quantity(cents / 100, 'EUR'),
          bucket: { id: wallet ?? '' },
          ...preservedAttributes({
            reason: ago === firstDay ? 'Welcome' : 'Top-up',
            channel: { id: ago % 3 === 0 ? 'shop' : 'app', name: ago % 3 === 0 ? 'Shop' : 'App' },
          }),
        }),
    })),
    ...renewals.map((one): Step => ({
      at: days.ago(ago, 9),
      tell: (domains, past) => renew(domains, past, days, one, ago),
    })),
  ]);
}

async function renew(
  { prepayBalance: { actions } }: Domains,
  past: Past,
  days: Days,
  one: Customer,
  ago: number,
): Promise<void> {
  const { product, wallet, data, minutes } = one;
  const validFor = { endDateTime: endOfPeriod(days, one, renewalsBy(one, ago)) };
  if (product.isPrepaid && wallet)
    await actions.adjust(past.write(), {
      amount: quantity(product.fee, 'EUR'),
      bucket: { id: wallet },
      usageType: 'monetary',
      adjustType: 'recurringChargeDebit',
      ...reason(`${product.name} for 30 days`),
    });
  const renewed = reason('Renewal');
  await actions.topUp(past.write(), {
    amount: quantity(product.data, 'MB'),
    bucket: { id: data },
    validFor,
    ...renewed,
  });
  if (minutes)
    await actions.topUp(past.write(), {
      amount: quantity(product.minutes ?? 0, 'min'),
      bucket: { id: minutes },
      validFor,
      ...renewed,
    });
}

/** What shows the rest of what actions can do, and each state that they come to. */
function stories(days: Days): Step[] {
  const eur = (amount: number): { amount: Decimal; units: string } => quantity(amount, 'EUR');
  const mb = (amount: number): { amount: Decimal; units: string } => quantity(amount, 'MB');
  const jane = { bucket: { id: '11' } };
  const janesData = { bucket: { id: 'data-1' } };
  const told = (at: Date, tell: Step['tell']): Step => ({ at, tell });
  return [
    // Fills itself whenever it runs low.
    told(days.ago(firstDay, 10), ({ prepayBalance: { actions } }, past) =>
      actions.topUp(past.write(), {
        amount: eur(filledByItself.byCents / 100),
        bucket: { id: `money-${filledByItself.customer}` },
        autoTopupThreshold: eur(filledByItself.belowCents / 100),
        ...reason('Never empty'),
      }),
    ),
    // A session that reserved more than it used.
    told(days.ago(30, 18), async ({ prepayBalance: { actions } }, past) => {
      const { answer } = await actions.reserve(past.write(), {
        amount: mb(250),
        ...janesData,
        relatedParty: [partyOf(customer(1))],
        ...reason('Streaming'),
      });
      await actions.commit(past.write(), String(answer['id']), { amount: mb(180.25), reason: 'Streaming ended' });
    }),
    // One that was given up, and one that nobody came back to.
    told(days.ago(24, 18), async ({ prepayBalance: { actions } }, past) => {
      const { answer } = await actions.reserve(past.write(), {
        amount: eur(4),
        bucket: { id: 'money-2' },
        relatedParty: [partyOf(customer(2))],
        ...reason('Parking ticket'),
      });
      await actions.cancel(past.write(), 'reserveBalance', { id: String(answer['id']), input: {} });
      await actions.reserve(past.write(), {
        amount: eur(3),
        bucket: { id: 'money-2' },
        relatedParty: [partyOf(customer(2))],
        expirationDate: days.ago(24, 19),
        ...reason('Parking ticket'),
      });
    }),
    told(days.minutesAgo(25), ({ prepayBalance: { actions } }, past) =>
      actions.reserve(past.write(), {
        amount: eur(2.5),
        ...jane,
        relatedParty: [partyOf(customer(1))],
        ...reason('Parking ticket'),
      }),
    ),
    // Presents.
    told(days.ago(20, 12), ({ prepayBalance: { actions } }, past) =>
      actions.transfer(past.write(), {
        amount: mb(500),
        ...janesData,
        receiverBucket: { id: customer(2).data },
        receiver: partyOf(customer(2)),
        ...reason('A present'),
      }),
    ),
    ...[75, 45, 15].map((ago) =>
      told(days.ago(ago, 17), async ({ prepayBalance: { actions } }, past) => {
        await actions.topUp(past.write(), { amount: eur(10.2), bucket: { id: 'money-16' }, ...reason('Pocket money') });
        for (const child of [18, 19])
          await actions.transfer(past.write(), {
            amount: eur(5),
            bucket: { id: 'money-16' },
            receiverBucket: { id: `money-${child}` },
            transferCost: eur(0.1),
            ...reason('Pocket money'),
          });
      }),
    ),
    // Goodwill, and a correction of it.
    told(days.ago(50, 11), ({ prepayBalance: { actions } }, past) =>
      actions.adjust(past.write(), {
        amount: eur(2),
        bucket: { id: 'money-3' },
        usageType: 'monetary',
        adjustType: 'goodwillCredit',
        ...reason('Outage in May Street'),
      }),
    ),
    told(days.ago(49, 11), async ({ prepayBalance: { actions } }, past) => {
      const { answer } = await actions.topUp(past.write(), {
        amount: eur(50),
        bucket: { id: 'money-4' },
        ...reason('Top-up'),
      });
      await actions.cancel(past.write(), 'topupBalance', {
        id: String(answer['id']),
        input: preservedAttributes({ reason: 'Wrong amount' }),
      });
    }),
    // Refused: there was not so much.
    told(days.ago(35, 13), async ({ prepayBalance: { actions } }, past) => {
      await refused(
        actions.adjust(past.write(), {
          amount: eur(500),
          bucket: { id: 'money-4' },
          usageType: 'monetary',
          adjustType: 'purchaseDebit',
          ...reason('Handset'),
        }),
      );
      await refused(
        actions.reserve(past.write(), {
          amount: eur(80),
          bucket: { id: 'money-6' },
          relatedParty: [partyOf(customer(6))],
          ...reason('Concert'),
        }),
      );
      await refused(
        actions.transfer(past.write(), {
          amount: eur(99),
          bucket: { id: 'money-2' },
          receiverBucket: { id: 'money-3' },
          ...reason('A loan'),
        }),
      );
      await refused(actions.topUp(past.write(), { amount: mb(1_000), bucket: { id: 'money-7' }, ...reason('Top-up') }));
    }),
    // Every month, later, and when it is paid.
    told(days.ago(10, 12), ({ prepayBalance: { actions } }, past) =>
      actions.topUp(past.write(), {
        amount: eur(10),
        ...jane,
        recurringPeriod: 'monthly',
        numberOfPeriods: 12,
        ...reason('Monthly top-up'),
      }),
    ),
    told(days.ago(3, 12), ({ prepayBalance: { actions } }, past) =>
      actions.topUp(past.write(), {
        amount: eur(15),
        bucket: { id: 'money-7' },
        requestedDate: days.inDays(5),
        ...reason('Pay day'),
      }),
    ),
    told(days.minutesAgo(50), ({ prepayBalance: { actions } }, past) =>
      actions.topUp(past.write(), {
        amount: eur(20),
        bucket: { id: 'money-6' },
        status: 'created',
        ...preservedAttributes({ reason: 'Bank transfer', paymentMethod: { id: 'transfer', name: 'Bank transfer' } }),
      }),
    ),
    // A bucket that nothing is in, nor was.
    told(days.minutesAgo(1), ({ prepayBalance: { buckets } }, past) =>
      buckets.create(
        past.write(),
        { ...preservedAttributes({ name: 'Travel data' }), ...ownedBy([customer(1)]), usageType: 'data' },
        'unused-1',
      ),
    ),
    // A bucket that may not be used for now.
    told(days.ago(14, 15), async ({ prepayBalance: { buckets } }, past) => {
      await buckets.create(
        past.write(),
        {
          ...preservedAttributes({ name: 'Bonus' }),
          ...ownedBy([customer(7)]),
          usageType: 'monetary',
          remainingValue: eur(5),
        },
        'bonus-7',
      );
      await buckets.update(past.write(), { id: 'bonus-7', input: { status: 'suspended' } });
    }),
  ];
}

/** What is refused is kept as failed. */
async function refused(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (error instanceof DomainError) return;
    throw error;
  }
  throw new Error('it was to be refused');
}
