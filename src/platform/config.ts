import { isIP } from 'node:net';
import { isTimeZone } from './calendar.js';
import {
  configVariables,
  logLevels,
  type LogLevel,
  type Mode,
  type Variable,
  type VariableName,
} from './config-variables.js';
import type { PaceLimits } from './pace.js';

export { configVariables, logLevels, type LogLevel, type Mode } from './config-variables.js';

export interface Config {
  mode: Mode;
  port: number;
  host: string;
  /** Where clients reach the server, when that differs from host and port; no slash at its end. */
  publicUrl?: string;
  /** What clients may call the server besides, in lower case: names, addresses, or `*.` before the end of names. */
  allowedHosts: string[];
  /** Addresses and networks whose X-Forwarded-* headers count. */
  trustedProxies: string[];
  /** PostgreSQL; without it the embedded database in dataDir is used. */
  databaseUrl?: string;
  dataDir: string;
  seed: 'demo' | 'none';
  pageSizeDefault: number;
  /** Of TMF REST, whose clients expect everything where they ask for no page. */
  restPageSizeDefault: number;
  pageSizeMax: number;
  /** The edition of answers of an API, by its number, where requests choose none. */
  answerEditions: Readonly<Record<string, string>>;
  countMax: number;
  bodyMaxBytes: number;
  /** What is expected of who sends a body. */
  bodyPace: PaceLimits;
  /** For so long a client may take nothing of what it is sent. */
  readerStallMs: number;
  /** Time for the header of a request. */
  headerMaxMs: number;
  connectionsMax: number;
  /** From one address; proxies that are trusted may have more. */
  connectionsPerClientMax: number;
  /** Files that one client may send at once. */
  uploadsPerClientMax: number;
  /** Bytes of one answer, counted while it is made. */
  answerMaxBytes: number;
  /** Points that one operation may cost, told before it runs. */
  operationCostMax: number;
  /** Connections of one server in all, whatever they are for. */
  databasePoolSize: number;
  /** For so long a server that is told to stop says that it is not ready, before it takes no more connections. */
  shutdownDelaySeconds: number;
  /** How long a statement may take that answers a request, and one that reads much for it. */
  readStatementMaxMs: number;
  reportStatementMaxMs: number;
  logLevel: LogLevel;
  isIntrospectionEnabled: boolean;
  corsOrigins: string[];
  /** IANA zone in which days, months and periods begin and end. */
  timeZone: string;
  /** Who gives out the bills. */
  billIssuer: string;
  /** For so long an action that is to be paid first waits for its payment. */
  paymentWaitSeconds: number;
  /** False in processes that only answer requests; some other one must run the jobs. */
  areJobsRun: boolean;
  /** For so long the answer to a request is kept under its idempotency key. */
  idempotencyKeyDays: number;
  /** Charges of one product that are alike within a day; with more of them a bill is held. */
  billRepeatedChargesMax: number;
  /** A bill of more, in its own currency, is held; undefined: whatever it comes to. */
  billTotalMax?: number;
  /** Folder of the JSON schemas that extensions are checked by. */
  extensionSchemaDir?: string;
  /** True: work that nobody does is played, where it asks for that, so that a sandbox has something to show. */
  isWorkSimulated: boolean;
}

