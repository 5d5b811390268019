import type { z } from 'zod';
import { auditSettings } from './audit-settings.js';
import { authSettings } from './auth-settings.js';
import { databaseSettings } from './database-settings.js';
import { eventSettings } from './event-settings.js';
import { quotaSettings } from './quota-settings.js';
import { retentionSettings } from './retention-settings.js';
import { subscriptionSettings } from './subscription-settings.js';
import { tracingSettings } from './tracing-settings.js';
import { watchingSettings } from './watching-settings.js';
import {
  allowedHost,
  anyText,
  choice,
  editions,
  hostName,
  integer,
  listOf,
  network,
  onOrOff,
  origin,
  publicUrl,
  secondsAsMs,
  shortText,
  timeZone,
} from './setting-values.js';

/** sandbox: try it out, everything has a default. serve: production, the database must be named. */
export type Mode = 'sandbox' | 'serve';

/** One setting: how it is named, read, checked and documented. */
export interface Setting {
  /** Its name in Config. */
  key: string;
  /** The text that counts when it is not set; undefined when it may be absent. */
  default: string | undefined | Readonly<Record<Mode, string>>;
  /** Reads and checks the text. */
  schema: z.ZodType<unknown, string>;
  /** For docs/configuration.md. */
  meaning: string;
  /** What a number counts. */
  unit?: string;
  /** The part of a refused value that may be repeated. */
  shown?: (text: string) => string;
}

const HOUR_SECONDS = 3_600;
const YEAR_SECONDS = 31_536_000;
const PAGE_SIZE_LIMIT = 10_000;

/**
 * Every setting, read from the environment variable of its name, in the order of docs/configuration.md. To add one,
 * declare it here, which gives its type, default, check and documentation, and run npm run contract.
 */
