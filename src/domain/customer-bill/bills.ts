import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { toJsonForm } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { withChanges, type Change, type RowChanges, type WriteContext } from '../changes.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import { fromBillChange, fromBillInput, type BillInput } from './bill-input.js';
import { takeBillNumbers } from './bill-numbers.js';
import { move, needsNumber } from './bill-states.js';
import { documentsOf } from './documents.js';
import type { AppliedPayment, BillRow, CustomerBillDependencies } from './model.js';
import { pay } from './pay.js';
import { addedPayments, remainingOf, requirePayment, requireReversal, type PaymentInput } from './payments.js';
import { releaseRates } from './rates.js';

/** TMF678 customer bills: led through their states, numbered when they leave new, and paid. */
export class CustomerBills extends ResourceWriter<
  'customerBill',
  BillRow,
  BillInput,
  ReturnType<typeof fromBillInput>
> {
  constructor(database: Database, dependencies: CustomerBillDependencies) {
    super(database, dependencies, {
      resource: 'customerBill',
      mapping: dependencies.mappings.customerBill,
      state: 'state',
      followsState: ['stateBeforeHold', 'holdReason', 'billNo', 'remainingAmount'],
      fromInput: fromBillInput,
      fromChange: fromBillChange,
      complete: (given) => newBill(given, dependencies),
      derive: (before, changes, writing) => derive(before, changes, writing, dependencies),
      // All payments that were to be added are there: an equal request was here before.
      isRepeated: (before, { appliedPayment }) => (appliedPayment ?? []).length > before.appliedPayment.length,
      release: (bill, writing) => {
        requireNew(bill);
        return releaseRates(bill.id, writing, dependencies);
      },
    });
  }

  /** Adds a payment at the end of appliedPayment; the state follows what remains. Throws CONFLICT, CURRENCY_MISMATCH and OVERPAYMENT. */
  addAppliedPayment(
    context: WriteContext,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    input: PaymentInput,
  ): Promise<Answer<BillRow>> {
    requirePayment('appliedPayment', input);
    return this.apply(context, 'addAppliedPayment', { id, ifRevision }, toJsonForm(input));
  }

  /** Takes back a payment, or a part of it, that did not stay: what remains and the state follow. */
  reverseAppliedPayment(
    context: WriteContext,
    which: Pick<Change, 'id' | 'ifRevision'>,
    input: PaymentInput,
  ): Promise<Answer<BillRow>> {
    requireReversal('appliedPayment', input);
    const { value, unit } = input.appliedAmount;
    const appliedAmount = { value: value.abs().negated().toNumber(), unit };
    return this.apply(context, 'reverseAppliedPayment', which, { ...toJsonForm(input), appliedAmount });
  }

  private apply(
    context: WriteContext,
    operation: string,
    which: Pick<Change, 'id' | 'ifRevision'>,
    payment: AppliedPayment,
  ): Promise<Answer<BillRow>> {
    return this.change(context, operation, which, { payment }, (before) => ({
      appliedPayment: [...before.appliedPayment, payment],
    }));
  }
}

function newBill(
  given: Omit<BillRow, 'appliedPayment' | 'billDocument'> & Partial<BillRow>,
  dependencies: CustomerBillDependencies,
): BillRow {
  const amountDue = given.amountDue ?? given.taxIncludedAmount ?? null;
  const held = given.state === 'onHold' ? { stateBeforeHold: 'new' } : {};
  const bill = { ...given, ...held, amountDue, appliedPayment: [], billDocument: documentsOf(given, dependencies) };
  return { ...bill, remainingAmount: remainingOf(bill) ?? null };
}

/** State first, then payments: a bill may be sent and paid at once. */
async function derive(
  before: BillRow,
  changes: RowChanges<BillRow>,
  writing: Writing,
  dependencies: CustomerBillDependencies,
): Promise<RowChanges<BillRow>> {
  const { state, appliedPayment, ...others } = changes;
  const moved = typeof state === 'string' ? move(before, state) : {};
  const sent = withChanges(before, moved);
  const paid = appliedPayment === undefined ? {} : pay(sent, addedPayments(before, appliedPayment));
  const after = { ...others, ...moved, ...paid };
  if (!needsNumber({ ...before, ...after })) return after;
  const [billNo] = await takeBillNumbers(writing, before.category, 1, dependencies);
  return { ...after, billNo };
}

function requireNew({ id, state }: BillRow): void {
  if (state !== 'new')
    throw new DomainError('CONFLICT', `customerBill '${id}' is ${state}: only a bill that is new can be deleted`, {
      path: 'state',
    });
}