/** A variable has a value that cannot be used. The message is one line and holds no password. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const PORT_MAX = 65_535;
const PAGE_SIZE_LIMIT = 10_000;
const COUNT_LIMIT = 100_000_000;
/** A TMF body with one action is about 1 KiB; JSON is read as a whole, so it must fit memory many times over. */
const BODY_LIMIT_MIN_BYTES = 1_024;
const BODY_LIMIT_BYTES = 104_857_600;
const BODY_RATE_LIMIT = 1_048_576;
const WAIT_LIMIT_SECONDS = 3_600;
const CONNECTIONS_LIMIT = 1_000_000;
const UPLOADS_LIMIT = 16;
const ANSWER_LIMIT_BYTES = 268_435_456;
const OPERATION_COST_MIN = 10_000;
const OPERATION_COST_LIMIT = 1_000_000_000;
const POOL_SIZE_LIMIT = 1_000;
const STATEMENT_LIMIT_MIN_MS = 100;
const STATEMENT_LIMIT_MS = 3_600_000;
const SHUTDOWN_DELAY_LIMIT_SECONDS = 300;
const ISSUER_LENGTH_MAX = 100;
const KEY_DAYS_LIMIT = 3_650;
const PAYMENT_WAIT_LIMIT_SECONDS = 31_536_000;
const REPEATED_CHARGES_LIMIT = 1_000_000;
const BILL_TOTAL_LIMIT = 1_000_000_000_000;

