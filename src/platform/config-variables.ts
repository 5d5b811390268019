/** sandbox: try it out, everything has a default. serve: production, the database must be named. */
export type Mode = 'sandbox' | 'serve';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Variable {
  name: string;
  /** The value when it is not set; undefined when there is none. */
  default: string | undefined | Record<Mode, string>;
  meaning: string;
}

/** Every variable of the environment that is read, in the order of the README. */
export const configVariables = [
  { name: 'PORT', default: '4000', meaning: 'port to listen on; 0 takes a free one' },
  { name: 'HOST', default: '127.0.0.1', meaning: 'address to listen on; 0.0.0.0 for all' },
  {
    name: 'PUBLIC_URL',
    default: undefined,
    meaning: 'URL under which clients reach the server, used in href and Location',
  },
  {
    name: 'ALLOWED_HOSTS',
    default: '',
    meaning:
      'names, addresses or *.suffix, separated by commas, that clients call the server besides; serve needs these or PUBLIC_URL',
  },
  {
    name: 'TRUSTED_PROXIES',
    default: '',
    meaning: 'addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-Host, -Proto and -For count',
  },
  {
    name: 'DATABASE_URL',
    default: undefined,
    meaning: 'PostgreSQL 15 or newer; required by serve, else embedded in DATA_DIR',
  },
  { name: 'DATA_DIR', default: './data', meaning: 'directory of the embedded database' },
  {
    name: 'SEED',
    default: { sandbox: 'demo', serve: 'none' },
    meaning: 'demo writes demonstration data into an empty database; only in sandbox',
  },
  { name: 'PAGE_SIZE_DEFAULT', default: '100', meaning: 'items of a GraphQL page when the request names no number' },
  {
    name: 'REST_PAGE_SIZE_DEFAULT',
    default: '1000',
    meaning: 'items of a TMF REST list when the request names no number; at most PAGE_SIZE_MAX',
  },
  { name: 'PAGE_SIZE_MAX', default: '1000', meaning: 'items of a page at most' },
  {
    name: 'ANSWER_EDITIONS',
    default: '',
    meaning:
      'edition of the answers of an API where a request chooses none, e.g. TMF654=swagger; several separated by commas',
  },
  { name: 'COUNT_MAX', default: '100000', meaning: 'where counting the matches of a query stops' },
  { name: 'BODY_MAX_BYTES', default: '1048576', meaning: 'size of a request body at most' },
  {
    name: 'BODY_BYTES_PER_SECOND_MIN',
    default: '1024',
    meaning: 'what a client must send of a body in a second, files included, on an average; a slower one gets 408',
  },
  { name: 'BODY_SLOW_SECONDS', default: '20', meaning: 'for so long it may be slower' },
  { name: 'HEADER_SECONDS_MAX', default: '20', meaning: 'time for the header of a request' },
  {
    name: 'READER_STALL_SECONDS',
    default: '60',
    meaning: 'a connection is cut whose client takes nothing of its answer for so long',
  },
  { name: 'CONNECTIONS_MAX', default: '4096', meaning: 'connections of clients at once; further ones get 503' },
  {
    name: 'CONNECTIONS_PER_CLIENT_MAX',
    default: '512',
    meaning: 'the same for one address, of IPv6 one /64; TRUSTED_PROXIES are exempt',
  },
  { name: 'UPLOADS_PER_CLIENT_MAX', default: '8', meaning: 'files that one client sends at once, of 16 in all' },
  {
    name: 'ANSWER_BYTES_MAX',
    default: '16777216',
    meaning: 'size of an answer at most, at least BODY_MAX_BYTES; files are streamed and not bounded by it',
  },
  { name: 'OPERATION_COST_MAX', default: '1000000', meaning: 'points that one operation may cost, see Cost' },
  {
    name: 'DATABASE_POOL_SIZE',
    default: '20',
    meaning: 'connections to PostgreSQL at most, shared out among six classes of work, each of which has one at least',
  },
  { name: 'READ_STATEMENT_MAX_MS', default: '5000', meaning: 'how long a statement may take that reads for a request' },
  {
    name: 'REPORT_STATEMENT_MAX_MS',
    default: '30000',
    meaning: 'the same for what reads much: sums, orders without an index',
  },
  {
    name: 'SHUTDOWN_DELAY_SECONDS',
    default: { sandbox: '0', serve: '3' },
    meaning: 'for so long a server that is told to stop says that it is not ready, before it takes no more connections',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: logLevels.join(', ') },
  {
    name: 'INTROSPECTION',
    default: { sandbox: 'on', serve: 'off' },
    meaning: 'on lets clients read the GraphQL schema',
  },
  {
    name: 'EXTENSION_SCHEMA_DIR',
    default: undefined,
    meaning: 'folder of JSON schemas (*.json) that extensions are checked by',
  },
  { name: 'CORS_ORIGINS', default: '', meaning: 'origins of browser pages that may call, separated by commas' },
  {
    name: 'OPERATOR_TIME_ZONE',
    default: 'UTC',
    meaning: 'IANA time zone in which days, months and periods begin and end, e.g. Europe/Berlin',
  },
  { name: 'BILL_ISSUER', default: 'The operator', meaning: 'name at the head of every bill' },
  { name: 'BACKGROUND_JOBS', default: 'on', meaning: 'off leaves them to the other servers on the database' },
  {
    name: 'PAYMENT_WAIT_SECONDS',
    default: '86400',
    meaning: 'seconds for which what is created to be paid first waits for its payment; then it is cancelled',
  },
  { name: 'IDEMPOTENCY_KEY_DAYS', default: '30', meaning: 'days for which an idempotency key is remembered' },
  {
    name: 'BILL_REPEATED_CHARGES_MAX',
    default: '15',
    meaning: 'equal charges of a product within a day; a bill with more is put on hold',
  },
  {
    name: 'BILL_TOTAL_MAX',
    default: undefined,
    meaning: 'total, in whatever currency, above which a bill is put on hold',
  },
  {
    name: 'SIMULATE_WORK',
    default: { sandbox: 'on', serve: 'off' },
    meaning: 'on plays the system that does the work of orders whose category is simulated',
  },
] as const satisfies readonly Variable[];

export type VariableName = (typeof configVariables)[number]['name'];
