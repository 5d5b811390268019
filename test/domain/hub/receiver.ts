import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compileFunction } from 'node:vm';

/** What a receiver got, as it came. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: any;
}

/** How a receiver answers: a status, or never. */
export type Manner = (delivery: Delivery) => number | 'hang' | Promise<number>;

/** Somebody who is told of events. */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  private server: Server | undefined;
  private port = 0;
  manner: Manner = () => 204;

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await receiver.up();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/listener`;
  }

  /** Those that were taken, each once, in the order in which they came. */
  get events(): any[] {
    return [...new Map(this.deliveries.map(({ event }) => [event.eventId, event])).values()];
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const delivery = { headers: request.headers, body, event: JSON.parse(body) };
        void Promise.resolve(this.manner(delivery)).then((answer) => {
          if (answer === 'hang') return;
          if (answer < 300) this.deliveries.push(delivery);
          response.writeHead(answer, { location: 'http://127.0.0.1:1/' }).end();
        });
      });
    });
    this.server = server;
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise((done) => (server ? server.close(done) : done(undefined)));
  }
}

type IsSigned = (header: string, body: string, secret: string, now: number) => boolean;

/** What docs/events.md shows receivers. */
export async function documentedIsSigned(): Promise<IsSigned> {
  const [, code = ''] = /<!-- test: verify -->\s+```js\n(.*?)```/s.exec(await readFile('docs/events.md', 'utf8')) ?? [];
  const body = code.replace(/^import .*$/m, '').replace('export function', 'return function');
  return compileFunction(body, ['createHmac', 'timingSafeEqual'])(createHmac, timingSafeEqual) as IsSigned;
}
