import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, HeaderMap, type ApolloServerOptionsWithGateway, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../../../graphql/context.js';
import { inFieldNames, rootFields } from '../../../graphql/field-names.js';
import { mediaTypeOf } from '../../../rest-compat/headers.js';
import { TOKENS_MAX, validationRules } from '../../../graphql/limits.js';
import { declarationOf, DomainError, platformErrors } from '../../platform/errors.js';
import { hasExactNumber, parseJson } from '../../platform/json.js';
import { endWith, refuseGraphql } from './answer.js';
import type { ContextOf } from '../app-context.js';
import { readText, type BodyLimits } from './body.js';
import { statusOf } from '../errors.js';
import { DataText } from '../../../graphql/plan/answer.js';
import type { Executor } from '../execute.js';
import { toRefusal } from '../refusal.js';
import { currentRequestId } from './request-trace.js';

/** Characters of an error message. */
const messageLengthMax = 2_000;

export interface GraphqlHttpOptions {
  schema: GraphQLSchema;
  execute: Executor['execute'];
  contextOf: ContextOf;
  bodyLimits: BodyLimits;
  isIntrospectionEnabled: boolean;
  logger: Logger;
}

/** The GraphQL endpoint. */
export interface GraphqlHttp {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  stop(): Promise<void>;
}

/**
 * GraphQL over HTTP by Apollo Server on Node's own server. Express in front would halve its speed, and so would the default
 * cache-control plugin, which visits every field (docs/decisions/0011-http-and-execution.md).
 */
export async function createGraphqlHttp(options: GraphqlHttpOptions): Promise<GraphqlHttp> {
  const apollo = new ApolloServer<Context>({
    gateway: executeBy(options.execute, options.schema),
    introspection: options.isIntrospectionEnabled,
    // Hints such as "did you mean" reveal the schema as well.
    hideSchemaDetailsFromClientErrors: !options.isIntrospectionEnabled,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: TOKENS_MAX },
    validationRules,
    stringifyResult,
    formatError: (formatted, error) => format(formatted, error, options.logger),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      // It loads its scripts from Apollo; ours stands in front (src/app/pages).
      ApolloServerPluginLandingPageDisabled(),
      oneKeyOneMutation,
    ],
    logger: options.logger,
  });
  await apollo.start();
  return { handle: (request, response) => handle(apollo, options, request, response), stop: () => apollo.stop() };
}

/** Apollo lets a gateway execute operations, so the executor is handed in as one. */
function executeBy(
  execute: Executor['execute'],
  schema: GraphQLSchema,
): ApolloServerOptionsWithGateway<Context>['gateway'] {
  return {
    load: async () => ({
      executor: async ({ document, request, context }) => {
        // The name as requested: the resolved one is missing when no operation has it.
        const { operationName, variables } = request;
        const result = await execute({ document, operationName, variables, context: context as Context });
        // No data means that nothing was executed: the cost, the variables or the operation name were refused.
        if (result.data === undefined) return { ...result, errors: result.errors?.map(asInputError) };
        if (!result.errors) return result;
        return { ...result, errors: withFieldNames(result.errors, schema, document, operationName) };
      },
    }),
    onSchemaLoadOrUpdate: (callback) => {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => undefined;
    },
    stop: async () => undefined,
  };
}

/** The data of a planned query are a text already. */
function stringifyResult({ data, ...others }: FormattedExecutionResult): string {
  if (!((data as unknown) instanceof DataText))
    return `${JSON.stringify({ ...others, ...(data !== undefined && { data }) })}\n`;
  const text = `"data":${(data as unknown as DataText).text}`;
  const rest = JSON.stringify(others);
  return `{${text}${rest === '{}' ? '' : ','}${rest.slice(1)}\n`;
}

function asInputError(error: GraphQLError): GraphQLError {
  if (error.originalError instanceof DomainError) return error;
  const { message } = error;
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
}

function withFieldNames(
  errors: readonly GraphQLError[],
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): GraphQLError[] {
  const definition = getOperationAST(document, operationName);
  const fields = definition ? rootFields(schema, document, definition) : new Map<string, never>();
  return errors.map((error) => {
    const { originalError, path, locations, extensions } = error;
    const field = fields.get(String(path?.[0]));
    if (!(originalError instanceof DomainError) || !field) return error;
    const refusal = inFieldNames(originalError, field);
    if (refusal === originalError) return error;
    return Object.assign(new GraphQLError(refusal.message, { path, originalError: refusal, extensions }), {
      locations,
    });
  });
}

