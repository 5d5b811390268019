import { request, type ClientRequest } from 'node:http';
import { send, type RawAnswer } from '../fixtures/http.js';
import type { TestServer } from '../support/server.js';
import { eventually } from '../support/eventually.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';

export const usagePath = '/tmf-api/usageManagement/v4';
export const importPath = `${usagePath}/importJob`;
export const ndjson = 'application/x-ndjson';
export const csv = 'text/csv';

export type Json = Record<string, any>;

export interface File {
  content: string | Uint8Array;
  mode?: 'skipBad' | 'allOrNothing';
  type?: string;
  encoding?: string;
  key?: string;
}

type Place = Pick<TestServer, 'url'>;

/** A usage as a file has it. */
export function usage(externalId?: string, more: Json = {}): Json {
  return {
    usageSpecification: { id: 'spec-data' },
    usageDate: '2026-03-01T08:00:00.000Z',
    source: 'switch-1',
    ...(externalId && { externalId }),
    ...more,
  };
}

export function linesOf(usages: readonly Json[]): string {
  return usages.map((one) => `${JSON.stringify(one)}\n`).join('');
}

function headersOf({ type = ndjson, encoding, key }: Omit<File, 'content'>): Record<string, string> {
  return {
    'content-type': type,
    ...(encoding && { 'content-encoding': encoding }),
    ...(key && { 'idempotency-key': key }),
  };
}

/** Makes a task and sends its file in one request. */
export function post({ url }: Place, { content, mode, ...file }: File): Promise<RawAnswer> {
  return send(url, 'POST', `${importPath}${mode ? `?mode=${mode}` : ''}`, { body: content, headers: headersOf(file) });
}

/** Sends a file to the task that is there. */
export function put({ url }: Place, id: string, { content, ...file }: File, method = 'PUT'): Promise<RawAnswer> {
  return send(url, method, `${importPath}/${id}/content`, { body: content, headers: headersOf(file) });
}

/** A task without a file. */
export async function makeTask({ url }: Place, input: Json = {}): Promise<Json> {
  const { status, body } = await send(url, 'POST', importPath, {
    body: JSON.stringify(input),
    headers: { 'content-type': 'application/json' },
  });
  if (status !== 201) throw new Error(`importJob: ${status} ${JSON.stringify(body)}`);
  return body;
}

export async function taskOf({ url }: Place, id: string): Promise<Json> {
  return (await send(url, 'GET', `${importPath}/${id}`)).body;
}

/** The task when it has come to its end. */
export function ended(server: Place, id: string): Promise<Json> {
  return eventually(`import ${id} ends`, async () => {
    const task = await taskOf(server, id);
    return ['succeeded', 'failed'].includes(task['status']) ? task : undefined;
  });
}

/** Sends a file that must be received, again when it was put off, and answers the task at its end. */
export async function taken(server: Place, file: File): Promise<Json> {
  const { status, text, body } = await retryWhileBusy((key) => post(server, { key, ...file }));
  if (status !== 201) throw new Error(`importJob: ${status} ${text}`);
  return ended(server, body.id);
}

/** The figures of a task. */
export function figures({ status, lines, accepted, duplicates, rejected }: Json): unknown[] {
  return [status, lines, accepted, duplicates, rejected];
}

/** The report: line, code and message of each problem. */
export async function problemsOf({ url }: Place, id: string): Promise<Json[]> {
  const { status, text } = await send(url, 'GET', `${importPath}/${id}/errorLog`);
  if (status !== 200) throw new Error(`errorLog: ${status} ${text}`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);
}

/** Every usage there is, as REST gives it, by its externalId. */
export async function usagesOf({ url }: Place, query = ''): Promise<Json[]> {
  return (await send(url, 'GET', `${usagePath}/usage?sort=id${query}`)).body;
}

/** A request whose body is written piece by piece. */
export interface OpenUpload {
  request: ClientRequest;
  /** Writes, and resolves when it is on its way. */
  write(content: string | Uint8Array): Promise<void>;
  /** Hangs up in the middle. */
  cut(): void;
  /** Ends the body and answers. */
  end(): Promise<RawAnswer>;
  answer: Promise<RawAnswer>;
}

export function open({ url }: Place, method: string, path: string, file: Omit<File, 'content'> = {}): OpenUpload {
  const { hostname, port } = new URL(url);
  const outgoing = request({ hostname, port, method, path, headers: headersOf(file), agent: false });
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    outgoing.on('error', reject).on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: text === '' ? undefined : JSON.parse(text),
        }),
      );
      response.on('error', reject);
    });
  });
  // Whoever does not ask for it has cut it.
  answer.catch(() => undefined);
  return {
    request: outgoing,
    write: (content) =>
      new Promise((resolve, reject) => outgoing.write(content, (error) => (error ? reject(error) : resolve()))),
    cut: () => void outgoing.destroy(),
    end: () => {
      outgoing.end();
      return answer;
    },
    answer,
  };
}

/** Resolves when so many lines of the task have been received. */
export function received(server: Place, id: string, lines: number): Promise<Json> {
  return eventually(`${lines} lines of ${id} are received`, async () => {
    const task = await taskOf(server, id);
    return task['lines'] >= lines ? task : undefined;
  });
}
