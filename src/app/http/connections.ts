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

/** The requests of one connection. */
interface RequestQueue {
  /** The answer in progress. */
  current: ServerResponse | undefined;
  waiting: (() => void)[];
}

/**
 * Keeps one client from taking all connections, and one connection from taking all the work. Pipelined requests are answered one
 * by one, each after the answer before it was sent. While one waits, the connection is not read, so that no answers are made
 * for a client that does not read them.
 */
export class Connections {
  private readonly counts = new Map<string, number>();
  private open = 0;
  private readonly refused = new Set<Socket>();
  private readonly queues = new WeakMap<Socket, RequestQueue>();
  /** Connections without a request so far. */
  private readonly unused = new Set<Socket>();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly addresses: Addresses,
  ) {}

  /** Applies the limits to all connections of a server. */
  guard(server: Server): void {
    server.on('connection', (socket: Socket) => this.admit(socket));
    // Time without a byte in either direction. A client that waits for an answer in progress is not cut off.
    server.timeout = this.settings.readerStallMs;
    server.on('timeout', (socket: Socket) => {
      const isWaiting = this.queues.get(socket)?.current !== undefined && socket.writableLength === 0;
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
      // Node's own limit (maxConnections) would send the connection round and round between full workers.
      if (this.refused.size >= REFUSED_CONNECTIONS_MAX) {
        socket.destroy();
        return;
      }
      this.refused.add(socket);
      socket.once('close', () => this.refused.delete(socket));
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
    this.unused.add(socket);
    socket.once('close', () => {
      this.open -= 1;
      this.unused.delete(socket);
      const left = (this.counts.get(client) ?? 1) - 1;
      if (left === 0) this.counts.delete(client);
      else this.counts.set(client, left);
    });
  }

  /** Closes the connections on which nothing has come: Node does not count them as idle. */
  closeUnused(): void {
    for (const socket of this.unused) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Calls `work` when the request is next on its connection. */
  take(request: IncomingMessage, response: ServerResponse, work: Take): void {
    const { socket } = request;
    if (this.refused.has(socket)) return;
    this.unused.delete(socket);
    const queue = this.queueOf(socket);
    if (queue.current === undefined) {
      this.begin(queue, socket, response, () => work(request, response));
      return;
    }
    // Node hands out every request that it has read, even while the socket is paused.
    if (queue.waiting.length > PIPELINED_REQUESTS_MAX) return;
    const isOneTooMany = queue.waiting.length === PIPELINED_REQUESTS_MAX;
    queue.waiting.push(() =>
      this.begin(queue, socket, response, () =>
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

  /** Leaves a connection to another protocol; false: it is being closed, or an answer on it is still due. */
  handOver(socket: Socket): boolean {
    this.unused.delete(socket);
    if (this.refused.has(socket)) return false;
    if (this.queues.get(socket)?.current === undefined) return true;
    socket.destroy();
    return false;
  }

  private begin(queue: RequestQueue, socket: Socket, response: ServerResponse, work: () => void): void {
    queue.current = response;
    response.once('close', () => {
      queue.current = undefined;
      if (queue.waiting.length === 0 || !socket.writable) return;
      const next = queue.waiting.shift();
      if (queue.waiting.length === 0) socket.resume();
      next?.();
    });
    work();
  }

  private queueOf(socket: Socket): RequestQueue {
    let queue = this.queues.get(socket);
    if (queue === undefined) {
      const created: RequestQueue = { current: undefined, waiting: [] };
      queue = created;
      this.queues.set(socket, queue);
      // Node reads on at the end of each request.
      socket.on('resume', () => {
        if (created.waiting.length > 0) socket.pause();
      });
      socket.once('close', () => (created.waiting.length = 0));
    }
    return queue;
  }
}

function refusalOf(limit: string, max: number, what: string): DomainError {
  return limitExceeded(limit, max, what, undefined, 'UNAVAILABLE');
}
