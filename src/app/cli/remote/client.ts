import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../../../platform/start-error.js';
import { WrongUse } from '../administration/command.js';
import type { Progress } from '../progress.js';

/** The server refuses: repeating the request would not help. */
export class Refused extends StartError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The server does not answer, or answers 5xx: the request may be repeated. */
export class Unreachable extends StartError {}

/** Attempts in a row before giving up; the pauses between them come to 105 seconds. */
const triesMax = 15;
const pauseMaxMs = 10_000;
const firstPauseMs = 500;
const answerMaxMs = 30_000;

/** Options of every command that asks a running server. */
export const serverOptions = { url: { type: 'string', default: 'http://127.0.0.1:4000' } } as const;

/** Their part of the help. */
export const serverHelp = `  --url <url>     the server (${serverOptions.url.default})
  --help          this text
The environment variable TMF_API_KEY has the API key or the token, where the server wants one.`;

export interface CallInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Calls one API of a running server. Every method throws Refused or Unreachable. */
export class ServerClient {
  protected readonly base: string;
  private readonly credential: string | undefined = process.env['TMF_API_KEY'] || undefined;

  /** Throws WrongUse when that is no address. */
  constructor(url: string, path: string) {
    if (!/^https?:\/\/[^/]+/.test(url) || !URL.canParse(url)) throw new WrongUse(`--url '${url}' is no http address`);
    this.base = url.replace(/\/+$/, '') + path;
  }

  /** A resource, or several, as TMF REST represents them. */
  async json<T>(path: string, init?: CallInit): Promise<T> {
    return JSON.parse(await this.call(path, init)) as T;
  }

  /** Makes a resource; repeated with the same key it is the same one. */
  post<T>(path: string, body: object, key: string): Promise<T> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
    return this.json<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async call(path: string, init: CallInit = {}): Promise<string> {
    let answer: Response;
    let text: string;
    try {
      answer = await this.open(path, init, AbortSignal.timeout(answerMaxMs));
      text = await answer.text();
    } catch (error) {
      throw unreachable(error);
    }
    requireAccepted(answer.status, text);
    return text;
  }

  /** An answer whose body is still to come. Throws what fetch throws. */
  protected open(path: string, init: CallInit = {}, signal?: AbortSignal): Promise<Response> {
    const headers = { ...init.headers, ...this.authorization() };
    return fetch(this.base + path, { ...init, headers, ...(signal && { signal }) });
  }

  protected authorization(): Record<string, string> {
    return this.credential === undefined ? {} : { Authorization: `Bearer ${this.credential}` };
  }
}

/** What fetch throws, in words. */
export function unreachable(error: unknown): Unreachable {
  const { message, cause } = error as Error;
  return new Unreachable(cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message);
}

/** Throws Refused or Unreachable where an answer is no success. */
export function requireAccepted(status: number, text: string): void {
  if (status < 400) return;
  const message = messageOf(text);
  throw status >= 500 ? new Unreachable(message) : new Refused(status, message);
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: string }).message);
  } catch {
    return text.slice(0, 200) || 'no answer';
  }
}

/** Repeats the work while the server is unreachable, as it may be restarting. */
export async function withRetries<T>(progress: Progress | undefined, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable) || tries === triesMax) throw error;
      const pauseMs = Math.min(firstPauseMs * 2 ** (tries - 1), pauseMaxMs);
      progress?.say(`${error.message}: trying again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs);
    }
  }
}
