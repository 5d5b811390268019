import { operationsOf, toAttribute } from '../../../graphql/naming.js';
import { clientSchema, objectType, toWire, wholeSelection } from '../../fixtures/schema.js';
import type { TestServer } from '../../support/server.js';

/** The two faces of the server; the same request must get the same answer at both. */
export type Door = 'rest' | 'graphql';
export const doors: readonly Door[] = ['rest', 'graphql'];

export type Type = 'Usage' | 'UsageSpecification';
type Json = Record<string, unknown>;

/** An answer in one form, whichever door gave it. */
export interface Outcome {
  status: number;
  message?: string;
  /** The resource, or several, as TMF JSON. */
  resource?: any;
  replayed: boolean;
}

export async function create(server: TestServer, door: Door, type: Type, input: object, key?: string): Promise<Outcome> {
  const { create: name } = operationsOf(type);
  if (door === 'rest') return rest(server, 'POST', pathOf(type), input, key);
  return mutate(server, type, `mutation ($input: ${type}Create!, $key: String) { result: ${name}(input: $input, idempotencyKey: $key)`, { input: renamed(input), key });
}

export async function createMany(server: TestServer, door: Door, type: Type, inputs: readonly object[]): Promise<Outcome> {
  const { createMany: name } = operationsOf(type);
  if (door === 'rest') {
    const operations = inputs.map((value) => ({ op: 'add', path: '/-', value }));
    return rest(server, 'PATCH', pathOf(type), operations, undefined, 'application/json-patch+json');
  }
  return mutate(server, type, `mutation ($inputs: [${type}Create!]!) { result: ${name}(inputs: $inputs)`, { inputs: renamed(inputs) });
}

export async function update(server: TestServer, door: Door, type: Type, id: string, input: object): Promise<Outcome> {
  const { update: name } = operationsOf(type);
  if (door === 'rest') return rest(server, 'PATCH', `${pathOf(type)}/${id}`, input);
  return mutate(server, type, `mutation ($id: ID!, $input: ${type}Update!) { result: ${name}(id: $id, input: $input)`, { id, input: renamed(input) });
}

export async function remove(server: TestServer, door: Door, type: Type, id: string): Promise<Outcome> {
  const { delete: name } = operationsOf(type);
  if (door === 'rest') return rest(server, 'DELETE', `${pathOf(type)}/${id}`);
  return mutate(server, undefined, `mutation ($id: ID!) { result: ${name}(id: $id)`, { id });
}

/** What a creation must have made. */
export async function made(server: TestServer, type: Type, input: object): Promise<any> {
  const { status, message, resource } = await create(server, 'rest', type, input);
  if (status !== 201) throw new Error(`${type}: ${status} ${message}`);
  return resource;
}

function pathOf(type: Type): string {
  return `/${operationsOf(type).one}`;
}

async function rest(server: TestServer, method: string, path: string, body?: object, key?: string, type = 'application/json'): Promise<Outcome> {
  const headers = { ...(body && { 'content-type': type }), ...(key && { 'idempotency-key': key }) };
  const answer = await server.rest(method, path, { body, headers });
  const replayed = answer.headers.get('idempotency-replayed') === 'true';
  if (answer.status < 400) return { status: answer.status, resource: answer.body, replayed };
  return { status: answer.status, message: answer.body.message, replayed };
}

const selections = new WeakMap<TestServer, Map<Type, string>>();

async function selectionOf(server: TestServer, type: Type): Promise<string> {
  const known = selections.get(server) ?? new Map<Type, string>();
  selections.set(server, known);
  const selection = known.get(type) ?? wholeSelection(objectType(await clientSchema(server), type));
  known.set(type, selection);
  return selection;
}

async function mutate(server: TestServer, type: Type | undefined, mutation: string, variables: object): Promise<Outcome> {
  const { status, headers, data, errors } = await server.graphql(`${mutation} ${type ? await selectionOf(server, type) : ''} }`, variables);
  const replayed = headers.get('idempotency-replayed') === 'true';
  const [error] = errors ?? [];
  return error ? { status: error.extensions.status, message: error.message, replayed } : { status, resource: toWire(data.result), replayed };
}

/** Wire names as GraphQL has them; the content of values is not touched. */
function renamed(value: unknown): any {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as Json).map(([name, part]) => [toAttribute(name), name === 'value' ? part : renamed(part)]));
}
