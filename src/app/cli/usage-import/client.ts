import { randomUUID } from 'node:crypto';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';

/** An import as the server tells of it. */
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

/** The server says no: to ask again would not help. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The server does not answer, or not now. */
export class Unreachable extends Error {}

const importPath = '/tmf-api/usageManagement/v4/importJob';
const answerMaxMs = 30_000;

/** Talks to the import of a running server. Everything throws Refused or Unreachable. */
export class ImportClient {
  private readonly base: string;
  private readonly key = randomUUID();

  constructor(url: string) {
    this.base = url.replace(/\/+$/, '') + importPath;
  }

  /** Makes the task; the same one, however often it is asked for. */
  async make(mode: string, contentType: string): Promise<ImportTask> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': this.key };
    return JSON.parse(
      await this.call('', { method: 'POST', headers, body: JSON.stringify({ mode, contentType }) }),
    ) as ImportTask;
  }

  async task(id: string): Promise<ImportTask> {
    return JSON.parse(await this.call(`/${id}`)) as ImportTask;
  }

  /** The lines that were refused; of very many the first. */
  async problems(id: string): Promise<LineProblem[]> {
    const lines = (await this.call(`/${id}/errorLog`)).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LineProblem);
  }

  private async call(path: string, init: RequestInit = {}): Promise<string> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(this.base + path, { ...init, signal: AbortSignal.timeout(answerMaxMs) });
      text = await answer.text();
    } catch (error) {
      const { message, cause } = error as Error;
      throw new Unreachable(cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message);
    }
    requireTaken(answer.status, text);
    return text;
  }

  /** Sends the file; `onBytes` hears how many bytes are on their way. */
  send(
    id: string,
    source: Readable,
    { contentType, isPacked }: { contentType: string; isPacked: boolean },
    onBytes: (count: number) => void,
  ): Promise<void> {
    const url = new URL(`${this.base}/${id}/content`);
    const headers = { 'Content-Type': contentType, ...(isPacked && { 'Content-Encoding': 'gzip' }) };
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
        method: 'PUT',
        headers,
        agent: false,
      });
      outgoing.on('error', (error) => reject(new Unreachable(error.message)));
      outgoing.on('response', (response) => {
        void textOf(response)
          .then((text) => requireTaken(response.statusCode ?? 0, text))
          .then(resolve, reject)
          // A server that says no need not be sent the rest.
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

function requireTaken(status: number, text: string): void {
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
