import { Decimal } from '../../../platform/decimal.js';
import type { UsageInput } from '../../../domain/usage/index.js';
import { counted, euro, number, preservedAttributes, taxed, taxRate } from '../seeded.js';
import { planDays, type Kind, type Session } from './consumption.js';
import { partyOf, productOf } from './operator.js';
import type { Days, Step } from './past.js';

const specifications: Readonly<Record<Kind, { name: string; specCharacteristic: object[] }>> = {
  voice: {
    name: 'Voice call',
    specCharacteristic: [
      counted('duration', 'min', 'integer'),
      { name: 'number', ...number },
      { name: 'country', valueType: 'string' },
    ],
  },
  data: {
    name: 'Data session',
    specCharacteristic: [counted('volume', 'MB', 'number'), { name: 'number', ...number }],
  },
  sms: { name: 'SMS', specCharacteristic: [{ name: 'number', ...number }] },
};
const kinds = ['voice', 'data', 'sms'] as const;

/** The usages of each day, taken in the evening: what they were rated at is charged to buckets, or waits for the bill. */
export function usageSteps(days: Days): Step[] {
  const specificationOf = new Map<Kind, { id: string; name: string }>();
  const specify: Step = {
    at: days.ago(planned[0]?.ago ?? 0, 5),
    tell: async ({ usage }, past) => {
      const inputs = kinds.map((kind) => ({ ...specifications[kind], lifecycleStatus: 'active' }));
      const { items } = (await usage.specifications.createMany(past.write(), inputs)).answer;
      for (const [index, kind] of kinds.entries())
        specificationOf.set(kind, { id: items[index]?.id ?? '', name: specifications[kind].name });
    },
  };
  let written = 0;
  const taken = planned.map(({ ago, sessions }): Step => {
    const numbered = sessions.map((session) => ({ session, nth: ++written }));
    return {
      at: days.ago(ago, 22),
      tell: ({ usage }, past) =>
        usage.usages.createMany(
          past.write(),
          numbered.map(({ session, nth }) => usageOf(session, days.ago(ago, session.hour), nth, specificationOf)),
        ),
    };
  });
  // Tasks that nobody went on with.
  const tasks: Step = {
    at: days.minutesAgo(1),
    tell: async ({ usage: { imports, exports } }, past) => {
      for (let nth = 1; nth <= 2; nth++) {
        await imports.create(past.write(), {});
        await exports.create(past.write(), { query: 'usageType=data' });
      }
    },
  };
  return [specify, ...taken, tasks];
}

const planned = planDays();

function usageOf(
  { customer, number, kind, amount, isAbroad, from, cents, state }: Session,
  usageDate: Date,
  nth: number,
  specificationOf: ReadonlyMap<Kind, object>,
): UsageInput {
  const measured = kind === 'sms' ? [] : [{ name: kind === 'voice' ? 'duration' : 'volume', value: amount }];
  const country = kind === 'voice' ? [{ name: 'country', value: isAbroad ? 'GB' : 'DE' }] : [];
  return {
    ...preservedAttributes({
      usageSpecification: { ...specificationOf.get(kind), atReferredType: 'UsageSpecification' },
      relatedParty: [partyOf(customer), { ...customer.account, role: 'account', atReferredType: 'BillingAccount' }],
    }),
    usageDate,
    usageType: kind,
    status: state,
    externalId: `cdr-${String(nth).padStart(5, '0')}`,
    source: 'switch-1',
    usageCharacteristic: [...measured, { name: 'number', value: number }, ...country] as { name: string }[],
    ...(state === 'rated' && {
      ratedProductUsage: [ratingOf(customer.product.isPrepaid, cents, usageDate, productOf(customer))],
    }),
    ...(from && {
      chargeTo: { bucket: { id: from.bucket }, amount: { amount: new Decimal(from.amount), units: from.units } },
    }),
  };
}

/** A wallet pays prices with tax; what is billed has net prices. */
function ratingOf(isPrepaid: boolean, cents: number, usageDate: Date, productRef: object): object {
  const price = new Decimal(cents).div(100);
  return {
    ratingDate: new Date(usageDate.getTime() + 60_000),
    usageRatingTag: cents === 0 ? 'included usage' : 'usage',
    ratingAmountType: 'Total',
    offerTariffType: 'Normal',
    ...(!isPrepaid && { taxExcludedRatingAmount: euro(price) }),
    taxIncludedRatingAmount: euro(isPrepaid ? price : taxed(price)),
    taxRate: new Decimal(taxRate),
    isTaxExempt: false,
    isBilled: false,
    productRef,
  };
}
