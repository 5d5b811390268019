import type { Domains } from '../../../domain/domains.js';
import type { Database } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import { anonymous } from '../../../platform/principal.js';
import { charged, euro, preservedAttributes, taxRate } from '../seeded.js';
import { periodDays } from './consumption.js';
import { customer, payers, productOf, type Account, type Customer } from './operator.js';
import type { Days, Past, Step } from './past.js';

const billed = payers.filter(({ product }) => !product.isPrepaid);
/** How many days ago the periods that are billed ended. */
const periodEnds = [70, 40, 10];
/** Enough of them for the hold policy to hold the bill. */
const premiumCalls = 16;
const held = 15;

/** How far the last bill of an account has come; absent: it is sent. */
const lastStates: Readonly<Record<string, 'new' | 'validated' | 'partiallyPaid' | 'settled'>> = {
  'account-1': 'settled',
  'account-9': 'settled',
  'account-11': 'validated',
  'account-13': 'new',
  'account-16': 'partiallyPaid',
};
/** Who paid only a part of the bill before, too. */
const inArrears = 'account-14';

/** Three periods with their runs, bills in each state, bills on demand, and charges of the present period that wait. */
export function billSteps(days: Days, database: Database): Step[] {
  let specification = { id: '', name: '' };
  const specify: Step = {
    at: days.ago(100, 4),
    tell: async ({ customerBill }, past) => {
      const [monthly] = (await customerBill.cycleSpecifications.createMany(past.write(), specifications)).answer.items;
      specification = { id: monthly?.id ?? '', name: 'Monthly' };
    },
  };
  return [
    specify,
    ...periodEnds.flatMap((end) => charges(days, end + periodDays)),
    ...charges(days, 10),
    ...periodEnds.flatMap((end) => period(days, database, end, () => specification)),
    ...outOfTurn(days),
  ];
}

const specifications = [
  {
    name: 'Monthly',
    billingPeriod: 'month',
    frequency: 'monthly',
    billingDateShift: 31,
    mailingDateOffset: 32,
    paymentDueDateOffset: 45,
  },
  {
    name: 'Quarterly',
    billingPeriod: 'quarter',
    frequency: 'quarterly',
    billingDateShift: 95,
    paymentDueDateOffset: 110,
  },
];

/** What the products of a period cost that began so many days ago. */
function charges(days: Days, ago: number): Step[] {
  const date = days.ago(ago, 7);
  const fees = billed.map((one) => rate(one, one.product.name, one.product.fee, date));
  const instalments = [2, 4].flatMap((index) => {
    const one = billed[index];
    return one ? [rate(one, 'Handset instalment', 25, date)] : [];
  });
  const premium =
    ago === 40
      ? Array.from({ length: premiumCalls }, () => rate(customer(held), 'Premium call', 2.9, days.ago(33, 20)))
      : [];
  const bonus =
    ago === 70 ? [rate(customer(1), 'Recommendation bonus', 5, days.ago(60, 12), 'appliedBillingCredit')] : [];
  return [
    {
      at: date,
      tell: ({ customerBill }, past) =>
        customerBill.rates.createMany(past.write(), [...fees, ...instalments, ...premium, ...bonus]),
    },
  ];
}

