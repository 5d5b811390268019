import {
  createSourceEventStream,
  execute,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { ToldEvent } from '../../graphql/events/event-feed.js';
import type { DomainError } from '../platform/errors.js';
import { recordOperation } from './audit/audited-operations.js';
import type { Operation } from './execute.js';

/** What a subscription answers: a result for each event, or why there will be none. */
export type Subscribed = AsyncGenerator<ToldResult, undefined, undefined> | ExecutionResult;

/** What one event is told as. */
export interface ToldResult extends ExecutionResult {
  readonly eventId: string;
}

export interface SubscribeDependencies {
  /** Counts what the operation costs, and says why it may not run. */
  costOf(
    operation: Operation,
    definition: OperationDefinitionNode,
  ): { points: number; refusal: DomainError | undefined };
  /** The schema and document to execute when the variables are coerced already. */
  coercing(
    document: DocumentNode,
    definition: OperationDefinitionNode,
  ): { schema: GraphQLSchema; document: DocumentNode };
  refused(refusal: DomainError): GraphQLError;
  /** The result, or its refusal where it is too large. */
  bounded(result: ExecutionResult, definition: OperationDefinitionNode): ExecutionResult;
  readonly variableErrorsMax: number;
}

/** Makes what begins subscriptions: they are costed as a query is before they begin, and again with each event. */
export function createSubscribe(
  schema: GraphQLSchema,
  { costOf, coercing, refused, bounded, variableErrorsMax }: SubscribeDependencies,
): (operation: Operation) => Promise<Subscribed> {
  return async (operation) => {
    const { document, operationName, variables, context } = operation;
    const definition = getOperationAST(document, operationName);
    if (definition?.operation !== 'subscription')
      return { errors: [new GraphQLError('the document has no subscription of this name')] };
    const { points, refusal } = costOf(operation, definition);
    if (refusal) return { errors: [refused(refusal)] };
    const { coerced, errors } = getVariableValues(schema, definition.variableDefinitions ?? [], variables ?? {}, {
      maxErrors: variableErrorsMax,
    });
    if (errors) return { errors };
    const executed = { ...coercing(document, definition), operationName, variableValues: coerced };
    const source = await createSourceEventStream({ ...executed, contextValue: context });
    const failure = 'errors' in source ? source.errors?.[0] : undefined;
    if (context.audit) await recordOperation(schema, { document, definition, variables, context }, failure);
    if (!(Symbol.asyncIterator in source)) return source;
    const tell = async (event: ToldEvent): Promise<ToldResult> => {
      event.context.costs(points);
      const result = await execute({ ...executed, rootValue: event, contextValue: event.context });
      return { ...bounded(result, definition), eventId: event.eventId };
    };
    return mapped(source as AsyncGenerator<ToldEvent, undefined, undefined>, tell);
  };
}

/** A generator function would not be returned from before its next event comes. */
function mapped<From, To>(
  source: AsyncGenerator<From, undefined, undefined>,
  map: (value: From) => Promise<To>,
): AsyncGenerator<To, undefined, undefined> {
  const result = async (next: Promise<IteratorResult<From, undefined>>): Promise<IteratorResult<To, undefined>> => {
    const one = await next;
    return one.done ? one : { done: false, value: await map(one.value) };
  };
  const generator: Omit<AsyncGenerator<To, undefined, undefined>, typeof Symbol.asyncDispose> = {
    next: () => result(source.next()),
    return: () => result(source.return(undefined)),
    throw: (error) => result(source.throw(error)),
    [Symbol.asyncIterator]: () => generator as AsyncGenerator<To, undefined, undefined>,
  };
  return generator as AsyncGenerator<To, undefined, undefined>;
}