/** Reads the configuration. Throws ConfigError. An empty variable counts as one that is not set. */
export function readConfig(env: NodeJS.ProcessEnv, mode: Mode): Config {
  const text = (name: VariableName): string => env[name]?.trim() || defaultOf(name, mode);
  const integer = (name: VariableName, min: number, max: number): number => toInteger(name, text(name), min, max);
  const choice = <T extends string>(name: VariableName, values: readonly T[]): T => toChoice(name, text(name), values);

  const config: Config = {
    mode,
    port: integer('PORT', 0, PORT_MAX),
    host: text('HOST'),
    publicUrl: toPublicUrl(text('PUBLIC_URL')),
    allowedHosts: listOf(text('ALLOWED_HOSTS')).map(toAllowedHost),
    trustedProxies: listOf(text('TRUSTED_PROXIES')).map(toNetwork),
    databaseUrl: toDatabaseUrl(text('DATABASE_URL'), mode),
    dataDir: text('DATA_DIR'),
    seed: choice('SEED', ['demo', 'none']),
    pageSizeDefault: integer('PAGE_SIZE_DEFAULT', 1, PAGE_SIZE_LIMIT),
    restPageSizeDefault: integer('REST_PAGE_SIZE_DEFAULT', 1, PAGE_SIZE_LIMIT),
    pageSizeMax: integer('PAGE_SIZE_MAX', 1, PAGE_SIZE_LIMIT),
    answerEditions: toEditions(text('ANSWER_EDITIONS')),
    countMax: integer('COUNT_MAX', 1, COUNT_LIMIT),
    bodyMaxBytes: integer('BODY_MAX_BYTES', BODY_LIMIT_MIN_BYTES, BODY_LIMIT_BYTES),
    bodyPace: {
      bytesPerSecond: integer('BODY_BYTES_PER_SECOND_MIN', 1, BODY_RATE_LIMIT),
      windowMs: integer('BODY_SLOW_SECONDS', 1, WAIT_LIMIT_SECONDS) * 1_000,
    },
    headerMaxMs: integer('HEADER_SECONDS_MAX', 1, WAIT_LIMIT_SECONDS) * 1_000,
    readerStallMs: integer('READER_STALL_SECONDS', 1, WAIT_LIMIT_SECONDS) * 1_000,
    connectionsMax: integer('CONNECTIONS_MAX', 1, CONNECTIONS_LIMIT),
    connectionsPerClientMax: integer('CONNECTIONS_PER_CLIENT_MAX', 1, CONNECTIONS_LIMIT),
    uploadsPerClientMax: integer('UPLOADS_PER_CLIENT_MAX', 1, UPLOADS_LIMIT),
    answerMaxBytes: integer('ANSWER_BYTES_MAX', BODY_LIMIT_MIN_BYTES, ANSWER_LIMIT_BYTES),
    operationCostMax: integer('OPERATION_COST_MAX', OPERATION_COST_MIN, OPERATION_COST_LIMIT),
    databasePoolSize: integer('DATABASE_POOL_SIZE', 1, POOL_SIZE_LIMIT),
    readStatementMaxMs: integer('READ_STATEMENT_MAX_MS', STATEMENT_LIMIT_MIN_MS, STATEMENT_LIMIT_MS),
    reportStatementMaxMs: integer('REPORT_STATEMENT_MAX_MS', STATEMENT_LIMIT_MIN_MS, STATEMENT_LIMIT_MS),
    shutdownDelaySeconds: integer('SHUTDOWN_DELAY_SECONDS', 0, SHUTDOWN_DELAY_LIMIT_SECONDS),
    logLevel: choice('LOG_LEVEL', logLevels),
    isIntrospectionEnabled: choice('INTROSPECTION', ['on', 'off']) === 'on',
    corsOrigins: toOrigins(text('CORS_ORIGINS')),
    timeZone: toTimeZone(text('OPERATOR_TIME_ZONE')),
    billIssuer: toIssuer(text('BILL_ISSUER')),
    areJobsRun: choice('BACKGROUND_JOBS', ['on', 'off']) === 'on',
    paymentWaitSeconds: integer('PAYMENT_WAIT_SECONDS', 1, PAYMENT_WAIT_LIMIT_SECONDS),
    idempotencyKeyDays: integer('IDEMPOTENCY_KEY_DAYS', 1, KEY_DAYS_LIMIT),
    billRepeatedChargesMax: integer('BILL_REPEATED_CHARGES_MAX', 1, REPEATED_CHARGES_LIMIT),
    billTotalMax: text('BILL_TOTAL_MAX') === '' ? undefined : integer('BILL_TOTAL_MAX', 1, BILL_TOTAL_LIMIT),
    extensionSchemaDir: text('EXTENSION_SCHEMA_DIR') || undefined,
    isWorkSimulated: choice('SIMULATE_WORK', ['on', 'off']) === 'on',
  };
  if (/\s/.test(config.host)) refuse('HOST', config.host, 'it is one host name or address');
  if (mode === 'serve' && config.publicUrl === undefined && config.allowedHosts.length === 0) {
    throw new ConfigError('neither PUBLIC_URL nor ALLOWED_HOSTS is set; serve needs to know what clients call it');
  }
  if (mode === 'serve' && config.seed === 'demo') {
    refuse('SEED', 'demo', 'demonstration data is only written in sandbox mode');
  }
  if (config.pageSizeDefault > config.pageSizeMax) {
    refuse('PAGE_SIZE_DEFAULT', `${config.pageSizeDefault}`, `it is above PAGE_SIZE_MAX, ${config.pageSizeMax}`);
  }
  if (config.restPageSizeDefault > config.pageSizeMax) {
    // Who only makes pages smaller means those of TMF REST as well.
    if (env['REST_PAGE_SIZE_DEFAULT']?.trim()) {
      refuse(
        'REST_PAGE_SIZE_DEFAULT',
        `${config.restPageSizeDefault}`,
        `it is above PAGE_SIZE_MAX, ${config.pageSizeMax}`,
      );
    }
    config.restPageSizeDefault = config.pageSizeMax;
  }
  if (config.answerMaxBytes < config.bodyMaxBytes) {
    // Who only takes larger bodies means to read them, too.
    if (env['ANSWER_BYTES_MAX']?.trim()) {
      refuse(
        'ANSWER_BYTES_MAX',
        `${config.answerMaxBytes}`,
        `it is below BODY_MAX_BYTES, ${config.bodyMaxBytes}: what was sent could not be read`,
      );
    }
    config.answerMaxBytes = config.bodyMaxBytes;
  }
  return config;
}

/** The default as one looks it up; the empty string when there is none. */
function defaultOf(name: VariableName, mode: Mode): string {
  const variable: Variable = configVariables.find((candidate) => candidate.name === name)!;
  return (typeof variable.default === 'object' ? variable.default[mode] : variable.default) ?? '';
}

