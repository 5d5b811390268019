import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../platform/config.js';
import type { DomainError } from '../../platform/errors.js';
import { limitExceeded } from '../../platform/limits.js';
import { PIPELINED_REQUESTS_MAX, REFUSED_CONNECTIONS_MAX } from '../limits.js';
import { networkOf, plainAddress, type Addresses } from './addresses.js';
import { endRaw } from './answer.js';

export type ConnectionSettings = Pick<Config, 'connectionsMax' | 'connectionsPerClientMax' | 'readerStallMs'>;

type Take = (request: IncomingMessage, response: ServerResponse) => void;

/** A connection on which there has been a request. */
interface Line {
  /** The answer that is being made or sent. */
  current: ServerResponse | undefined;
  waiting: (() => void)[];
}

/**
 * Keeps one client from having all connections, and one connection from having all the work: requests that come on it one
 * behind the other (pipelining) are answered one by one, each when the answer before has left us. While one waits nothing more
 * is read, so that a client that takes no answers gets none made.
 */
export class Connections {
  private readonly counts = new Map<string, number>();
  private open = 0;
  private readonly refused = new WeakSet<Socket>();
  private readonly lines = new WeakMap<Socket, Line>();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly addresses: Addresses,
  ) {}

  guard(server: Server): void {
    const { connectionsMax, readerStallMs } = this.settings;
    server.maxConnections = connectionsMax + REFUSED_CONNECTIONS_MAX;
    server.on('connection', (socket: Socket) => this.admit(socket));
    // Time without a byte in either direction. Who waits for an answer that is being made is not to blame for that.
    server.timeout = readerStallMs;
    server.on('timeout', (socket: Socket) => {
      const isWaiting = this.lines.get(socket)?.current !== undefined && socket.writableLength === 0;
      if (!isWaiting) socket.destroy();
    });
  }

  private admit(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress);
    const client = networkOf(address);
    const own = this.counts.get(client) ?? 0;
    const { connectionsMax, connectionsPerClientMax } = this.settings;
    const isFull = this.open >= connectionsMax;
    if (isFull || (own >= connectionsPerClientMax && !this.addresses.isProxy(address))) {
      this.refused.add(socket);
      const refusal = isFull
        ? refusalOf('CONNECTIONS_MAX', connectionsMax, 'the server has too many connections, try again later')
        : refusalOf(
            'CONNECTIONS_PER_CLIENT_MAX',
            connectionsPerClientMax,
            'this client has too many connections, try again later',
          );
      endRaw(socket, refusal);
      return;
    }
    this.open += 1;
    this.counts.set(client, own + 1);
    socket.once('close', () => {
      this.open -= 1;
      const left = (this.counts.get(client) ?? 1) - 1;
      if (left === 0) this.counts.delete(client);
      else this.counts.set(client, left);
    });
  }

  /** Hands on a request when it is its turn. */
  take(request: IncomingMessage, response: ServerResponse, work: Take): void {
    const { socket } = request;
    if (this.refused.has(socket)) return;
    const line = this.lineOf(socket);
    if (line.current === undefined) {
      this.begin(line, socket, response, () => work(request, response));
      return;
    }
    // What node has read already it hands out, however much that is.
    if (line.waiting.length > PIPELINED_REQUESTS_MAX) return;
    const isOneTooMany = line.waiting.length === PIPELINED_REQUESTS_MAX;
    line.waiting.push(() =>
      this.begin(line, socket, response, () =>
        isOneTooMany
          ? endRaw(
              socket,
              refusalOf('PIPELINED_REQUESTS_MAX', PIPELINED_REQUESTS_MAX, 'too many requests wait on this connection'),
            )
          : work(request, response),
      ),
    );
    socket.pause();
  }

  private begin(line: Line, socket: Socket, response: ServerResponse, work: () => void): void {
    line.current = response;
    response.once('close', () => {
      line.current = undefined;
      if (line.waiting.length === 0 || !socket.writable) return;
      const next = line.waiting.shift();
      if (line.waiting.length === 0) socket.resume();
      next?.();
    });
    work();
  }

  private lineOf(socket: Socket): Line {
    let line = this.lines.get(socket);
    if (line === undefined) {
      const created: Line = { current: undefined, waiting: [] };
      line = created;
      this.lines.set(socket, line);
      // Node reads on at the end of each request.
      socket.on('resume', () => {
        if (created.waiting.length > 0) socket.pause();
      });
      socket.once('close', () => (created.waiting.length = 0));
    }
    return line;
  }
}

function refusalOf(limit: string, max: number, what: string): DomainError {
  return limitExceeded(limit, max, what, undefined, 'UNAVAILABLE');
}
