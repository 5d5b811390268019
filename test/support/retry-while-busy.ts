import { eventually } from './eventually.js';

/** What may tell of a refusal in an answer of REST, of GraphQL, or of a transport of the fixtures. */
interface Answer {
  status: number;
  errors?: readonly { extensions: { status: number } }[];
  body?: any;
}

let keys = 0;

/**
 * The first answer other than 503: a server that is busy, as on a slow machine it is, may put a request off, and its
 * client comes again. `send` gets an Idempotency-Key, the same each time, for a write that must not be done twice if
 * its commit arrived after all.
 */
export async function retryWhileBusy<T extends Answer>(send: (key: string) => Promise<T>): Promise<T> {
  const key = `patient ${++keys}`;
  return eventually('the server puts a request off no more', async () => {
    const answer = await send(key);
    return isPutOff(answer) ? undefined : answer;
  });
}

function isPutOff({ status, errors, body }: Answer): boolean {
  return [status, ...(errors ?? body?.errors ?? []).map(({ extensions }: any) => extensions?.status)].includes(503);
}
