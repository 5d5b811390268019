import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import rawBody from 'raw-body';
import { signatureProblem } from '../../hub/signature.js';
import type { ListenerArguments } from './arguments.js';

/** What a delivery may have. */
const bodyBytesMax = 4 * 1024 * 1024;
const requestMaxMs = 30_000;
const connectionsMax = 500;
/** Of what others have written, so much is printed. */
const shownMax = 200;

export type Manner = Pick<ListenerArguments, 'fail' | 'hang' | 'delayMs'>;

export interface Deliveries {
  /** By what is verified from now on; undefined: by nothing. */
  secret: string | undefined;
  readonly server: Server;
}

/** Takes deliveries, tells each in a line, and answers as it is told to. */
export function createDeliveries(manner: Manner, print: (line: string) => void): Deliveries {
  const server = createServer({ requestTimeout: requestMaxMs, headersTimeout: requestMaxMs });
  server.maxConnections = connectionsMax;
  const deliveries: Deliveries = { secret: undefined, server };
  server.on('request', (request, response) => {
    // Who leaves meanwhile wants no answer.
    response.on('error', () => undefined);
    take(request, response, manner, deliveries, print).catch(() => response.destroy());
  });
  return deliveries;
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  { fail, hang, delayMs }: Manner,
  { secret }: Deliveries,
  print: (line: string) => void,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { Allow: 'POST' }).end();
    return;
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    print(`a body that is broken off, or has more than ${bodyBytesMax} bytes: answered 413`);
    response.writeHead(413, { Connection: 'close' }).end();
    return;
  }
  const event = described(body);
  if (event === undefined) {
    print('a body that is no event: answered 400');
    response.writeHead(400).end();
    return;
  }
  const attempt = shown(request.headers['x-delivery-attempt']);
  const line = `${event} attempt ${attempt} ${verified(request.headers['x-signature'], body, secret)}`;
  const chance = Math.random();
  if (chance < hang) {
    print(`${line}, not answered`);
    return;
  }
  const status = chance < hang + fail ? 503 : 204;
  print(status === 204 ? line : `${line}, answered ${status}`);
  if (delayMs > 0) await sleep(delayMs);
  response.writeHead(status).end();
}

/** Undefined: it is too long, or does not come whole. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  try {
    return await rawBody(request, { limit: bodyBytesMax });
  } catch {
    return undefined;
  }
}

/** When it happened, what, and to which resource. */
function described(body: Buffer): string | undefined {
  try {
    const { eventTime, eventType, event } = JSON.parse(body.toString()) as Record<string, unknown>;
    const [resource] = Object.values(event as Record<string, { id?: unknown }>);
    return [eventTime, eventType, resource?.id].map(shown).join(' ');
  } catch {
    return undefined;
  }
}

function verified(header: string | string[] | undefined, body: Buffer, secret: string | undefined): string {
  if (secret === undefined) return 'not verified: there is no secret';
  const problem = signatureProblem(String(header ?? ''), body, secret, new Date());
  return problem === undefined ? 'verified' : `NOT VERIFIED: ${problem}`;
}

/** What others have written is printed without what moves the cursor of a terminal. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : '?';
  return text.slice(0, shownMax).replaceAll(/[^\x21-\x7e]/g, '?') || '?';
}
