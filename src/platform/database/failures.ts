/** SQLSTATEs of PostgreSQL (Appendix A of its manual). */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const UNIQUE_VIOLATION = '23505';
const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
/** Connection exceptions, insufficient resources (too many connections, disk full), shutdown, crash, starting up, a lock that another transaction holds, a transaction that we left lying. */
const UNAVAILABLE_STATE = /^(08|53|57P0|55P03|25P03)/;
/** Node's codes of a socket that fails before or under a query. */
const UNAVAILABLE_SOCKET = /^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)UNREACH|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)$/;

/** Prisma's codes: not reachable, timeout, connection closed, no connection in time, too many connections. */
const UNAVAILABLE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);
/** How the driver adapters name a failure that has no SQLSTATE, because no server answered. */
const UNAVAILABLE_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
/** P2028 stands for every misuse of a transaction, too; these are the two that load causes. */
const TRANSACTION_TOO_SLOW = /Unable to start a transaction in the given time|expired transaction/;
/** What pg and PGlite throw with no code at all when a connection is gone; Prisma passes it on as it is. */
const CONNECTION_GONE =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|PGlite is clos(ed|ing))/;

/** Whether the transaction conflicted with another one, so that running all of it again may succeed. */
export function isRetryable(error: unknown): boolean {
  const { state, code } = readFailure(error);
  return state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED || code === 'P2034';
}

/** Whether a row with the same key exists already, perhaps just written by another server. */
export function isUniqueViolation(error: unknown): boolean {
  const { state, code } = readFailure(error);
  return state === UNIQUE_VIOLATION || code === 'P2002';
}

/** Whether a statement timed out or was cancelled. */
export function isStatementTimeout(error: unknown): boolean {
  return readFailure(error).state === QUERY_CANCELED;
}

/** Whether no connection became free in time. */
export function isPoolTimeout(error: unknown): boolean {
  return readFailure(error).message === 'timeout exceeded when trying to connect';
}

/** Whether waiting for a lock that another transaction holds timed out. */
export function isLockTimeout(error: unknown): boolean {
  return readFailure(error).state === LOCK_NOT_AVAILABLE;
}

/** Whether the database is away. It is then unknown whether a commit under way succeeded. */
export function isUnavailable(error: unknown): boolean {
  const { state, code, kind, message } = readFailure(error);
  if (state !== undefined) return UNAVAILABLE_STATE.test(state) || UNAVAILABLE_SOCKET.test(state);
  if (kind !== undefined) return UNAVAILABLE_KINDS.has(kind);
  if (code === 'P2028') return TRANSACTION_TOO_SLOW.test(message);
  return code === undefined ? CONNECTION_GONE.test(message) : UNAVAILABLE_CODES.has(code);
}

interface Failure {
  /** SQLSTATE when a server answered, else Node's code of the socket. */
  state?: string;
  /** Prisma's code, P followed by four digits. */
  code?: string;
  kind?: string;
  message: string;
}

/**
 * The facts of a failure in the forms they come in: PrismaClientKnownRequestError around the adapter's error
 * (P2010 for every raw query, whatever went wrong), the adapter's error itself (when COMMIT fails), the driver's
 * error (SQLSTATE in `code`; PGlite's COMMIT), and a plain Error.
 */
function readFailure(error: unknown): Failure {
  try {
    return factsOf(error);
  } catch {
    // An error whose members throw is none that a database makes.
    return { message: '' };
  }
}

function factsOf(error: unknown): Failure {
  if (!isObject(error)) return { message: String(error) };
  const message = typeof error.message === 'string' ? error.message : '';
  const code = typeof error.code === 'string' ? error.code : undefined;
  const isPrisma = code !== undefined && /^P\d{4}$/.test(code);
  const adapterError = isObject(error.meta) ? error.meta.driverAdapterError : error;
  const cause = isObject(adapterError) && isObject(adapterError.cause) ? adapterError.cause : {};
  const original = cause.originalCode ?? (isPrisma ? undefined : code);
  return {
    message,
    ...(isPrisma && { code }),
    ...(typeof original === 'string' && { state: original }),
    ...(typeof cause.kind === 'string' && { kind: cause.kind }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
