import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { toJsonObject, type JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import type { Change, WriteContext } from '../changes.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import { fromBillChange, fromBillInput, type BillInput } from './bill-input.js';
import { takeBillNumbers } from './bill-numbers.js';
import { move, needsNumber } from './bill-states.js';
import { withDocuments } from './documents.js';
import { pay } from './pay.js';
import {
  addedPayments,
  paymentsOf,
  remainingOf,
  requirePayment,
  requireReversal,
  type PaymentInput,
} from './payments.js';
import { releaseRates } from './release-rates.js';
import type { CustomerBillDependencies } from './dependencies.js';

/** TMF678 customer bills: led through their states, numbered when they leave new, and paid. */
export class CustomerBills extends ResourceWriter<BillInput> {
  constructor(database: Database, dependencies: CustomerBillDependencies) {
    super(database, dependencies, {
      resource: 'customerBill',
      mapping: dependencies.mappings.customerBill,
      state: 'state',
      followsState: ['stateBeforeHold', 'holdReason', 'billNo', 'remainingAmount'],
      stamps: ['lastUpdate'],
      fromInput: fromBillInput,
      fromChange: fromBillChange,
      complete: (given) => Promise.resolve(newBill(given)),
      derive: (before, changes, writing) => derive(before, changes, writing, dependencies.timeZone),
      // All payments that were to be added are there: an equal request was here before.
      isRepeated: (before, { appliedPayment }) =>
        Array.isArray(appliedPayment) && appliedPayment.length > paymentsOf(before).length,
      release: (bill, writing) => {
        requireNew(bill);
        return releaseRates(bill, writing, dependencies);
      },
    });
  }

  /** Adds a payment at the end of appliedPayment; the state follows what remains. */
  addAppliedPayment(
    context: WriteContext,
    { id, ifRevision }: Pick<Change, 'id' | 'ifRevision'>,
    input: PaymentInput,
  ): Promise<Answer> {
    requirePayment('appliedPayment', input);
    return this.apply(context, 'addAppliedPayment', { id, ifRevision }, toJsonObject(input));
  }

  /** Takes back a payment, or a part of it, that did not stay: what remains and the state follow. */
  reverseAppliedPayment(
    context: WriteContext,
    which: Pick<Change, 'id' | 'ifRevision'>,
    input: PaymentInput,
  ): Promise<Answer> {
    requireReversal('appliedPayment', input);
    const { value, unit } = input.appliedAmount;
    return this.apply(context, 'reverseAppliedPayment', which, {
      ...toJsonObject(input),
      appliedAmount: { value: value.abs().negated().toNumber(), unit },
    });
  }

  private apply(
    context: WriteContext,
    operation: string,
    which: Pick<Change, 'id' | 'ifRevision'>,
    payment: JsonObject,
  ): Promise<Answer> {
    return this.change(context, operation, which, { payment }, (before) => ({
      appliedPayment: [...paymentsOf(before), payment],
    }));
  }
}

function newBill(given: JsonObject): JsonObject {
  const amountDue = given['amountDue'] ?? given['taxIncludedAmount'] ?? null;
  const held: JsonObject = given['state'] === 'onHold' ? { stateBeforeHold: 'new' } : {};
  const bill: JsonObject = withDocuments({ ...given, ...held, amountDue, appliedPayment: [] });
  return { ...bill, remainingAmount: remainingOf(bill) ?? null };
}

/** State first, then payments: a bill may be sent and paid at once. */
async function derive(before: JsonObject, changes: JsonObject, writing: Writing, zone: string): Promise<JsonObject> {
  const { state, appliedPayment, ...others } = changes;
  const moved = typeof state === 'string' ? move(before, state) : {};
  const sent = { ...before, ...moved };
  const paid = appliedPayment === undefined ? {} : pay(sent, addedPayments(before, appliedPayment));
  const after: JsonObject = { ...others, ...moved, ...paid };
  if (!needsNumber({ ...before, ...after })) return after;
  const [billNo] = await takeBillNumbers(writing, before['category'], 1, zone);
  return { ...after, billNo: billNo as string };
}

function requireNew({ id, state }: JsonObject): void {
  if (state !== 'new')
    throw new DomainError(
      'CONFLICT',
      `customerBill '${String(id)}' is ${String(state)}: only a bill that is new can be deleted`,
      { path: 'state' },
    );
}