export const settings = {
  PORT: {
    key: 'port',
    default: '4000',
    schema: integer(0, 65_535),
    meaning: 'port to listen on; 0 takes a free one',
  },
  HOST: { key: 'host', default: '127.0.0.1', schema: hostName, meaning: 'address to listen on; 0.0.0.0 for all' },
  PUBLIC_URL: {
    key: 'publicUrl',
    default: undefined,
    schema: publicUrl,
    meaning: 'URL under which clients reach the server, used in href and Location; no slash at its end',
  },
  ALLOWED_HOSTS: {
    key: 'allowedHosts',
    default: '',
    schema: listOf(allowedHost),
    meaning:
      'further names that clients may call the server by: names, addresses or `*.suffix`, separated by commas; serve needs these or PUBLIC_URL',
  },
  TRUSTED_PROXIES: {
    key: 'trustedProxies',
    default: '',
    schema: listOf(network),
    meaning: 'addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-Host, -Proto and -For count',
  },
  ...authSettings,
  ...auditSettings,
  ...quotaSettings,
  ...eventSettings,
  ...subscriptionSettings,
  ...databaseSettings,
  SEED: {
    key: 'seed',
    default: { sandbox: 'demo', serve: 'none' },
    schema: choice(['demo', 'kit', 'none']),
    meaning:
      'what an empty database begins with: demo, a small operator with three months behind it; kit, the little that conformance kits need; only in sandbox',
  },
  PAGE_SIZE_DEFAULT: {
    key: 'pageSizeDefault',
    default: '100',
    schema: integer(1, PAGE_SIZE_LIMIT),
    unit: 'items',
    meaning: 'size of a GraphQL page when the request names none; at most PAGE_SIZE_MAX',
  },
  REST_PAGE_SIZE_DEFAULT: {
    key: 'restPageSizeDefault',
    default: '1000',
    schema: integer(1, PAGE_SIZE_LIMIT),
    unit: 'items',
    meaning:
      'size of a TMF REST list when the request names none, since those clients expect everything; at most PAGE_SIZE_MAX, which it follows downwards',
  },
  PAGE_SIZE_MAX: {
    key: 'pageSizeMax',
    default: '1000',
    schema: integer(1, PAGE_SIZE_LIMIT),
    unit: 'items',
    meaning: 'size of a page at most',
  },
  ANSWER_EDITIONS: {
    key: 'answerEditions',
    default: '',
    schema: editions,
    meaning:
      'edition of the answers of an API where a request chooses none, e.g. TMF654=swagger; several separated by commas',
  },
  COUNT_MAX: {
    key: 'countMax',
    default: '10000',
    schema: integer(1, 100_000_000),
    unit: 'rows',
    meaning: 'where counting the matches of a query stops',
  },
  COUNT_WAIT_MS: {
    key: 'countWaitMs',
    default: '50',
    schema: integer(1, 10_000),
    unit: 'ms',
    meaning: 'how long an answer waits for the number of all matches, once its page is there; then it comes without',
  },
  BODY_MAX_BYTES: {
    key: 'bodyMaxBytes',
    default: '1048576',
    // A TMF body with one action is about 1 KiB. JSON is read as a whole, so it must fit memory many times over.
    schema: integer(1_024, 104_857_600),
    unit: 'bytes',
    meaning: 'size of a request body at most',
  },
  BODY_BYTES_PER_SECOND_MIN: {
    key: 'bodyBytesPerSecondMin',
    default: '1024',
    schema: integer(1, 1_048_576),
    unit: 'bytes per second',
    meaning: 'what a client must send of a body, files included, on average; a slower one gets 408',
  },
  BODY_SLOW_SECONDS: {
    key: 'bodySlowMs',
    default: '20',
    schema: secondsAsMs(HOUR_SECONDS),
    unit: 'seconds',
    meaning: 'how long a client may send a body more slowly than that',
  },
  HEADER_SECONDS_MAX: {
    key: 'headerMaxMs',
    default: '20',
    schema: secondsAsMs(HOUR_SECONDS),
    unit: 'seconds',
    meaning: 'time for the header of a request',
  },
  READER_STALL_SECONDS: {
    key: 'readerStallMs',
    default: '60',
    schema: secondsAsMs(HOUR_SECONDS),
    unit: 'seconds',
    meaning: 'a connection is cut when its client takes nothing of its answer for this long',
  },
  CONNECTIONS_MAX: {
    key: 'connectionsMax',
    default: '4096',
    schema: integer(1, 1_000_000),
    unit: 'connections',
    meaning: 'connections of clients at once, of each worker; further ones get 503',
  },
  CONNECTIONS_PER_CLIENT_MAX: {
    key: 'connectionsPerClientMax',
    default: '512',
    schema: integer(1, 1_000_000),
    unit: 'connections',
    meaning: 'the same for one address, of IPv6 one /64; TRUSTED_PROXIES are exempt',
  },
  UPLOADS_PER_CLIENT_MAX: {
    key: 'uploadsPerClientMax',
    default: '8',
    schema: integer(1, 16),
    unit: 'files',
    meaning: 'files that one client sends to a worker at once, of 16 in all',
  },
  ANSWER_BYTES_MAX: {
    key: 'answerMaxBytes',
    default: '16777216',
    schema: integer(1_024, 268_435_456),
    unit: 'bytes',
    meaning:
      'size of an answer at most, counted while it is made; at least BODY_MAX_BYTES, which it follows upwards; files are streamed and not bounded by it',
  },
  OPERATION_COST_MAX: {
    key: 'operationCostMax',
    default: '1000000',
    schema: integer(10_000, 1_000_000_000),
    unit: 'points',
    meaning: 'what one operation may cost, computed before it runs',
  },
  DATABASE_POOL_SIZE: {
    key: 'databasePoolSize',
    default: '20',
    schema: integer(1, 1_000),
    unit: 'connections',
    meaning:
      'connections of one server to PostgreSQL at most, shared out among its WORKERS, and in each among six classes of work, each of which has at least one',
  },
  READ_STATEMENT_MAX_MS: {
    key: 'readStatementMaxMs',
    default: '5000',
    schema: integer(100, HOUR_SECONDS * 1_000),
    unit: 'milliseconds',
    meaning: 'how long a statement may take that reads for a request',
  },
  REPORT_STATEMENT_MAX_MS: {
    key: 'reportStatementMaxMs',
    default: '30000',
    schema: integer(100, HOUR_SECONDS * 1_000),
    unit: 'milliseconds',
    meaning:
      'the same for what reads much: sums, orders that no index gives, counts to the end; such reads have connections of their own',
  },
  SHUTDOWN_DELAY_SECONDS: {
    key: 'shutdownDelaySeconds',
    default: { sandbox: '0', serve: '3' },
    schema: integer(0, 300),
    unit: 'seconds',
    meaning: 'how long a server that is told to stop reports that it is not ready, before it takes no more connections',
  },
  ...watchingSettings,
  ...tracingSettings,
  INTROSPECTION: {
    key: 'isIntrospectionEnabled',
    default: { sandbox: 'on', serve: 'off' },
    schema: onOrOff,
    meaning: 'on lets clients read the GraphQL schema',
  },
  PAGES: {
    key: 'arePagesShown',
    default: 'on',
    schema: onOrOff,
    meaning:
      'off shows browsers no pages: neither that for customers at /, nor the explorer at /graphql, nor /docs; clients get the same either way',
  },
  EXTENSION_SCHEMA_DIR: {
    key: 'extensionSchemaDir',
    default: undefined,
    schema: anyText,
    meaning: 'folder of JSON schemas (`*.json`) that extensions are checked by',
  },
  POLICY_FILE: {
    key: 'policyFile',
    default: undefined,
    schema: anyText,
    meaning: 'file with what roles may do (docs/rights.md); absent: the built-in policy',
  },
  CORS_ORIGINS: {
    key: 'corsOrigins',
    default: '',
    schema: listOf(origin),
    meaning: 'origins of browser pages that may call, separated by commas',
  },
  OPERATOR_TIME_ZONE: {
    key: 'timeZone',
    default: 'UTC',
    schema: timeZone,
    meaning: 'IANA time zone in which days, months and periods begin and end, e.g. Europe/Berlin',
  },
  BILL_ISSUER: {
    key: 'billIssuer',
    default: 'The operator',
    schema: shortText(100),
    meaning: 'name at the head of every bill',
  },
  BACKGROUND_JOBS: {
    key: 'areJobsEnabled',
    default: 'on',
    schema: onOrOff,
    meaning: 'off leaves background jobs to the other servers on the database',
  },
  PAYMENT_WAIT_SECONDS: {
    key: 'paymentWaitSeconds',
    default: '86400',
    schema: integer(1, YEAR_SECONDS),
    unit: 'seconds',
    meaning: 'how long an action that is to be paid first waits for its payment; then it is cancelled',
  },
  ...retentionSettings,
  BILL_REPEATED_CHARGES_MAX: {
    key: 'billRepeatedChargesMax',
    default: '15',
    schema: integer(1, 1_000_000),
    unit: 'charges',
    meaning: 'equal charges of a product within a day; a bill with more is put on hold',
  },
  BILL_TOTAL_MAX: {
    key: 'billTotalMax',
    default: undefined,
    schema: integer(1, 1_000_000_000_000),
    unit: 'of the currency of the bill',
    meaning: 'total above which a bill is put on hold',
  },
  SIMULATE_WORK: {
    key: 'isWorkSimulated',
    default: { sandbox: 'on', serve: 'off' },
    schema: onOrOff,
    meaning: 'on plays the system that does the work of orders whose category is simulated',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;
type ValueOf<S extends Setting> = z.output<S['schema']> | (undefined extends S['default'] ? undefined : never);

/** The configuration of one server: its mode, and each setting by its key, with the type that its schema reads. */
export type Config = { mode: Mode } & {
  -readonly [Name in SettingName as (typeof settings)[Name]['key']]: ValueOf<(typeof settings)[Name]>;
};

/** The rows of the table in docs/configuration.md, in Markdown. */
export function settingsTable(): string[] {
  return Object.entries<Setting>(settings).map(([name, { default: text, schema, unit, meaning }]) => {
    const values = [schema.meta()?.['values'], unit].filter(Boolean).join(' ');
    const ofMode = typeof text === 'object' ? `\`${text.sandbox}\` (sandbox), \`${text.serve}\` (serve)` : undefined;
    return `| \`${name}\` | ${ofMode ?? (text ? `\`${text}\`` : '')} | ${values} | ${meaning} |`;
  });
}
