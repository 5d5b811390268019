import { declareErrors } from '../src/platform/errors.js';

/** Refusals of operations, raised before anything is read. */
export const graphqlErrors = declareErrors('graphql', {
  INVALID_FILTER: {
    kind: 'invalid',
    reason: 'Invalid filter',
    description: 'A part of a filter is null or has no condition: say what must hold, or leave it out.',
  },
  OPERATION_TOO_COSTLY: {
    kind: 'invalid',
    reason: 'Operation too costly',
    description: 'The operation costs more points than OPERATION_COST_MAX: ask for fewer rows, fields or conditions.',
  },
});

declare module '../src/platform/errors.js' {
  interface ErrorRegistry {
    graphql: typeof graphqlErrors;
  }
}
