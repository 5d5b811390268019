import { toJsonObject, withoutNulls, type JsonObject } from '../../platform/json-object.js';
import { requireAttachments, type AttachmentInput } from '../attachments.js';
import { invalid, isGiven, missing, requireName, requireValidity, type Validity } from '../input.js';
import { requireMoney, type Money } from '../money.js';
import { requirePayments, type PaymentInput } from './payments.js';
import { requireSums, requireTaxes, type TaxInput } from './tax.js';
import { billTransitions, firstBillStates } from './transitions.js';

const runTypes: readonly string[] = ['onCycle', 'offCycle'];

export interface Reference {
  id: string;
}

/** What the domain looks at; everything else is kept as it comes. */
export interface BillInput {
  state?: string | null;
  category?: string | null;
  runType?: string | null;
  lastUpdate?: Date | null;
  billingPeriod?: Validity | null;
  taxExcludedAmount?: Money | null;
  taxIncludedAmount?: Money | null;
  amountDue?: Money | null;
  taxItem?: TaxInput[] | null;
  billDocument?: AttachmentInput[] | null;
  billingAccount?: Reference | null;
  financialAccount?: Reference | null;
  billCycle?: Reference | null;
  appliedPayment?: PaymentInput[] | null;
}

export function fromBillInput(input: BillInput): JsonObject {
  if (!isGiven(input.billingAccount) && !isGiven(input.financialAccount)) {
    throw missing('billingAccount', 'a bill is that of a billingAccount or of a financialAccount');
  }
  checkBill(input);
  const state = input.state ?? 'new';
  if (!firstBillStates.includes(state))
    throw invalid('state', `must at first be ${firstBillStates.join(' or ')}: '${state}'`);
  const given = withoutNulls({ ...toJsonObject(input), state });
  requireSums(given, 'taxItem', ['amountDue']);
  return given;
}

/** The changes of a PATCH: null removes. */
export function fromBillChange(input: BillInput): JsonObject {
  for (const name of ['state', 'lastUpdate'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkBill(input);
  return toJsonObject(input);
}

function checkBill(input: BillInput): void {
  const {
    state,
    category,
    runType,
    billingPeriod,
    taxItem,
    billDocument,
    billingAccount,
    financialAccount,
    billCycle,
    appliedPayment,
  } = input;
  if (isGiven(state) && !Object.hasOwn(billTransitions, state)) {
    throw invalid('state', `must be one of ${Object.keys(billTransitions).join(', ')}: '${state}'`);
  }
  if (isGiven(runType) && !runTypes.includes(runType))
    throw invalid('runType', `must be ${runTypes.join(' or ')}: '${runType}'`);
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
