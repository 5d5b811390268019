import { declareErrors } from '../../platform/errors.js';

/** Refusals of cancellations. */
export const resourceOrderErrors = declareErrors('resource order', {
  RESOURCE_ORDER_UNKNOWN: {
    kind: 'unprocessable',
    reason: 'Resource order unknown',
    description: 'The order that is to be cancelled does not exist.',
  },
});

declare module '../../platform/errors.js' {
  interface ErrorRegistry {
    resourceOrder: typeof resourceOrderErrors;
  }
}
