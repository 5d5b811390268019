import { requireAttachments, type AttachmentInput } from '../attachments.js';
import type { RowChanges } from '../changes.js';
import {
  invalid,
  isGiven,
  missing,
  requireName,
  requireValidity,
  toChanges,
  toGiven,
  type ReferenceInput,
  type Validity,
} from '../input.js';
import { requireMoney, type MoneyInput } from '../money.js';
import type { BillRow } from './model.js';
import { requirePayments, type PaymentInput } from './payments.js';
import { requireSums, requireTaxes, type TaxInput } from './tax.js';
import { firstBillStates } from './transitions.js';

/** The attributes that the rules read; all others are stored as they arrive. */
export interface BillInput {
  state?: string | null;
  category?: string | null;
  runType?: string | null;
  lastUpdate?: Date | null;
  billingPeriod?: Validity | null;
  taxExcludedAmount?: MoneyInput | null;
  taxIncludedAmount?: MoneyInput | null;
  amountDue?: MoneyInput | null;
  taxItem?: TaxInput[] | null;
  billDocument?: AttachmentInput[] | null;
  billingAccount?: ReferenceInput | null;
  financialAccount?: ReferenceInput | null;
  billCycle?: ReferenceInput | null;
  appliedPayment?: PaymentInput[] | null;
}

/** A new bill as it is given. Throws what is wrong with it. */
export function fromBillInput(input: BillInput): Partial<BillRow> & Pick<BillRow, 'state'> {
  if (!isGiven(input.billingAccount) && !isGiven(input.financialAccount)) {
    throw missing('billingAccount', 'a bill is that of a billingAccount or of a financialAccount');
  }
  checkBill(input);
  const state = input.state ?? 'new';
  if (!firstBillStates.includes(state))
    throw invalid('state', `must at first be ${firstBillStates.join(' or ')}: '${state}'`);
  const given = { ...toGiven<BillRow>(input), state };
  requireSums(given, { name: 'taxItem', taxes: given.taxItem }, { amountDue: given.amountDue });
  return given;
}

/** The changes of a PATCH: null removes. */
export function fromBillChange(input: BillInput): RowChanges<BillRow> {
  for (const name of ['state', 'lastUpdate'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkBill(input);
  return toChanges(input);
}

function checkBill(input: BillInput): void {
  const {
    category,
    billingPeriod,
    taxItem,
    billDocument,
    billingAccount,
    financialAccount,
    billCycle,
    appliedPayment,
  } = input;
  if (isGiven(category)) requireName('category', category);
  for (const [name, reference] of Object.entries({ billingAccount, financialAccount, billCycle })) {
    if (isGiven(reference)) requireName(`${name}.id`, reference.id);
  }
  requireValidity(billingPeriod, 'billingPeriod');
  const { taxExcludedAmount, taxIncludedAmount, amountDue } = input;
  for (const [name, money] of Object.entries({ taxExcludedAmount, taxIncludedAmount, amountDue })) {
    if (isGiven(money)) requireMoney(name, money);
  }
  requireTaxes('taxItem', taxItem);
  requireAttachments('billDocument', billDocument);
  for (const [index, { id }] of (billDocument ?? []).entries()) {
    if (isGiven(id)) requireName(`billDocument.${index}.id`, id);
  }
  requirePayments('appliedPayment', appliedPayment);
}
