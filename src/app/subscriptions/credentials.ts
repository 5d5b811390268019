import type { IncomingMessage } from 'node:http';

/** Headers that say who sends a request. */
const names: ReadonlySet<string> = new Set(['authorization', 'x-api-key']);

/**
 * The request that opened a connection, as if it had come with the credentials that were sent on the connection: pages cannot give
 * WebSockets headers. What else was sent there means nothing here, as with headers that nobody knows.
 */
export function withCredentials(
  request: IncomingMessage,
  sent: Readonly<Record<string, unknown>> | undefined,
): IncomingMessage {
  const given = Object.entries(sent ?? {}).flatMap(([name, value]) =>
    names.has(name.toLowerCase()) && typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  );
  // Twice the same name is refused, as it is in a header.
  const rawHeaders = [...request.rawHeaders, ...given.flat()];
  const headers = { ...request.headers, ...Object.fromEntries(given) };
  return Object.create(request, { headers: { value: headers }, rawHeaders: { value: rawHeaders } }) as IncomingMessage;
}