/** Errors as clients get them. */
export function shownErrors(errors: readonly GraphQLError[], logger: Logger): GraphQLFormattedError[] {
  return errors.map((error) => format(error.toJSON(), error, logger));
}

/** Gives every GraphQL error the same extensions: code, status and reason as declared, and the attribute it is about. */
function format(formatted: GraphQLFormattedError, thrown: unknown, logger: Logger): GraphQLFormattedError {
  const { locations, path, extensions } = formatted;
  const message = shownMessage(formatted.message);
  const requestId = currentRequestId();
  const code = extensions?.['code'];
  if (typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR' && !(originalOf(thrown) instanceof DomainError)) {
    // Refused by Apollo before any resolver ran.
    return {
      message,
      locations,
      path,
      extensions: { code, status: 400, reason: platformErrors.INVALID_BODY.reason, requestId },
    };
  }
  const refusal = toRefusal(thrown, logger);
  const { path: attribute, reference, oldest } = refusal.details;
  const { reason } = declarationOf(refusal.code);
  const status = statusOf(refusal.code);
  return {
    message: shownMessage(refusal.message),
    locations,
    path,
    extensions: { code: refusal.code, status, reason, attribute, reference, oldest, requestId },
  };
}

/** graphql-js repeats the client's text in its messages, however long it is. */
function shownMessage(message: string): string {
  return message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}...` : message;
}

function originalOf(thrown: unknown): unknown {
  return thrown instanceof GraphQLError ? thrown.originalError : thrown;
}

/** The Idempotency-Key header can identify one mutation only; in a document with several each needs its own argument. */
const oneKeyOneMutation: ApolloServerPlugin<Context> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation, contextValue }) => {
      if (operation?.operation !== 'mutation' || contextValue.idempotencyKey === undefined) return;
      const { selections } = operation.selectionSet;
      if (selections.length > 1 || selections.some(({ kind }) => kind !== 'Field')) {
        const refusal = new DomainError(
          'INVALID_HEADER',
          'the Idempotency-Key header goes with one mutation: give each an idempotencyKey argument instead',
          { path: 'Idempotency-Key' },
        );
        // Apollo answers 500 to what a plugin throws, unless it says another status.
        throw new GraphQLError(refusal.message, { originalError: refusal, extensions: { http: { status: 400 } } });
      }
    },
  }),
};

async function handle(
  apollo: ApolloServer<Context>,
  options: GraphqlHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  let body: unknown;
  try {
    body = await readBody(request, options.bodyLimits);
  } catch (error) {
    refuseGraphql(request, response, toRefusal(error, options.logger));
    return;
  }
  const result = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: (request.method ?? 'GET').toUpperCase(),
      headers,
      search: request.url?.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
      body,
    },
    context: async () => options.contextOf(request, response, 'graphql'),
  });
  for (const [name, value] of result.headers) response.setHeader(name, value);
  response.statusCode = result.status ?? 200;
  if (result.body.kind === 'complete') {
    endWith(request, response, result.body.string);
    return;
  }
  for await (const chunk of result.body.asyncIterator) response.write(chunk);
  response.end();
}

async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  if (request.method === 'GET') checkGetVariables(request.url ?? '');
  if (request.method !== 'POST') return undefined;
  const text = await readText(request, limits);
  const type = mediaTypeOf(request.headers['content-type']) ?? '';
  if (text === '') return undefined;
  if (type === '') throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'the body has no Content-Type');
  if (type === 'application/graphql') return { query: text, ...parametersOf(request.url ?? '') };
  return /^application\/([\w.+-]*\+)?json$/.test(type) ? parseJson(text) : undefined;
}

/** The operation name and variables of a body that is the document itself (application/graphql). */
function parametersOf(url: string): Record<string, unknown> {
  const question = url.indexOf('?');
  const parameters = new URLSearchParams(question < 0 ? '' : url.slice(question));
  const [operationName, variables] = [parameters.get('operationName'), parameters.get('variables')];
  return { ...(operationName && { operationName }), ...(variables && { variables: parseJson(variables) }) };
}

/** Apollo parses the variables of a GET as JSON numbers, so numbers that this would round are refused before. */
function checkGetVariables(url: string): void {
  const variables = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('variables');
  if (variables && hasExactNumber(parseJson(variables))) {
    throw new DomainError(
      'INVALID_BODY',
      'a number in the variables has too many digits or an exponent: send it by POST',
      { path: 'variables' },
    );
  }
}
