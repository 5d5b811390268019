import { expect } from '@jest/globals';
import { errorCatalogue } from '../../../src/app/errors.js';
import type { ErrorCode } from '../../../src/platform/errors.js';
import { asInput, toWire } from '../../fixtures/schema.js';
import { schemaOf } from '../../fixtures/transports.js';
import type { TestServer } from '../../support/server.js';

/** The two faces of the server; the same request must get the same answer at both. */
export type Transport = 'rest' | 'graphql';
export const transports: readonly Transport[] = ['rest', 'graphql'];

export type Type = 'Bucket' | 'TopupBalance' | 'AdjustBalance' | 'ReserveBalance' | 'TransferBalance';

/** An answer in one form, whichever transport gave it. */
export interface Outcome {
  status: number;
  /** Undefined when the request was accepted. */
  code?: ErrorCode;
  message?: string;
  /** The resource as TMF JSON. */
  resource?: any;
  /** Address of the action that records a refusal. */
  reference?: string;
  /** The attribute or header that was refused; only GraphQL tells it. */
  attribute?: string;
  replayed: boolean;
  /** The body as it came. */
  body: any;
}

/** Who repeats a request: the key goes with it as a header in REST, as an argument in GraphQL. */
export interface Call {
  key?: string;
}

const quantity = '{ amount units }';
const parts = `href id status usageType amount ${quantity} bucket { refId } product { refId } logicalResource { refId value }
  partyAccount { refId } relatedParty { refId role atReferredType } channel { refId } description reason requestedDate confirmationDate
  failureCode failureMessage validFor { startDateTime endDateTime } impactedBucket { bucket { refId usageType } amountBefore ${quantity} amountAfter ${quantity}
  confirmationDate item { itemType amount ${quantity} } }`;

const selections: Record<Type, string> = {
  Bucket: `{ href id status usageType remainingValue ${quantity} reservedValue ${quantity} reserveBalance { refId } name description
    priority validFor { startDateTime endDateTime } logicalResource { refId value } partyAccount { refId } product { refId }
    relatedParty { refId role atReferredType } requestedDate confirmationDate }`,
  TopupBalance: `{ ${parts} voucher nextDueDate isAutoTopup recurringPeriod numberOfPeriods periodsDone autoTopupThreshold ${quantity}
    relatedTopupBalance { refId role } }`,
  AdjustBalance: `{ ${parts} adjustType reserveBalance { refId } }`,
  ReserveBalance: `{ ${parts} expirationDate nextDueDate }`,
  TransferBalance: `{ ${parts} receiverBucket { refId } receiverBucketUsageType receiverProduct { refId } receiverLogicalResource { refId value }
    receiverPartyAccount { refId } receiver { refId atReferredType } transferCost ${quantity} costOwner }`,
};

export function pathOf(type: Type): string {
  return `/${type.charAt(0).toLowerCase()}${type.slice(1)}`;
}

export async function create(
  server: TestServer,
  door: Transport,
  type: Type,
  input: object,
  { key }: Call = {},
): Promise<Outcome> {
  if (door === 'rest') return rest(server, 'POST', pathOf(type), input, key);
  return mutate(
    server,
    `create${type}`,
    selections[type],
    { input: { type: `${type}Create!`, value: asInput(await schemaOf(server), `${type}Create`, input) } },
    key,
  );
}

export async function update(
  server: TestServer,
  door: Transport,
  type: Type,
  id: string,
  input: object,
  { key }: Call = {},
): Promise<Outcome> {
  if (door === 'rest') return rest(server, 'PATCH', `${pathOf(type)}/${id}`, input, key);
  const variables = {
    id: { type: 'ID!', value: id },
    input: { type: `${type}Update!`, value: asInput(await schemaOf(server), `${type}Update`, input) },
  };
  return mutate(server, `update${type}`, selections[type], variables, key);
}

export async function remove(
  server: TestServer,
  door: Transport,
  type: Type,
  id: string,
  { key }: Call = {},
): Promise<Outcome> {
  if (door === 'rest') return rest(server, 'DELETE', `${pathOf(type)}/${id}`, undefined, key);
  return mutate(server, `delete${type}`, '', { id: { type: 'ID!', value: id } }, key);
}

/** The code with which a word that an enum has not is refused: GraphQL does so before it runs anything. */
export const unknownWord: unknown = expect.stringMatching(/^(INVALID_ATTRIBUTE|BAD_USER_INPUT)$/);

/** The GraphQL verbs of a reservation. */
export async function commitVerb(
  server: TestServer,
  id: string,
  amount?: object,
  { key }: Call = {},
): Promise<Outcome> {
  const variables = { id: { type: 'ID!', value: id }, amount: { type: 'QuantityInput', value: amount } };
  return mutate(server, 'commitReserveBalance', selections.AdjustBalance, variables, key);
}

export async function releaseVerb(server: TestServer, id: string, { key }: Call = {}): Promise<Outcome> {
  return mutate(server, 'releaseReserveBalance', selections.ReserveBalance, { id: { type: 'ID!', value: id } }, key);
}

async function rest(
  server: TestServer,
  method: string,
  path: string,
  body: object | undefined,
  key: string | undefined,
): Promise<Outcome> {
  const answer = await server.rest(method, path, {
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
  const replayed = answer.headers.get('idempotency-replayed') === 'true';
  if (answer.status < 400) return { status: answer.status, resource: answer.body, replayed, body: answer.body };
  const { reason, message, referenceError: reference } = answer.body;
  return { status: answer.status, code: codeOf(reason), message, reference, replayed, body: answer.body };
}

function codeOf(reason: string): ErrorCode {
  const found = errorCatalogue.find((error) => error.reason === reason);
  if (found === undefined) throw new Error(`no error has the reason '${reason}'`);
  return found.code;
}

type Variables = Record<string, { type: string; value: unknown }>;

async function mutate(
  server: TestServer,
  name: string,
  selection: string,
  variables: Variables,
  key: string | undefined,
): Promise<Outcome> {
  const all: Variables = { ...variables, idempotencyKey: { type: 'String', value: key } };
  const given = Object.keys(all);
  const query = `mutation (${given.map((variable) => `$${variable}: ${all[variable]?.type}`).join(', ')}) {
    result: ${name}(${given.map((variable) => `${variable}: $${variable}`).join(', ')}) ${selection}
  }`;
  const answer = await server.graphql(
    query,
    Object.fromEntries(given.map((variable) => [variable, all[variable]?.value])),
  );
  const replayed = answer.headers.get('idempotency-replayed') === 'true';
  const [error] = answer.errors ?? [];
  if (error === undefined) {
    const { result } = answer.data;
    const resource = typeof result === 'string' ? undefined : toWire(result);
    return { status: answer.status, resource, replayed, body: answer.data };
  }
  const { code, status, reference, attribute } = error.extensions;
  const address = reference && `${server.url}/tmf-api/prepayBalanceManagement/v4/${reference.type}/${reference.id}`;
  return {
    status,
    code: code as ErrorCode,
    message: error.message,
    reference: address,
    attribute,
    replayed,
    body: answer.errors,
  };
}
