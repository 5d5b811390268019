import type { ErrorRegistry } from '../../src/platform/errors.js';
import type { ApiDescriptor } from './api.js';

export const customerBill: ApiDescriptor = {
  number: 'TMF678',
  title: 'Customer Bill Management',
  version: 'v4',
  basePaths: ['/tmf-api/customerBillManagement/v4', '/customerBillManagement/v4'],
  fieldsAddIdentity: true,
  resources: {
    customerBill: 'CustomerBill',
    customerBillOnDemand: 'CustomerBillOnDemand',
    appliedCustomerBillingRate: 'AppliedCustomerBillingRate',
    billCycle: 'BillCycle',
    billCycleSpecification: 'BillCycleSpecification',
    billRun: 'BillRun',
  },
  // What is needed is one of two attributes.
  examples: {
    CustomerBill: { billingAccount: { id: 'A0815' }, amountDue: { value: 42.5, unit: 'EUR' } },
    CustomerBillOnDemand: { billingAccount: { id: 'A0815' } },
    AppliedCustomerBillingRate: {
      name: 'Monthly fee',
      billingAccount: { id: 'A0815' },
      taxExcludedAmount: { value: 42.5, unit: 'EUR' },
    },
  },
  // The samples, and the edition of December 2019 (docs/standard/customer-bill.md).
  errorCodes: { BILL_UNKNOWN: '105', CURRENCY_MISMATCH: '106', OVERPAYMENT: '119' } satisfies Record<
    keyof ErrorRegistry['customerBill'],
    string
  >,
  aliases: {
    names: {
      CustomerBill: { status: 'state', '@schemalocation': '@schemaLocation' },
      AppliedCustomerBillingRate: { type: 'appliedBillingRateType' },
      BillCycle: { billCycleSpecification: 'BillCycleSpecification', '@schemalocation': '@schemaLocation' },
      BillCycleSpecificationRef: { '@schemalocation': '@schemaLocation' },
      TaxItem: { '@schemalocation': '@schemaLocation' },
      PaymentRef: { '@referredtype': '@referredType' },
      AttachmentRefOrValue: { uri: 'url', validfor: 'validFor', '@referredtype': '@referredType' },
    },
    bare: { AttachmentRefOrValue: { size: { as: 'amount', beside: { units: 'bytes' } } } },
    values: {
      // As the text of the swagger has it beside its own list.
      CustomerBill: { state: { partiallySettled: 'partiallyPaid' } },
      BillCycleSpecification: {
        billingPeriod: {
          weekly: 'week',
          monthly: 'month',
          quarterly: 'quarter',
          yearly: 'year',
          'quarter of year': 'quarter',
        },
      },
    },
  },
};
