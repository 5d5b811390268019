import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.js';

/** What is read of an answer, which says nothing but its status. */
const answerBytesMax = 16_384;
/** Connections to one host that are kept for the next event, and how long. */
const idleSocketsMax = 4;
const idleMs = 30_000;

export interface PostSettings {
  /** Whether addresses may be called that the internet does not have. */
  readonly mayCallPrivate: boolean;
  /** For all of it; the connection may take half of that. */
  readonly timeoutMs: number;
  /** Finds the addresses of a name; that of the system where none is given. */
  readonly resolve?: Resolve;
}

/** Tells the addresses of a name, or why there is none. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface Message {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Aborting it ends the call. */
  readonly signal: AbortSignal;
}

/** Sends one message; undefined: it was taken (2xx). Else why not, in words for people. */
export type Post = (message: Message) => Promise<string | undefined>;

/** Why a host that is an address may not be called; undefined: it may, or it is a name. */
export function refusedAddress(
  { hostname }: URL,
  { mayCallPrivate }: Pick<PostSettings, 'mayCallPrivate'>,
): string | undefined {
  // A URL has decimal, octal and hexadecimal forms of IPv4 as four numbers already.
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 || mayCallPrivate || isPublicAddress(host) ? undefined : `${host} is no public address`;
}

/** A name is resolved once for a connection: the addresses that were looked at are those that are connected to. */
function checkedLookup({ mayCallPrivate, resolve = lookup }: PostSettings): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || first === undefined)
        return callback(error ?? Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), '', 4);
      const refused = mayCallPrivate ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      if (refused)
        return callback(new Error(`${hostname} leads to ${refused.address}, which is no public address`), '', 4);
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/** Sends messages by POST: http and https, no proxies, no redirects. Connections are kept until it is closed. */
export function createPost(settings: PostSettings): { readonly post: Post; close(): void } {
  const options = {
    keepAlive: true,
    maxFreeSockets: idleSocketsMax,
    timeout: idleMs,
    lookup: checkedLookup(settings),
  };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  const post: Post = async (message) => {
    const refused = refusedAddress(message.url, settings);
    if (refused !== undefined) return refused;
    const first = await send(message, agents, settings.timeoutMs);
    // The receiver closed a connection that had been kept, at the moment of the next message.
    return first.isStale ? (await send(message, agents, settings.timeoutMs)).problem : first.problem;
  };
  return {
    post,
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Sent {
  readonly problem: string | undefined;
  readonly isStale?: boolean;
}

function send(
  { url, headers, body, signal }: Message,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
  timeoutMs: number,
): Promise<Sent> {
  return new Promise((done) => {
    const isSecure = url.protocol === 'https:';
    const sent = { 'Content-Length': String(Buffer.byteLength(body)), ...headers };
    const request: ClientRequest = isSecure
      ? httpsRequest(url, { method: 'POST', headers: sent, agent: agents.https, signal })
      : httpRequest(url, { method: 'POST', headers: sent, agent: agents.http, signal });
    const timers: NodeJS.Timeout[] = [];
    const end = (answer: Sent): void => {
      timers.forEach(clearTimeout);
      done(answer);
    };
    const giveUpAfter = (ms: number, what: string): NodeJS.Timeout => {
      const timer = setTimeout(() => request.destroy(new Error(`${what} within ${ms} ms`)), ms);
      timers.push(timer);
      return timer;
    };
    giveUpAfter(timeoutMs, 'it did not answer');
    const connecting = giveUpAfter(Math.ceil(timeoutMs / 2), 'there was no connection');
    request.on('socket', (socket) => {
      if (!socket.connecting) clearTimeout(connecting);
      else socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      end({ problem: problemOf(error), isStale: request.reusedSocket && error.code === 'ECONNRESET' }),
    );
    let isAnswered = false;
    request.on('response', (answer) => {
      isAnswered = true;
      const { statusCode = 0 } = answer;
      const problem = statusCode >= 200 && statusCode < 300 ? undefined : `it answered ${statusCode}`;
      drain(answer, (isWhole) => end({ problem: problem ?? (isWhole ? undefined : 'its answer was cut off') }));
    });
    // Of a protocol that it switches to there is neither answer nor error.
    request.on('close', () => {
      if (!isAnswered) end({ problem: 'the connection was closed without an answer' });
    });
    request.end(body);
  });
}

/** The connection can be used again when all of the answer was read; of one that is too long it is cut, which counts as whole. */
function drain(answer: IncomingMessage, end: (isWhole: boolean) => void): void {
  let bytes = 0;
  const isTooLong = (): boolean => bytes > answerBytesMax;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (isTooLong()) answer.destroy();
  });
  const over = (): void => end(answer.complete || isTooLong());
  answer.on('error', over);
  answer.on('close', over);
}

function problemOf({ code, message }: NodeJS.ErrnoException): string {
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    ENOTFOUND: 'its name is not known',
  };
  return (code !== undefined && Object.hasOwn(known, code) && known[code]) || message;
}
