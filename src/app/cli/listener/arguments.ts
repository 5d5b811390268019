import { parseArgs } from 'node:util';
import { WrongUse } from '../administration/command.js';

/** What the command was called with. */
export interface ListenerArguments {
  readonly host: string;
  readonly port: number;
  /** What deliveries are verified by; undefined: by that of the registration, if one is made. */
  readonly secret: string | undefined;
  /** Where a registration is made; undefined: nowhere. */
  readonly register: URL | undefined;
  /** Where the server reaches the listener; undefined: as it listens. */
  readonly callback: string | undefined;
  readonly query: string | undefined;
  /** Parts of the deliveries that are answered by an error, and not at all. */
  readonly fail: number;
  readonly hang: number;
  readonly delayMs: number;
}

const delayMax = 600_000;

export const help = `tmf-balance-server listener [options]
  Listens for events, prints each that arrives in one line (when it happened, its name, the id of the
  resource, the attempt, and whether it is verified), and answers 204.
  --port <number>      where it listens (9000); 0: any free port
  --host <address>     the address it listens at (127.0.0.1)
  --secret <secret>    that of the registration, which signatures are verified by
  --register <url>     registers itself, and deletes that at its end: at a hub
                       (http://localhost:4000/tmf-api/usageManagement/v4/hub), or at a server
                       (http://localhost:4000) for the events of all APIs
  --query <query>      with --register: which events, e.g. eventType=BucketCreateEvent
  --callback <url>     with --register: where the server reaches it (http://<host>:<port>/listener)
  --fail <part>        answers this part of the deliveries 503, from 0 to 1 (0)
  --hang <part>        answers this part of them never, from 0 to 1 (0)
  --delay <ms>         answers after so many milliseconds (0)
  --help               this text
The environment variable LISTENER_SECRET has the secret as well, and TMF_API_KEY the API key or the token
by which it registers, where the server wants one.
Examples:
  tmf-balance-server listener --register http://localhost:4000 --query eventType=BucketCreateEvent
Exit code: 0 it was ended by a signal, 1 it cannot listen or the server refused, 2 wrong use.
`;

/** Parses the arguments; undefined when help is asked for. Throws WrongUse. */
export function readArguments(
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ListenerArguments | undefined {
  const values = parsed(given);
  if (values.help) return undefined;
  const { host, query, callback } = values;
  const register = values.register === undefined ? undefined : urlOf('register', values.register);
  if (register === undefined && (query !== undefined || callback !== undefined))
    throw new WrongUse('--query and --callback go with --register');
  if (callback !== undefined) urlOf('callback', callback);
  const secret = values.secret ?? (environment['LISTENER_SECRET'] || undefined);
  const [fail, hang] = [partOf('fail', values.fail), partOf('hang', values.hang)];
  if (fail + hang > 1) throw new WrongUse('--fail and --hang are more than all deliveries together');
  const port = numberOf('port', values.port, 65_535);
  const delayMs = numberOf('delay', values.delay, delayMax);
  return { host, port, secret, register, callback, query, fail, hang, delayMs };
}

function parsed(given: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        port: { type: 'string', default: '9000' },
        host: { type: 'string', default: '127.0.0.1' },
        secret: { type: 'string' },
        register: { type: 'string' },
        query: { type: 'string' },
        callback: { type: 'string' },
        fail: { type: 'string', default: '0' },
        hang: { type: 'string', default: '0' },
        delay: { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

function urlOf(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new WrongUse(`--${name} '${text}' is no http or https address`);
  return url;
}

function numberOf(name: string, text: string, max: number): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) > max)
    throw new WrongUse(`--${name} '${text}' is no number from 0 to ${max}`);
  return Number(text);
}

function partOf(name: string, text: string): number {
  if (!/^\d(\.\d{1,9})?$/.test(text) || Number(text) > 1)
    throw new WrongUse(`--${name} '${text}' is no part from 0 to 1`);
  return Number(text);
}
