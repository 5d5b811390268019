import { print, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Context } from '../graphql/context.js';
import { DomainError, abbreviated } from '../src/platform/errors.js';
import type { ParsedQuery } from './query/query-string.js';
import type { Json } from './body/input.js';
import { eTag, hashOf } from './headers.js';
import type { RestRequest, RestResponse } from './http.js';
import type { WireAnswer } from '../graphql/plan/answer.js';
import type { Presentation } from '../graphql/plan/presentation.js';
import type { Plan, Plans } from './operation.js';
import type { PageSizes } from './query/paging.js';
import type { Route } from './route.js';
import type { KeyedMutex } from './keyed-mutex.js';

/**
 * Runs an operation by the executor of both transports, with variables that are coerced already (parsed scalars,
 * ParsedFilter and ParsedOrder). What refuses it is an error of the result.
 */
export type ExecuteOperation = (operation: {
  document: DocumentNode;
  variables: Json;
  areCoerced: true;
  context: Context;
}) => Promise<ExecutionResult>;

/** Reads by the same executor: finished texts. Throws what refuses it. */
export type ReadOperation = (operation: {
  document: DocumentNode;
  variables: Json;
  presentation: Presentation;
  context: Context;
}) => Promise<WireAnswer>;

/** Returns the field `result` of an executed operation, as its document selects it; throws what refused the operation. */
export function resultOf<Result>({ data, errors }: ExecutionResult): Result {
  const [error] = errors ?? [];
  if (error) throw error.originalError ?? error;
  return data?.['result'] as Result;
}

/** One request on its way: what was asked, of which resource, and the means to answer it. */
export interface Call {
  readonly request: RestRequest;
  /** What it is answered as. */
  readonly mediaType: string;
  readonly route: Route;
  readonly query: ParsedQuery;
  readonly plans: Plans;
  /** The PATCHes that are under way. */
  readonly patches: KeyedMutex;
  readonly execute: ExecuteOperation;
  readonly read: ReadOperation;
  readonly pageSizes: PageSizes;
  /** What a resource may grow to by patches, too. */
  readonly bodyMaxBytes: number;
  /** Attributes of extensions that filters may name. */
  readonly extensionAttributes: ReadonlySet<string>;
}

/** A resource as it is read: its text, and what is told beside it. */
export interface ReadResource {
  readonly text: string;
  readonly version: Version;
}

/** Reads one resource by its id; null when there is none. */
export async function readOne(call: Call, plan: Plan, id: string): Promise<ReadResource | null> {
  const answer = await readBy(call, plan, { id });
  if (answer.kind !== 'row') throw new Error('one resource is a row');
  const { row } = answer;
  return row && { text: row.item, version: versionOf(JSON.parse(row.head ?? '{}') as Json) };
}

/** Reads a list. */
export async function readMany(
  call: Call,
  plan: Plan,
  variables: Json,
): Promise<Extract<WireAnswer, { kind: 'page' }>['page']> {
  const answer = await readBy(call, plan, variables);
  if (answer.kind !== 'page') throw new Error('a list is a page');
  return answer.page;
}

function readBy({ request, read }: Call, { document, presentation }: Plan, variables: Json): Promise<WireAnswer> {
  return read({ document, presentation, variables: withoutUndefined(variables), context: request.context });
}

/** Runs an operation; returns its field `result`, throws what refused it. */
export async function run<Result = Json>(
  { request, execute }: Call,
  document: DocumentNode,
  variables: Json,
): Promise<Result | null> {
  const operation = {
    document,
    variables: withoutUndefined(variables),
    areCoerced: true,
    context: request.context,
  } as const;
  return resultOf<Result | null>(await execute(operation));
}

/** Runs the operation of the request; with `explain=graphql` shows it instead (docs/decisions/0004-graphql-is-the-contract.md). */
export async function perform<Result = Json>(
  call: Call,
  document: DocumentNode,
  variables: Json,
  respond: (result: Result | null) => RestResponse,
): Promise<RestResponse> {
  return call.query.explain === undefined
    ? respond(await run<Result>(call, document, variables))
    : explanation(call, document, variables);
}

function withoutUndefined(variables: Json): Json {
  const result: Json = {};
  for (const name in variables) if (variables[name] !== undefined) result[name] = variables[name];
  return result;
}

/** Apollo's Sandbox opens with the endpoint, document and variables that its address names. */
const sandboxUrl = 'https://studio.apollographql.com/sandbox/explorer';

/** Shows an operation instead of running it. */
export function explanation({ request }: Pick<Call, 'request'>, document: DocumentNode, variables: Json): RestResponse {
  const operation = print(document);
  const shown = withoutUndefined(variables);
  const endpoint = `${request.origin}/graphql`;
  const parameters = { endpoint, document: operation, variables: JSON.stringify(shown, undefined, 2) };
  const search = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const sandbox = `${sandboxUrl}?${search.join('&')}`;
  return { status: 200, headers: {}, body: { endpoint, operation, variables: shown, sandbox } };
}

export function notFound({ route }: Call): DomainError {
  return new DomainError('NOT_FOUND', `${route.model.name} '${abbreviated(route.id ?? '')}' does not exist`);
}

/** Parameters that mean nothing where they are given are refused, never ignored. */
export function refuseParameters(parameters: Record<string, unknown>, problem: string): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) throw new DomainError('INVALID_QUERY', `${name} ${problem}`, { path: name });
  }
}

interface Versioned {
  _revision: number;
  _updatedAt: string;
  _href?: string;
}

export interface Version {
  readonly revision: number;
  /** Of a type that several APIs serve there is none. */
  readonly href: string | undefined;
  readonly updatedAt: string;
}

/** The version and address that every operation on one resource selects beside its attributes. */
export function versionOf(result: Json): Version {
  const { _revision, _updatedAt, _href } = result as Json & Versioned;
  return { revision: _revision, href: _href, updatedAt: _updatedAt };
}

/** The headers with the version of the resource in the answer. */
export function versionHeaders(
  { query, route: { edition, model } }: Call,
  { revision, updatedAt }: Version,
  body: () => unknown,
): { ETag: string; 'Last-Modified': string } {
  const isWhole =
    !model.type.extensions['isLive'] &&
    query.fields === undefined &&
    query.expand === undefined &&
    (query.depth ?? 0) === 0 &&
    (edition?.isFirst ?? true);
  return {
    ETag: eTag(revision, isWhole ? undefined : hashOf(edition?.name ?? '', body())),
    'Last-Modified': new Date(updatedAt).toUTCString(),
  };
}