/** The period that ended so many days ago: billed on its last day, sent the day after, paid when it is due. */
function period(
  days: Days,
  database: Database,
  end: number,
  specification: () => { id: string; name: string },
): Step[] {
  const isLast = end === periodEnds.at(-1);
  let runId = '';
  const billsOf = async (accounts: readonly Account[]): Promise<{ id: string; due: Decimal }[]> => {
    const bills = await database.client.customerBill.findMany({
      where: { tenantId: anonymous.tenantId, billRunId: runId },
    });
    return accounts.flatMap(({ id }) => {
      const bill = bills.find(({ billingAccount }) => (billingAccount as { id: string }).id === id);
      return bill ? [{ id: bill.id, due: new Decimal(Number(bill.amountDueValue)) }] : [];
    });
  };
  const accounts = billed.map(({ account }) => account).filter(({ id }) => !isLast || id !== customer(held).account.id);
  const stateOf = ({ id }: Account): string =>
    isLast ? (lastStates[id] ?? 'sent') : end === 40 && id === inArrears ? 'partiallyPaid' : 'settled';
  const reaching = (states: readonly string[]): Account[] =>
    accounts.filter((account) => states.includes(stateOf(account)));
  const lead =
    (state: string, those: readonly Account[]): Step['tell'] =>
    async ({ customerBill: { bills } }, past) => {
      for (const { id } of await billsOf(those)) await bills.update(past.write(), { id, input: { state } });
    };
  return [
    {
      at: days.ago(end - 1, 2),
      tell: async ({ customerBill: { cycles, runs } }, past) => {
        const validFor = { startDateTime: days.ago(end + periodDays, 0), endDateTime: days.ago(end, 0) };
        const name = `Monthly until ${validFor.endDateTime.toISOString().slice(0, 10)}`;
        const { answer: cycle } = await cycles.create(past.write(), {
          name,
          billCycleSpecification: specification(),
          validFor,
        });
        const { answer: run } = await runs.create(past.write(), { billCycle: { id: cycle.id } });
        runId = run.id;
        await runs.work({ tenantId: anonymous.tenantId, runId }, new AbortController().signal);
      },
    },
    { at: days.ago(end - 1, 9), tell: lead('validated', reaching(['validated', 'sent', 'partiallyPaid', 'settled'])) },
    { at: days.ago(end - 2, 9), tell: lead('sent', reaching(['sent', 'partiallyPaid', 'settled'])) },
    {
      at: days.ago(end - 8, 14),
      tell: async ({ customerBill: { bills } }, past) => {
        const pay = async (those: readonly Account[], part: number): Promise<void> => {
          for (const { id, due } of await billsOf(those))
            await bills.addAppliedPayment(
              past.write(),
              { id },
              { payment: { id: `transfer-${id}` }, appliedAmount: euro(due.times(part).toDecimalPlaces(2)) },
            );
        };
        await pay(reaching(['settled']), 1);
        await pay(reaching(['partiallyPaid']), 0.5);
      },
    },
  ];
}

/** A bill that a client made, which is new; and requests for bills, each with what came of it. */
function outOfTurn(days: Days): Step[] {
  const onDemand = (
    at: Date,
    request: { billingAccount: Account; bucket?: { id: string } },
    isWithdrawn = false,
  ): Step => ({
    at,
    tell: async ({ customerBill: { onDemands, billOnDemand } }: Domains, past: Past) => {
      const { answer } = await onDemands.create(past.write(), {
        ...request,
        ...preservedAttributes({ name: 'Bill on demand' }),
      });
      if (isWithdrawn) await onDemands.update(past.write(), { id: answer.id, input: { state: 'terminatedWithError' } });
      else await billOnDemand({ tenantId: anonymous.tenantId, id: answer.id });
    },
  });
  return [
    onDemand(days.ago(31, 16), { billingAccount: customer(2).account, bucket: { id: 'money-2' } }),
    onDemand(days.ago(5, 10), { billingAccount: customer(10).account }),
    onDemand(days.ago(5, 11), { billingAccount: customer(3).account }),
    onDemand(days.ago(5, 12), { billingAccount: customer(12).account }, true),
    {
      at: days.ago(3, 10),
      tell: async ({ customerBill: { bills, rates } }, past) => {
        const { amounts, tax } = charged(new Decimal(10));
        const billingAccount = customer(1).account;
        const described = preservedAttributes({ ...amounts, taxItem: [tax], category: 'normal', runType: 'offCycle' });
        const { answer: bill } = await bills.create(past.write(), { ...described, billingAccount });
        await rates.create(past.write(), {
          ...preservedAttributes({ name: 'SIM card', ...amounts, appliedTax: [tax] }),
          isBilled: true,
          bill: { id: bill.id },
        });
      },
    },
  ];
}

function rate(
  { account, ...one }: Customer,
  name: string,
  value: number,
  date: Date,
  appliedBillingRateType = 'appliedBillingCharge',
): object {
  const product =
    name === one.product.name ? productOf({ account, ...one }) : { id: name.toLowerCase().replaceAll(' ', '-'), name };
  return {
    billingAccount: account,
    name,
    product,
    date,
    appliedBillingRateType,
    taxExcludedAmount: euro(value),
    appliedTax: [{ taxCategory: 'VAT', taxRate: new Decimal(taxRate) }],
  };
}
