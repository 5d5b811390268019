import { declareErrors } from '../../platform/errors.js';

/** Refusals of payments and of rates that name their bill. */
export const customerBillErrors = declareErrors('customer bill', {
  BILL_UNKNOWN: {
    kind: 'unprocessable',
    reason: 'Bill unknown',
    description: 'The bill that is named does not exist.',
  },
  CURRENCY_MISMATCH: {
    kind: 'unprocessable',
    reason: 'Currency mismatch',
    description: 'The payment is in another currency than the bill.',
  },
  OVERPAYMENT: {
    kind: 'conflict',
    reason: 'Overpayment',
    description: 'More would be paid than the bill still asks for.',
  },
});

declare module '../../platform/errors.js' {
  interface ErrorRegistry {
    customerBill: typeof customerBillErrors;
  }
}
