import { randomUUID } from 'node:crypto';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';

/** An import task, as the server represents it. */
export interface ImportTask {
  id: string;
  status: string;
  lines: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  linesPerSecond?: number;
  message?: string;
  errorLog: string;
}

export interface LineProblem {
  line: number;
  code: string;
  message: string;
}

/** The server refuses: repeating the request would not help. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The server does not answer, or answers 5xx: the request may be repeated. */
export class Unreachable extends Error {}

const importPath = '/tmf-api/usageManagement/v4/importJob';
const answerMaxMs = 30_000;

/** Calls the import resource of a running server. Every method throws Refused or Unreachable. */
export class ImportClient {
  private readonly base: string;
  private readonly key = randomUUID();

  /** `credential` is a token or an API key, where the server wants one. */
  constructor(
    url: string,
    private readonly credential: string | undefined,
  ) {
    this.base = url.replace(/\/+$/, '') + importPath;
  }

  /** Creates the task; repeated calls return the same one. */
  async make(mode: string, contentType: string): Promise<ImportTask> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': this.key };
    return JSON.parse(
      await this.call('', { method: 'POST', headers, body: JSON.stringify({ mode, contentType }) }),
    ) as ImportTask;
  }

  async task(id: string): Promise<ImportTask> {
    return JSON.parse(await this.call(`/${id}`)) as ImportTask;
  }

  /** Returns the refused lines; of very many, the first. */
  async problems(id: string): Promise<LineProblem[]> {
    const lines = (await this.call(`/${id}/errorLog`)).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LineProblem);
  }

  private async call(
    path: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<string> {
    let answer: Response;
    let text: string;
    try {
      const headers = { ...init.headers, ...this.authorization() };
      answer = await fetch(this.base + path, { ...init, headers, signal: AbortSignal.timeout(answerMaxMs) });
      text = await answer.text();
    } catch (error) {
      const { message, cause } = error as Error;
      throw new Unreachable(cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message);
    }
    requireAccepted(answer.status, text);
    return text;
  }

  private authorization(): Record<string, string> {
    return this.credential === undefined ? {} : { Authorization: `Bearer ${this.credential}` };
  }

  /** Sends the file and resolves when the server has it all; `onBytes` is called with the size of each piece sent. */
  send(
    id: string,
    source: Readable,
    { contentType, isPacked }: { contentType: string; isPacked: boolean },
    onBytes: (count: number) => void,
  ): Promise<void> {
    const url = new URL(`${this.base}/${id}/content`);
    const headers = {
      ...this.authorization(),
      'Content-Type': contentType,
      ...(isPacked && { 'Content-Encoding': 'gzip' }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
        method: 'PUT',
        headers,
        agent: false,
      });
      outgoing.on('error', (error) => reject(new Unreachable(error.message)));
      outgoing.on('response', (response) => {
        void textOf(response)
          .then((text) => requireAccepted(response.statusCode ?? 0, text))
          .then(resolve, reject)
          // A server that refuses is not sent the rest.
          .finally(() => outgoing.destroy());
      });
      source.on('data', (chunk: Buffer) => onBytes(chunk.length));
      pipeline(source, outgoing, () => undefined);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const part of response) text += part as string;
  } catch (error) {
    throw new Unreachable((error as Error).message);
  }
  return text;
}

function requireAccepted(status: number, text: string): void {
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