function toInteger(name: VariableName, value: string, min: number, max: number): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) refuse(name, value, `it is an integer from ${min} to ${max}`);
  return number;
}

function toChoice<T extends string>(name: VariableName, value: string, values: readonly T[]): T {
  return values.find((candidate) => candidate === value) ?? refuse(name, value, `it is one of ${values.join(', ')}`);
}

function toPublicUrl(value: string): string | undefined {
  if (value === '') return undefined;
  const url = toHttpUrl(value);
  const isBare = url && !url.username && !url.password && !value.includes('?') && !value.includes('#');
  if (!isBare || value.endsWith('/')) {
    refuse('PUBLIC_URL', value, 'it is an http or https URL without slash at the end, query or user');
  }
  return value;
}

function toDatabaseUrl(value: string, mode: Mode): string | undefined {
  if (value === '') {
    if (mode === 'serve') throw new ConfigError('DATABASE_URL is not set; serve needs a PostgreSQL database');
    return undefined;
  }
  // How the rest is written is the driver's affair, which takes forms that URL does not.
  if (!/^postgres(ql)?:\/\/./.test(value)) {
    // Where a password stands in something that is no such URL cannot be known: only the scheme is repeated.
    refuse(
      'DATABASE_URL',
      value.replace(/^([a-z]+:\/\/)?.*$/is, '$1…'),
      'it is a URL that begins with postgres:// or postgresql://',
    );
  }
  return value;
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A port is allowed and left out: it does not count. */
function toAllowedHost(value: string): string {
  const isSuffix = value.startsWith('*.');
  const name = isSuffix ? value.slice(2) : value;
  const url = `http://${isIP(name) === 6 ? `[${name}]` : name}`;
  const isName = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(url.slice('http://'.length)) && URL.canParse(url);
  const hostname = isName ? new URL(url).hostname.replace(/\.$/, '') : '';
  if (hostname === '' || (isSuffix && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)) {
    refuse('ALLOWED_HOSTS', value, 'it is a name, an address or *.suffix, like api.example.com or *.example.com');
  }
  return isSuffix ? `*.${hostname}` : hostname;
}

function toNetwork(value: string): string {
  const [address = '', prefix, ...more] = value.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (bits === 0 || !isPrefix || more.length > 0)
    refuse('TRUSTED_PROXIES', value, 'it is an address or a network, like 127.0.0.1 or 10.0.0.0/8');
  return value;
}

function toEditions(value: string): Record<string, string> {
  const pairs = value
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, api, edition] = /^(TMF\d+)=(\w+)$/.exec(pair) ?? [];
      return api && edition
        ? [api, edition]
        : refuse('ANSWER_EDITIONS', pair, 'an edition is written like TMF654=swagger');
    }),
  );
}

function toOrigins(value: string): string[] {
  const origins = listOf(value);
  for (const origin of origins) {
    if (toHttpUrl(origin)?.origin !== origin) {
      refuse('CORS_ORIGINS', origin, 'an origin is written like https://studio.apollographql.com');
    }
  }
  return origins;
}

function toTimeZone(value: string): string {
  return isTimeZone(value)
    ? value
    : refuse('OPERATOR_TIME_ZONE', value, 'it is the IANA name of a time zone, like Europe/Berlin');
}

function toIssuer(value: string): string {
  return value.length <= ISSUER_LENGTH_MAX
    ? value
    : refuse('BILL_ISSUER', value, `it has at most ${ISSUER_LENGTH_MAX} characters`);
}

function toHttpUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function refuse(name: VariableName, value: string, rule: string): never {
  throw new ConfigError(`cannot use ${name} '${withoutPassword(value)}': ${rule}`);
}

/** On one line, and without what stands before an @. */
function withoutPassword(value: string): string {
  return value.replaceAll(/\s+/g, ' ').replace(/^([a-z]+:\/\/)?.*@/i, '$1***@');
}
