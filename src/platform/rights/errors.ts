import { declareErrors } from '../errors.js';

/** Refusals of who may do what. */
export const rightsErrors = declareErrors('rights', {
  FORBIDDEN: {
    kind: 'forbidden',
    reason: 'Right missing',
    description:
      'The roles of the caller do not grant this: the message names the right that is missing, the attribute that is hidden, or the bound that the amount exceeds.',
  },
});

declare module '../errors.js' {
  interface ErrorRegistry {
    rights: typeof rightsErrors;
  }
}
