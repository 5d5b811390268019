import { maxHeaderSize } from 'node:http';

/**
 * The bounds of HTTP that are no settings. Those of GraphQL are in graphql/limits.ts, those of TMF REST in
 * rest-compat/limits.ts, those of files in src/streaming/limits.ts.
 */

/** Bytes of the header of one request; Node's own limit (`--max-http-header-size`). */
export const HEADER_BYTES_MAX = maxHeaderSize;
/** Requests that wait on one connection for the answers before theirs: about as many as one read of short ones holds. */
export const PIPELINED_REQUESTS_MAX = 1_000;
/** Connections beyond CONNECTIONS_MAX that are open to read their refusal; any more are closed without one. */
export const REFUSED_CONNECTIONS_MAX = 256;
/** How long a refused connection stays open, so that its refusal arrives. */
export const REFUSED_CONNECTION_MS_MAX = 1_000;
/** Bytes of a body that are read and dropped after its request was answered ... */
export const DROPPED_BODY_BYTES_MAX = 4 * 1024 ** 2;
/** ... and for how long: a client that is still sending sees the answer only if its connection is not cut at once. */
export const DROPPED_BODY_MS_MAX = 5_000;
/** How long balance actions may wait without any being done before the server reports that it is not ready. */
export const BALANCE_STALL_MS_MAX = 3_000;
