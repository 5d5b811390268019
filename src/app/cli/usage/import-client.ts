import { randomUUID } from 'node:crypto';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { requireAccepted, ServerClient, Unreachable } from '../remote/client.js';

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

/** Calls the import resource of a running server. Every method throws Refused or Unreachable. */
export class ImportClient extends ServerClient {
  private readonly key = randomUUID();

  constructor(url: string) {
    super(url, '/tmf-api/usageManagement/v4/importJob');
  }

  /** Creates the task; repeated calls return the same one. */
  make(mode: string, contentType: string): Promise<ImportTask> {
    return this.post<ImportTask>('', { mode, contentType }, this.key);
  }

  task(id: string): Promise<ImportTask> {
    return this.json<ImportTask>(`/${id}`);
  }

  /** Returns the refused lines; of very many, the first. */
  async problems(id: string): Promise<LineProblem[]> {
    const lines = (await this.call(`/${id}/errorLog`)).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LineProblem);
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
