import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Resolver, Root } from 'type-graphql';
import type { Change } from '../../src/domain/changes.js';
import { documentFormats, formatOf } from '../../src/domain/customer-bill/index.js';
import { Attribute, Resource } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { pageArgumentsOf, pageOf } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import { resourceResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { AttachmentRefOrValue } from '../shared/attachment.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { PaymentMethodRef, RelatedParty } from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';
import { byWrite, WrittenBy, type Write } from '../write.js';
import { AppliedCustomerBillingRate } from './applied-customer-billing-rate.js';
import { AppliedPayment, TaxItem } from './bill-parts.js';
import { BillCycleRef, BillingAccountRef, CustomerBillRef, FinancialAccountRef } from './references.js';
import { CustomerBillRunType, CustomerBillStateType } from './enums.js';

@Resource({
  table: 'CustomerBill',
  indexes: {
    orders: ['state', 'billRunId', 'lastUpdate', '-billDate'],
    values: ['billNo'],
    searches: ['id', 'billNo'],
    references: ['billCycle', 'billingAccount', 'financialAccount', 'relatedParty'],
  },
  description:
    'TMF678 CustomerBill: what an account owes for a period, and what was paid of it. Once it has left new its figures stand.',
})
export class CustomerBill extends ExtensibleResource {
  @Attribute(() => CustomerBillStateType, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'new (when not given), validated, sent, partiallyPaid, settled, in this order, or onHold; it may begin as new or onHold. Any may be put onHold, and goes back to where it came from, or to validated when nothing was paid yet. Payments lead from sent to partiallyPaid and settled, and their reversals back; while nothing is paid, sent may become either by hand.',
  })
  state: string;

  @Attribute(() => CustomerBillStateType, { description: 'Our extension: while it is onHold, the state it came from.' })
  stateBeforeHold?: string;

  @Attribute(() => String, { description: 'Our extension: why it was put on hold when it was made.' })
  holdReason?: string;

  @Attribute(() => String, { description: 'Our extension: the run that made it.' })
  billRunId?: string;

  @Attribute(() => Boolean, {
    description:
      'Our extension: true when it was made of what was unbilled (a run, a request, a statement). Its figures are the sums of its lines, and it takes no more of them.',
  })
  isCalculated?: boolean;

  @Attribute(() => String, {
    description:
      'Number of the bill for the customer, e.g. INV-2026-000042: given when it leaves new (to be put onHold is not to leave it), without gaps in each series and year. Credit notes have the series CN.',
  })
  billNo?: string;

  @Attribute(() => DateTime, { create: 'optional', description: 'Date of the bill as the customer sees it.' })
  billDate?: Date;

  @Attribute(() => String, {
    create: 'optional',
    description: 'Kind of the bill, e.g. normal, duplicate, interim, last, trial customer, credit note.',
  })
  category?: string;

  @Attribute(() => CustomerBillRunType, {
    create: 'optional',
    description: 'onCycle (made by the run of a cycle) or offCycle (made for another reason, such as a request).',
  })
  runType?: string;

  @Attribute(() => DateTime, {
    required: true,
    update: true,
    description: 'When it was last changed; set by the server unless an update says it.',
  })
  lastUpdate: Date;

  @Attribute(() => DateTime, { create: 'optional', description: 'About when the next bill will be made.' })
  nextBillDate?: Date;

  @Attribute(() => DateTime, { create: 'optional', description: 'When the amount due is to be paid.' })
  paymentDueDate?: Date;

  @Attribute(() => TimePeriod, { create: 'optional', description: 'The period that is billed.' })
  billingPeriod?: TimePeriod;

  @Attribute(() => Money, { create: 'optional', description: 'The amount without tax.' })
  taxExcludedAmount?: Money;

  @Attribute(() => Money, {
    create: 'optional',
    description: 'The amount with tax: where taxExcludedAmount and taxItem are given, exactly these together.',
  })
  taxIncludedAmount?: Money;

  @Attribute(() => [TaxItem], { create: 'optional', description: 'The taxes, one for each kind and rate.' })
  taxItem?: TaxItem[];

  @Attribute(() => Money, { create: 'optional', description: 'What is to be paid; taxIncludedAmount when not given.' })
  amountDue?: Money;

  @Attribute(() => Money, {
    description: 'What is still to be paid: amountDue less the payments, zero for a settled bill; set by the server.',
  })
  remainingAmount?: Money;

  @Attribute(() => [AppliedPayment], {
    required: true,
    update: true,
    description:
      'The payments, at first none. An update may carry further ones at the end (see addAppliedPayment), and reversals of those there are, with a negative appliedAmount (see reverseAppliedPayment); those there are neither changed nor removed.',
  })
  appliedPayment: AppliedPayment[];

  @Attribute(() => BillCycleRef, { create: 'optional', update: true, description: 'The billing cycle it belongs to.' })
  billCycle?: BillCycleRef;

  @Attribute(() => [AttachmentRefOrValue], {
    required: true,
    create: 'optional',
    description:
      'The documents of the bill; each has an id. When none is given: the bill as PDF, as JSON with its lines, and its lines as CSV, made when somebody asks for their url.',
  })
  billDocument: AttachmentRefOrValue[];

  @Attribute(() => BillingAccountRef, {
    create: 'optional',
    description: 'The account it is made out to; this or financialAccount is needed.',
  })
  billingAccount?: BillingAccountRef;

  @Attribute(() => FinancialAccountRef, {
    create: 'optional',
    description: 'The account that owes; this or billingAccount is needed.',
  })
  financialAccount?: FinancialAccountRef;

  @Attribute(() => PaymentMethodRef, { create: 'optional', description: 'How it is to be paid.' })
  paymentMethod?: PaymentMethodRef;

  @Attribute(() => [RelatedParty], { create: 'optional', description: 'Parties that have to do with it.' })
  relatedParty?: RelatedParty[];
}

