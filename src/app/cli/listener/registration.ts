import { randomUUID } from 'node:crypto';

/** The server refuses, or does not answer; the message says why. */
export class NotRegistered extends Error {}

const answerMaxMs = 30_000;
const answerLengthMax = 1_000;

/** A registration that was made: what its deliveries are signed with, and how it is deleted. */
export interface Registered {
  readonly id: string;
  readonly secret: string;
  remove(): Promise<void>;
}

interface Wanted {
  readonly callback: string;
  readonly query?: string | undefined;
}

type Call = (url: string, init: { method: string; body?: object }) => Promise<Record<string, unknown>>;

/** Registers the callback at a hub, or, where the address is that of a server, for the events of all APIs. Throws NotRegistered. */
export async function register(at: URL, wanted: Wanted, credential: string | undefined): Promise<Registered> {
  const call = callBy(credential);
  const base = at.origin + at.pathname.replace(/\/+$/, '');
  return base.endsWith('/hub') ? registerAtHub(base, wanted, call) : registerForAll(`${base}/graphql`, wanted, call);
}

async function registerAtHub(hub: string, wanted: Wanted, call: Call): Promise<Registered> {
  const { id, secret } = await call(hub, { method: 'POST', body: wanted });
  const remove = async (): Promise<void> => void (await call(`${hub}/${String(id)}`, { method: 'DELETE' }));
  return { id: String(id), secret: String(secret), remove };
}

async function registerForAll(graphql: string, wanted: Wanted, call: Call): Promise<Registered> {
  const ask = async (query: string, variables: object): Promise<Record<string, unknown>> => {
    const answer = await call(graphql, { method: 'POST', body: { query, variables } });
    const [error] = (answer['errors'] ?? []) as { message: string }[];
    if (error) throw new NotRegistered(error.message);
    return (answer['data'] ?? {}) as Record<string, unknown>;
  };
  const create = 'mutation ($input: HubCreate!) { createHub(input: $input) { id secret } }';
  const { createHub } = await ask(create, { input: wanted });
  const { id, secret } = createHub as { id: string; secret: string };
  const remove = async (): Promise<void> => void (await ask('mutation ($id: ID!) { deleteHub(id: $id) }', { id }));
  return { id, secret, remove };
}

function callBy(credential: string | undefined): Call {
  return async (url, { method, body }) => {
    let status: number;
    let text: string;
    try {
      const answer = await fetch(url, {
        method,
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': randomUUID(),
          ...(credential !== undefined && { Authorization: `Bearer ${credential}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(answerMaxMs),
      });
      ({ status } = answer);
      text = await answer.text();
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
      throw new NotRegistered(`${url} does not answer: ${why}`);
    }
    const answer = jsonOf(text);
    // GraphQL says with any status what is wrong.
    if (status >= 400 && !answer?.['errors'])
      throw new NotRegistered(
        `${url} answers ${status}: ${String(answer?.['message'] ?? text).slice(0, answerLengthMax)}`,
      );
    if (answer === undefined && status !== 204) throw new NotRegistered(`${url} is no hub, and no server of ours`);
    return answer ?? {};
  };
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
