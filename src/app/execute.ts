import {
  BREAK,
  execute,
  getNamedType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  GraphQLScalarType,
  GraphQLSchema,
  isEnumType,
  isSpecifiedScalarType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import { bodyTooDeep } from '../../graphql/body-depth.js';
import { contextWith, type Context } from '../../graphql/context.js';
import { Costs, type CostLimits } from '../../graphql/cost/cost.js';
import { answerByPlans, answerOnWire, DataText, type WireAnswer } from '../../graphql/plan/answer.js';
import type { ContextWithOutcomes } from '../../graphql/plan/executor.js';
import type { Plans } from '../../graphql/plan/plans.js';
import type { Operations } from '../../graphql/rights/operations.js';
import type { Presentation } from '../../graphql/plan/presentation.js';
import { DomainError } from '../platform/errors.js';
import { StatementTimes, timed } from '../platform/database/watched-statements.js';
import { beginSpan, inSpan, type Tracing } from '../platform/tracing.js';
import { exceeds } from './answer-size.js';
import { statusOf } from './errors.js';
import { codeOf, countedAs, outcomeOf, secondsSince } from './metrics/ended-operation.js';
import type { EndedOperation } from './metrics/metrics.js';
import { createSubscribe, type Subscribed } from './subscribe.js';
import { recordOperation, recordRead } from './audit/audited-operations.js';

/** How many compiled operations are kept; each takes about 70 KB. */
const compiledMax = 500;
/** How many problems of variables one answer lists. */
const variableErrorsMax = 10;

/** A parsed operation, as a transport hands it over. */
export interface Operation {
  document: DocumentNode;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
  /** The transport has coerced the variables to the schema's types already, so they are not coerced again. */
  areCoerced?: boolean;
  context: Context;
}

/** A read of TMF REST: a query of one field, and how its objects are written. */
export interface WireOperation extends Omit<Operation, 'operationName' | 'areCoerced'> {
  presentation: Presentation;
}

/** Runs GraphQL operations for both transports. Their cost is checked before anything is coerced or read. */
export interface Executor {
  /**
   * Runs an operation and returns its result with `extensions.cost`, in points; the data of a query whose fields are all read
   * by plans is a DataText. Refusals are errors of the result.
   */
  execute(operation: Operation): Promise<ExecutionResult>;
  /** Begins a subscription: a result for each event, or the errors that refuse it. */
  subscribe(operation: Operation): Promise<Subscribed>;
  /** Reads for TMF REST. Throws what refuses it. */
  read(operation: WireOperation): Promise<WireAnswer>;
}

/** Who is told of operations. */
export interface Watching {
  readonly ended: (operation: EndedOperation) => void;
  /** Whether the statements of operations are timed. */
  readonly areStatementsTimed: boolean;
  readonly tracing: Tracing | undefined;
}

/**
 * A query is answered by plans as far as it goes; the executor answers what needs a resolver or has an error. An operation that
 * it sees for the second time is compiled to code (graphql-jit); the first time it is interpreted, so that documents that never
 * come back cost no compilation.
 */
export function createExecutor(
  schema: GraphQLSchema,
  limits: CostLimits & { answerMaxBytes: number },
  plans: Plans,
  { ofField }: Operations,
  { ended, areStatementsTimed, tracing }: Watching,
): Executor {
  const costs = new Costs(schema, limits);
  const coercing = withPassThrough(schema);
  const run = createRun(schema, plans, coercing);
  const costOf = (
    { document, variables, context }: Operation,
    definition: OperationDefinitionNode,
  ): { points: number; refusal: DomainError | undefined } => {
    const { points, refusal } = costs.of(document, definition, variables ?? {});
    context.costs(points);
    return { points, refusal: refusal ?? bodyTooDeep(document, definition, variables ?? {}) };
  };
  const runByKind = async (operation: Operation, definition: OperationDefinitionNode): Promise<ExecutionResult> => {
    if (definition.operation !== 'mutation') return run(operation, definition);
    const { context } = operation;
    // What a mutation reads it has just written, or decides by.
    const result = await run({ ...operation, context: contextWith(context, { replicaAt: undefined }) }, definition);
    await context.wrote();
    return result;
  };
  const begin = (document: DocumentNode, definition: OperationDefinitionNode): WatchedOperation => {
    const begun = performance.now();
    const operation = countedAs(definition, ofField);
    const span = beginSpan(tracing, operation, { attributes: { 'graphql.operation.type': definition.operation } });
    const statements = areStatementsTimed ? new StatementTimes() : undefined;
    return {
      within: (work) => inSpan(span, () => (statements === undefined ? work() : timed(statements, work))),
      end: (outcome, cost) => {
        const { operation: type } = definition;
        ended({ document, operation, type, outcome, seconds: secondsSince(begun), cost, statements });
        span?.note({ 'tmf.operation.outcome': outcome, 'tmf.operation.cost': cost });
        span?.end(outcome === 'ok' ? undefined : outcome);
      },
    };
  };

  return {
    subscribe: createSubscribe(schema, {
      costOf,
      coercing,
      refused: toRefused,
      bounded: (result, definition) => withinBytes(result, definition, limits.answerMaxBytes),
      variableErrorsMax,
    }),
    execute: async (operation) => {
      const { document, operationName, variables, context } = operation;
      const definition = getOperationAST(document, operationName);
      // A document without an operation of that name has no cost; the executor answers with the error.
      if (!definition)
        return execute({ schema, document, operationName, variableValues: variables, contextValue: context });
      const watched = begin(document, definition);
      const { points, refusal } = costOf(operation, definition);
      const result = await watched.within(async () => {
        const answer = refusal
          ? { errors: [toRefused(refusal)] }
          : withinBytes(await runByKind(operation, definition), definition, limits.answerMaxBytes);
        if (context.audit)
          await recordOperation(schema, { document, definition, variables, context }, answer.errors?.[0]);
        return answer;
      });
      watched.end(outcomeOf(result.errors), points);
      return { ...result, extensions: { ...result.extensions, cost: points } };
    },
    read: (operation) => {
      const { document, variables, context, presentation } = operation;
      const definition = getOperationAST(document);
      if (!definition) throw new Error('a read of TMF REST is one operation');
      const watched = begin(document, definition);
      let cost = 0;
      const answer = async (): Promise<WireAnswer> => {
        const { refusal, points } = costOf(operation, definition);
        cost = points;
        if (refusal) throw refusal;
        const planned = plans.of(document, definition, variables ?? {}, context.access, presentation);
        if (!planned) throw new Error('a read of TMF REST is read by a plan');
        return answerOnWire(planned, variables ?? {}, context);
      };
      const answered = watched.within(() =>
        context.audit ? recordRead(schema, { document, definition, variables, context }, answer) : answer(),
      );
      answered.then(
        () => watched.end('ok', cost),
        (error: unknown) => watched.end(codeOf(error), cost),
      );
      return answered;
    },
  };
}

/** An operation that has begun, and how it is said that it has ended. */
interface WatchedOperation {
  /** Runs its work. */
  within<T>(work: () => T): T;
  end(outcome: string, cost: number): void;
}

/** What is read is bounded, but aliases can repeat one value in the answer many times: so the answer is bounded, too. */
function withinBytes(
  result: ExecutionResult,
  { operation }: OperationDefinitionNode,
  bytesMax: number,
): ExecutionResult {
  const { data } = result as { data?: unknown };
  if (!(data instanceof DataText ? data.text.length > bytesMax : exceeds(data, bytesMax))) return result;
  const advice =
    operation === 'mutation'
      ? 'what was asked for is done, read it with fewer attributes'
      : 'ask for fewer rows or attributes';
  return {
    errors: [
      toRefused(
        new DomainError(
          'ANSWER_TOO_LARGE',
          `the answer is larger than the limit ANSWER_BYTES_MAX of ${bytesMax} bytes: ${advice}`,
        ),
      ),
    ],
  };
}

function toRefused(refusal: DomainError): GraphQLError {
  return new GraphQLError(refusal.message, {
    originalError: refusal,
    extensions: { http: { status: statusOf(refusal.code) } },
  });
}

function createRun(
  schema: GraphQLSchema,
  plans: Plans,
  coercing: WithCoercedVariables,
): (operation: Operation, definition: OperationDefinitionNode) => Promise<ExecutionResult> {
  const compile = compiler(schema, coercing);
  const seen = new WeakSet<DocumentNode>();

  return async ({ document, operationName, variables, areCoerced, context }, definition) => {
    let values = variables ?? {};
    if (!areCoerced) {
      // Done here because an executor would list fifty problems and repeat the value in each.
      const { coerced, errors } = getVariableValues(schema, definition.variableDefinitions ?? [], values, {
        maxErrors: variableErrorsMax,
      });
      if (errors) return { errors };
      values = coerced;
    }
    const planned = plans.of(document, definition, values, context.access);
    const answer = planned && (await answerByPlans(planned, values, context));
    if (answer instanceof DataText) return { data: answer as unknown as Record<string, unknown> };
    const query = answer === undefined && seen.has(document) ? compile(document, operationName) : undefined;
    if (query === undefined) {
      seen.add(document);
      const contextValue: ContextWithOutcomes = answer ? contextWith(context, { outcomes: answer }) : context;
      return execute({ ...coercing(document, definition), operationName, variableValues: values, contextValue });
    }
    const result = (await query.query(undefined, context, values)) as ExecutionResult;
    return result.errors ? { ...result, errors: result.errors.map(toGraphQLError) } : result;
  };
}

/** graphql-jit's errors lack extensions, which Apollo reads. */
function toGraphQLError({ message, locations, path, originalError, extensions }: GraphQLError): GraphQLError {
  // Locations are known without the nodes they would be computed from.
  return Object.assign(new GraphQLError(message, { path, originalError, extensions }), { locations });
}

const passThrough = new GraphQLScalarType({ name: 'PassThrough', description: 'A value that is coerced already.' });

type WithCoercedVariables = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
) => { schema: GraphQLSchema; document: DocumentNode };

