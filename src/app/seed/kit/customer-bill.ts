import type { Domains } from '../../../domain/domains.js';
import { localTime } from '../../../platform/calendar.js';
import { Decimal } from '../../../platform/decimal.js';
import { anonymous } from '../../../platform/principal.js';
import type { SeedDependencies } from '../../app-context.js';
import { charged, euro, kitKeys, preservedAttributes, taxRate, taxed } from '../seeded.js';
import { jane, janesAccount, once, stepsOf } from './kit-data.js';

const seededKey = kitKeys.bills;
/** Enough of them for the hold policy to hold the bill. */
const premiumCalls = 16;

const john = { id: 'account-2', name: "John's account" };
const acme = { id: 'account-3', name: 'Acme Ltd' };
const roe = { id: 'account-4', name: 'Roe family' };

const specifications = [
  {
    name: 'Monthly',
    billingPeriod: 'month',
    frequency: 'monthly',
    billingDateShift: 32,
    mailingDateOffset: 33,
    paymentDueDateOffset: 46,
  },
  {
    name: 'Quarterly',
    billingPeriod: 'quarter',
    frequency: 'quarterly',
    billingDateShift: 95,
    paymentDueDateOffset: 110,
  },
];

/**
 * Writes bills of last month in each state, a new off-cycle bill, and rates and usages of this month that are not billed yet.
 * The conformance kit of TMF678 creates neither bills nor rates, and must find some.
 */
export async function seedCustomerBill(dependencies: SeedDependencies, domains: Domains): Promise<void> {
  await once(dependencies.database, seededKey, async () => {
    await writeBills(dependencies, domains);
    dependencies.logger.info('kit bills written');
  });
}

async function writeBills({ config, database }: SeedDependencies, { customerBill, usage }: Domains): Promise<void> {
  const { bills, cycles, cycleSpecifications, rates, runs } = customerBill;
  const step = stepsOf(seededKey);
  const [monthly] = (await cycleSpecifications.createMany(step(), specifications)).answer.items;
  if (monthly === undefined) throw new Error('there are specifications');
  // A start that is continued later still writes the same month.
  const month = localTime(new Date(monthly.updatedAt), config.timeZone).startOf('month');
  const billed = month.minus({ months: 1 });
  const day = (days: number, of = billed): Date => of.plus({ days, hours: 9 }).toJSDate();
  const validFor = { startDateTime: billed.toJSDate(), endDateTime: month.toJSDate() };
  const described = preservedAttributes({
    name: `Monthly ${billed.toFormat('yyyy-MM')}`,
    billCycleSpecification: { id: monthly.id, name: 'Monthly' },
    billingDate: day(32),
  });
  const cycle = (await cycles.create(step(), { ...described, validFor })).answer;

  await rates.createMany(step(), [
    rate(janesAccount, 'Mobile M', 29.99, day(0)),
    rate(janesAccount, 'Roaming', 7.335, day(12)),
    rate(janesAccount, 'Welcome bonus', 5, day(3), 'appliedBillingCredit'),
    rate(john, 'Mobile S', 14.99, day(0)),
    rate(john, 'Handset instalment', 25, day(0)),
    rate(acme, 'Business line', 89, day(0)),
    ...Array.from({ length: premiumCalls }, () => rate(acme, 'Premium call', 4.9, day(9))),
    rate(roe, 'Fibre 250', 39.99, day(0)),
    // Not billed yet.
    rate(janesAccount, 'Mobile M', 29.99, day(0, month)),
    rate(john, 'Mobile S', 14.99, day(0, month)),
  ]);
  const { tenantId } = anonymous;
  const run = (await runs.create(step(), { billCycle: { id: cycle.id } })).answer;
  await runs.work({ tenantId, runId: run.id }, new AbortController().signal);

  const written = await database.client.customerBill.findMany({ where: { tenantId, billRunId: run.id } });
  const billOf = ({ id }: { id: string }): (typeof written)[number] => {
    const bill = written.find(({ billingAccount }) => (billingAccount as { id: string }).id === id);
    if (bill === undefined) throw new Error(`account ${id} has a bill`);
    return bill;
  };
  for (const account of [janesAccount, john, roe]) {
    for (const state of ['validated', 'sent']) await bills.update(step(), { id: billOf(account).id, input: { state } });
  }
  const pay = async (account: { id: string }, value: Decimal): Promise<void> => {
    const payment = { payment: { id: `transfer-${account.id}` }, appliedAmount: euro(value) };
    await bills.addAppliedPayment(step(), { id: billOf(account).id }, payment);
  };
  await pay(janesAccount, new Decimal(Number(billOf(janesAccount).amountDueValue)));
  await pay(john, new Decimal(20));

  const card = charged(new Decimal(10));
  const outOfTurn = preservedAttributes({
    ...card.amounts,
    taxItem: [card.tax],
    category: 'normal',
    runType: 'offCycle',
  });
  const { answer: bill } = await bills.create(step(), { ...outOfTurn, billingAccount: janesAccount });
  await rates.create(step(), {
    ...preservedAttributes({ name: 'SIM card', ...card.amounts, appliedTax: [card.tax] }),
    isBilled: true,
    bill: { id: bill.id },
  });

  await usage.usages.createMany(
    step(),
    [0.45, 1.35, 0.09].map((value, index) => call(new Decimal(value), day(index, month), index)),
  );
}

function rate(
  billingAccount: { id: string },
  name: string,
  value: number,
  date: Date,
  appliedBillingRateType = 'appliedBillingCharge',
): object {
  const product = { id: name.toLowerCase().replaceAll(' ', '-'), name };
  return {
    billingAccount,
    name,
    product,
    date,
    appliedBillingRateType,
    taxExcludedAmount: euro(new Decimal(value)),
    appliedTax: [{ taxCategory: 'VAT', taxRate: new Decimal(taxRate) }],
  };
}

/** A rated call of Jane's that is not billed yet. */
function call(charge: Decimal, usageDate: Date, index: number): object {
  return {
    usageSpecification: { id: 'voice', name: 'Voice call' },
    usageDate,
    usageType: 'voice',
    status: 'rated',
    externalId: `demo-bill-${index + 1}`,
    source: 'demo',
    relatedParty: [jane, { ...janesAccount, atReferredType: 'BillingAccount' }],
    ratedProductUsage: [
      {
        taxExcludedRatingAmount: euro(charge),
        taxIncludedRatingAmount: euro(taxed(charge)),
        taxRate: new Decimal(taxRate),
        isBilled: false,
        productRef: { id: 'mobile-m', name: 'Mobile M' },
      },
    ],
  };
}