type PaymentArguments = Omit<Change, 'input'> & { readonly input: AppliedPayment };

const addPayment: Write<PaymentArguments> = (context, { id, input, ifRevision, idempotencyKey }) =>
  relayAnswer(
    context,
    context.customerBill.bills.addAppliedPayment(writeContext(context, idempotencyKey), { id, ifRevision }, input),
  );

const reversePayment: Write<PaymentArguments> = (context, { id, input, ifRevision, idempotencyKey }) =>
  relayAnswer(
    context,
    context.customerBill.bills.reverseAppliedPayment(writeContext(context, idempotencyKey), { id, ifRevision }, input),
  );

@Resolver(() => CustomerBill)
class AppliedPayments {
  @WrittenBy(addPayment)
  @Mutation(() => CustomerBill, {
    nullable: true,
    description:
      'Adds a payment to a bill that was sent: it becomes partiallyPaid, or settled when nothing remains. An equal payment of the same id is there already and answered as it is; another amount under its id, or one that was reversed whole, is a CONFLICT. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CURRENCY_MISMATCH, CONFLICT, OVERPAYMENT, REVISION_MISMATCH.',
  })
  addAppliedPayment(
    @Arg('id', () => ID, { description: 'The id of the CustomerBill.' }) _id: string,
    @Arg('input', () => AppliedPayment, { description: 'The payment and how much of it pays this bill.' })
    _input: AppliedPayment,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) _ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
  ): object {
    return byWrite();
  }

  @WrittenBy(reversePayment)
  @Mutation(() => CustomerBill, {
    nullable: true,
    description:
      'Takes back a payment of a bill, or a part of it, e.g. a direct debit that was returned: the bill becomes partiallyPaid again, or sent when nothing stays paid. input names the payment by its id and says how much is taken back; it is kept as a negative payment. A reversal of the same reversalId is answered as it is when it is equal, else a CONFLICT, as is one of more than is left of the payment. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CURRENCY_MISMATCH, CONFLICT, REVISION_MISMATCH.',
  })
  reverseAppliedPayment(
    @Arg('id', () => ID, { description: 'The id of the CustomerBill.' }) _id: string,
    @Arg('input', () => AppliedPayment, {
      description: 'The payment by its id, and how much of it is taken back.',
    })
    _input: AppliedPayment,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) _ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
  ): object {
    return byWrite();
  }
}

const ratePage = pageOf(AppliedCustomerBillingRate);
const rateArguments = pageArgumentsOf(AppliedCustomerBillingRate);

@Resolver(() => CustomerBill)
class CustomerBillEdges {
  @Read({ kind: 'page', target: AppliedCustomerBillingRate, edge: { parent: 'billId' } })
  @FieldResolver(() => ratePage, { description: 'The lines of the bill: the billing rates that refer to it.' })
  appliedCustomerBillingRates(@Args(() => rateArguments) _request: object): object {
    return byPlan();
  }
}

@Resolver(() => CustomerBill)
class BillDocuments {
  /** Those made of the bill have an address below its own, which depends on how the client reaches us. */
  @Read({ kind: 'parts', target: CustomerBill, attribute: 'url', parts: documentFormats })
  @FieldResolver(() => [AttachmentRefOrValue])
  billDocument(@Root() { id, billDocument }: CustomerBill, @Ctx() context: Context): AttachmentRefOrValue[] {
    return billDocument.map((document) => {
      const format = formatOf(id, document.id);
      return format
        ? Object.assign({}, document, { url: `${context.href(CustomerBill.name, id)}/document.${format}` })
        : document;
    });
  }
}

export const customerBill: ResourceModule = {
  resolvers: [
    AppliedPayments,
    BillDocuments,
    CustomerBillEdges,
    ...resourceResolvers(CustomerBill, {
      create: {
        description: 'Makes a bill of figures that add up. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE.',
        call: ({ customerBill: domain }, write, input) => domain.bills.create(write, input),
      },
      createMany: {
        description: 'Makes several bills in one transaction.',
        call: ({ customerBill: domain }, write, inputs) => domain.bills.createMany(write, inputs),
      },
      update: {
        description:
          'Leads a bill to another state, names its cycle, adds payments or says when it was last updated; nothing else changes. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CURRENCY_MISMATCH, CONFLICT, OVERPAYMENT, REVISION_MISMATCH.',
        call: ({ customerBill: domain }, write, change) => domain.bills.update(write, change),
      },
      delete: {
        description: 'Deletes a bill that is new; its rates wait again to be billed. Errors: NOT_FOUND, CONFLICT.',
        call: ({ customerBill: domain }, write, id, ifRevision) => domain.bills.delete(write, id, ifRevision),
      },
    }),
  ],
  joins: [{ reference: CustomerBillRef, target: CustomerBill }],
};