/**
 * The schema and document to execute when the variables are already coerced: each variable is declared with a scalar that
 * passes its value through. A document without variables is returned as it is.
 */
function withPassThrough(schema: GraphQLSchema): WithCoercedVariables {
  const config = schema.toConfig();
  const extended = new GraphQLSchema({ ...config, types: [...config.types, passThrough], assumeValid: true });
  const type = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: passThrough.name } } as const;

  return (document, operation) => {
    if (!operation.variableDefinitions?.length) return { schema, document };
    const variableDefinitions = operation.variableDefinitions.map(({ kind, variable }) => ({ kind, variable, type }));
    const definitions = document.definitions.map((definition) =>
      definition === operation ? { ...operation, variableDefinitions } : definition,
    );
    return { schema: extended, document: { ...document, definitions } };
  };
}

/**
 * graphql-jit generates code for the coercion of an input type wherever it occurs, which never ends for filters, as they nest
 * in themselves. So operations are compiled with variables that pass through.
 */
function compiler(
  schema: GraphQLSchema,
  coercing: WithCoercedVariables,
): (document: DocumentNode, operationName: string | null | undefined) => CompiledQuery | undefined {
  // Keyed by the parsed operation, so an entry goes unused once Apollo drops its document; bounded because code is larger than documents.
  const known = new LRUCache<OperationDefinitionNode, CompiledQuery>({ max: compiledMax });

  return (document, operationName) => {
    const definition = getOperationAST(document, operationName);
    if (!definition) return undefined;
    let compiled = known.get(definition);
    if (compiled === undefined) {
      if (hasCustomLiterals(schema, document)) return undefined;
      const coerced = coercing(document, definition);
      const query = compileQuery(coerced.schema, coerced.document, operationName ?? undefined);
      if (!isCompiledQuery(query)) return undefined;
      compiled = query;
      known.set(definition, compiled);
    }
    return compiled;
  };
}

/**
 * Compiled code keeps literals as JSON, which turns a Decimal or a Date into something else. So documents with literals of
 * custom scalars, or of input objects that may contain some, stay interpreted.
 */
function hasCustomLiterals(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let found = false;
  visit(
    document,
    visitWithTypeInfo(types, {
      Argument({ value }) {
        const type = getNamedType(types.getArgument()?.type);
        const isPlain =
          value.kind === Kind.VARIABLE || (type !== undefined && (isEnumType(type) || isSpecifiedScalarType(type)));
        if (!isPlain) found = true;
        return found ? BREAK : undefined;
      },
    }),
  );
  return found;
}
