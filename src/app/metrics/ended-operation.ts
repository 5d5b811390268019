import { Kind, type ExecutionResult, type GraphQLError, type OperationDefinitionNode } from 'graphql';
import { DomainError } from '../../platform/errors.js';

/**
 * The right that an operation is counted by: of the field at its root; `several` where it has fields of several rights. Clients
 * name operations as they like, so their names would be too many.
 */
export function countedAs(
  { operation, selectionSet }: OperationDefinitionNode,
  ofField: ReadonlyMap<string, string>,
): string {
  const root = operation.charAt(0).toUpperCase() + operation.slice(1);
  const rights = new Set(
    selectionSet.selections.map((selection) =>
      selection.kind === Kind.FIELD ? (ofField.get(`${root}.${selection.name.value}`) ?? 'other') : 'several',
    ),
  );
  const [right = 'other'] = rights;
  return rights.size > 1 ? 'several' : right;
}

const unforeseen = 'INTERNAL_SERVER_ERROR';

/** `ok`, or the code of the first error. */
export function outcomeOf(errors: ExecutionResult['errors']): string {
  return errors === undefined || errors[0] === undefined ? 'ok' : codeOf(errors[0]);
}

/** The code of what was thrown: of a refusal its own, of anything else INTERNAL_SERVER_ERROR. Reading an error may throw. */
export function codeOf(error: unknown): string {
  try {
    const { originalError, extensions } = error as Partial<GraphQLError>;
    const original = originalError ?? error;
    if (original instanceof DomainError) return original.code;
    const code: unknown = extensions?.['code'];
    return typeof code === 'string' ? code : unforeseen;
  } catch {
    return unforeseen;
  }
}

/** Seconds since a moment of performance.now(). */
export function secondsSince(begun: number): number {
  return (performance.now() - begun) / 1_000;
}
