import type { Random } from '../support/random.js';
import type { Answer, Ask, Client } from './client.js';

export const balances = '/tmf-api/prepayBalanceManagement/v4';
export const usages = '/tmf-api/usageManagement/v4';
export const bills = '/tmf-api/customerBillManagement/v4';
export const orders = '/tmf-api/resourceOrderingManagement/v4';

/** What came of a write. */
export interface Outcome {
  /** Of what was made. */
  readonly id?: string;
  readonly refusal?: { readonly code: string; readonly isRecorded: boolean; readonly text: string };
}

/** A write that makes something, as it may be sent again. */
export interface Creation {
  readonly base: string;
  readonly resource: string;
  readonly input: object;
  readonly key: string;
  /** Attributes have other names within GraphQL than those that `inGraphql` knows. */
  readonly isRestOnly?: boolean;
  readonly isGraphqlOnly?: boolean;
}

export function graphql(query: string, variables: object = {}): Ask {
  return { kind: 'read', path: '/graphql', body: JSON.stringify({ query, variables }) };
}

/** Sends it by either transport until it is answered. Undefined: it never was. */
export async function create(client: Client, random: Random, creation: Creation): Promise<Outcome | undefined> {
  const isRest = creation.isRestOnly || (!creation.isGraphqlOnly && random.chance(0.5));
  const answer = await client.write(isRest ? inRest(creation) : inGraphql(creation), random);
  return answer && (isRest ? outcomeOfRest(answer) : outcomeOfGraphql(answer));
}

function inRest({ base, resource, input, key }: Creation): Ask {
  return { kind: 'write', path: `${base}/${resource}`, body: JSON.stringify(input), key };
}

function inGraphql({ resource, input, key }: Creation): Ask {
  const type = resource.charAt(0).toUpperCase() + resource.slice(1);
  const query = `mutation ($input: ${type}Create!, $key: String) { result: create${type}(input: $input, idempotencyKey: $key) { id } }`;
  return { ...graphql(query, { input: renamed(input, true), key }), kind: 'write' };
}

/** References have a `refId`, and attributes with @ other names. */
function renamed(value: unknown, isOutermost = false): unknown {
  if (Array.isArray(value)) return value.map((element) => renamed(element));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name === 'id' && !isOutermost ? 'refId' : name === '@referredType' ? 'atReferredType' : name,
      renamed(part),
    ]),
  );
}

export function outcomeOfRest({ status, text }: Answer): Outcome {
  const body = text === '' ? {} : JSON.parse(text);
  if (status < 300) return { id: body.id };
  return { refusal: { code: body.code, isRecorded: body.referenceError !== undefined, text: `${status} ${text}` } };
}

export function outcomeOfGraphql({ text }: Answer): Outcome {
  const { data, errors } = JSON.parse(text);
  if (!errors) return { id: data.result.id };
  const { code, reference } = errors[0].extensions;
  return { refusal: { code, isRecorded: reference !== undefined && reference !== null, text } };
}
