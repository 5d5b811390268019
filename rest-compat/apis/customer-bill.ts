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
    hub: 'Hub',
  },
  fixed: { Hub: { api: 'TMF678' } },
  // What is needed is one of two attributes.
  examples: {
    Hub: { callback: 'http://localhost:9000/listener', query: 'eventType=CustomerBillCreateEvent' },
    CustomerBill: { billingAccount: { id: 'account-1' }, amountDue: { value: 42.5, unit: 'EUR' } },
    CustomerBillOnDemand: { billingAccount: { id: 'account-1' } },
    AppliedCustomerBillingRate: {
      name: 'Monthly fee',
      billingAccount: { id: 'account-1' },
      taxExcludedAmount: { value: 42.5, unit: 'EUR' },
    },
  },
  // The samples, and the edition of December 2019 (docs/standard/customer-bill.md).
  errorCodes: { BILL_UNKNOWN: '105', CURRENCY_MISMATCH: '106', OVERPAYMENT: '119' } satisfies Record<
    keyof ErrorRegistry['customerBill'],
    string
  >,
  demo: {
    ids: {
      CustomerBill: '01DEM0SEED0001380000000020',
      CustomerBillOnDemand: '01DEM0SEED0003380000000001',
      AppliedCustomerBillingRate: '01DEM0SEED0003880000000002',
      BillCycle: '01DEM0SEED0001370000000001',
      BillCycleSpecification: '01DEM0SEED0000010000000001',
      BillRun: '01DEM0SEED0003960000000001',
    },
    deletable: {
      CustomerBill: '01DEM0SEED0004620000000001',
      CustomerBillOnDemand: '01DEM0SEED0004440000000001',
      AppliedCustomerBillingRate: '01DEM0SEED0003880000000004',
      BillCycle: '01DEM0SEED0003950000000001',
      BillCycleSpecification: '01DEM0SEED0000010000000002',
    },
  },
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
