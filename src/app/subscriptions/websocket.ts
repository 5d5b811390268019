import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { parse, type GraphQLError, type GraphQLSchema } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { enterTenant } from '../../platform/database/tenant-scope.js';
import { DomainError } from '../../platform/errors.js';
import type { Principal } from '../../platform/principal.js';
import type { Gate } from '../http/gate.js';
import { shownErrors } from '../http/graphql.js';
import { inRequest } from '../http/request-trace.js';
import { toRefusal } from '../refusal.js';
import { withCredentials } from './credentials.js';
import { refused, type Asked, type Results, type Subscriptions } from './subscriptions.js';

/** How long a client may take to say who it is. */
const initMs = 10_000;
/** How often it is asked whether it is still there; it has as long to answer. */
const pingMs = 15_000;
/** Bytes that wait to be taken by a client, above which no more events are made for it. */
const waitingBytesMax = 65_536;
/** The same above which nothing more is read from it: it asks, and does not take the answers. */
const unreadBytesMax = 1_048_576;
/** How long a closing handshake may take. */
const closeMs = 1_000;
/** Bytes of the reason of a close (RFC 6455 §5.5). */
const reasonBytesMax = 123;

/** Why a connection is closed, beside what graphql-ws and RFC 6455 have. */
const closeCodes = { goingAway: 1001, tryAgain: 1013, internal: 4500, forbidden: 4403, tooSlow: 4413 } as const;

/** What graphql-ws wants to see of a subscription that has begun. */
const anySubscription = parse('subscription { events }');

export interface WebSocketOptions {
  readonly schema: GraphQLSchema;
  readonly subscriptions: Subscriptions;
  readonly gate: Gate;
  principalOf(request: IncomingMessage): Principal;
  /** Whether work of a tenant runs in its scope. */
  readonly isScoped: boolean;
  readonly messageMaxBytes: number;
  readonly stallMs: number;
  readonly logger: Logger;
}

/** GraphQL over WebSocket (graphql-ws), for subscriptions. */
export class WebSockets {
  private readonly server: WebSocketServer;
  private readonly sessions = new Set<Session>();
  private isClosing = false;

  constructor(private readonly options: WebSocketOptions) {
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.messageMaxBytes,
      handleProtocols,
      // Each connection would take hundreds of kilobytes for it.
      perMessageDeflate: false,
    });
  }

  /** Takes a connection over. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isClosing) {
      socket.destroy();
      return;
    }
    this.server.handleUpgrade(request, socket, head, (client) => {
      const session = new Session(client, request, this.options);
      this.sessions.add(session);
      client.once('close', () => this.sessions.delete(session));
    });
  }

  /** Tells all clients that the server goes away; those that do not answer soon are cut off. */
  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all([...this.sessions].map((session) => session.end(closeCodes.goingAway, 'the server stops')));
  }
}

type Closed = (code?: number, reason?: string) => Promise<void>;

/** One connection. */
class Session {
  /** Who it is said to come from, once that is known. */
  private request: IncomingMessage | undefined;
  private tenantId: string | undefined;
  private isAlive = true;
  private readonly waiting = new Set<() => void>();
  /** What was begun and has not ended. graphql-ws forgets one of two that a client begins with the same id. */
  private readonly begun = new Set<Results>();

  constructor(
    private readonly client: WebSocket,
    private readonly opening: IncomingMessage,
    private readonly options: WebSocketOptions,
  ) {
    const closed = this.open();
    const pings = setInterval(() => this.ping(), pingMs);
    client.on('pong', () => (this.isAlive = true));
    // What is wrong with a message closes the connection, with the code that RFC 6455 has for it.
    client.on('error', () => undefined);
    client.once('close', (code, reason) => {
      clearInterval(pings);
      this.wake();
      for (const results of this.begun) void results.return(undefined);
      closed(code, reason.toString()).catch((error: unknown) => void toRefusal(error, options.logger));
    });
  }

  /** Closes the connection, and cuts it off where the client does not answer. */
  end(code: number, reason: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.client.readyState === this.client.CLOSED) {
        resolve();
        return;
      }
      const cut = setTimeout(() => this.client.terminate(), closeMs);
      this.client.once('close', () => {
        clearTimeout(cut);
        resolve();
      });
      this.client.close(code, shortened(reason));
    });
  }

  private open(): Closed {
    const { client } = this;
    const { logger, schema } = this.options;
    return makeServer<Record<string, unknown>>({
      connectionInitWaitTimeout: initMs,
      onConnect: ({ connectionParams }) => this.connect(connectionParams),
      onSubscribe: async (_connection, _id, { query, operationName, variables }) => {
        const begun = await this.begin({ query, operationName, variables });
        // It has begun; graphql-ws is only to hand its results on.
        if (Symbol.asyncIterator in begun)
          return { schema, document: anySubscription, contextValue: this.paced(begun) };
        return begun;
      },
      subscribe: ({ contextValue }) => contextValue as Results,
      onNext: (_connection, _id, _payload, _args, { data, errors }) => ({
        data,
        ...(errors && { errors: shownErrors(errors, logger) }),
      }),
      onError: (_connection, _id, _payload, errors) => shownErrors(errors, logger),
    }).opened(
      {
        protocol: client.protocol,
        send: (text) => this.send(text),
        close: (code = 1000, reason = '') => void this.end(code, reason),
        onMessage: (take) => client.on('message', (data: Buffer) => this.receive(data.toString(), take)),
      },
      {},
    );
  }

  private async connect(sent: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    const request = withCredentials(this.opening, sent);
    const refusal = await this.admit(request);
    if (refusal) {
      void this.end(closeCodeOf(refusal), refusal.message);
      return false;
    }
    this.request = request;
    this.tenantId = this.options.principalOf(request).tenantId;
    return true;
  }

  /** Each subscription is let in, and counted, as a request of its own. */
  private async begin(asked: Asked): Promise<Results | readonly GraphQLError[]> {
    const request = withCredentials(this.request ?? this.opening, undefined);
    const refusal = await this.admit(request);
    if (refusal?.code === 'UNAUTHENTICATED') void this.end(closeCodes.forbidden, refusal.message);
    return refusal ? [refused(refusal)] : this.options.subscriptions.begin(request, asked);
  }

  /** Undefined: it is let in. */
  private admit(request: IncomingMessage): Promise<DomainError | undefined> {
    return new Promise((resolve) => {
      const late = setTimeout(
        () => resolve(new DomainError('UNAVAILABLE', 'it cannot be found out in time who you are')),
        initMs,
      );
      const answer = (refusal?: DomainError): void => {
        clearTimeout(late);
        resolve(refusal);
      };
      // Nobody sees this answer: the gate writes its headers there.
      const response = new ServerResponse(request);
      this.options.gate(
        request,
        response,
        (_request, _response, refusal) => answer(refusal),
        () => answer(),
      );
    });
  }

  /** Makes the next event when what was made before it is on its way. */
  private paced(results: Results): Results {
    this.begun.add(results);
    // It took too long to begin.
    if (this.client.readyState === this.client.CLOSED) void results.return(undefined);
    const generator: Omit<Results, typeof Symbol.asyncDispose> = {
      next: async () => {
        await this.room();
        try {
          const next = await results.next();
          if (next.done) this.begun.delete(results);
          return next;
        } catch (error) {
          this.begun.delete(results);
          const refusal = toRefusal(error, this.options.logger);
          if (!endsAll.has(refusal.code)) throw refused(refusal);
          void this.end(closeCodeOf(refusal), refusal.message);
          return { done: true, value: undefined };
        }
      },
      return: () => {
        this.begun.delete(results);
        return results.return(undefined);
      },
      throw: (error) => {
        this.begun.delete(results);
        return results.throw(error);
      },
      [Symbol.asyncIterator]: () => generator as Results,
    };
    return generator as Results;
  }

  private async room(): Promise<void> {
    while (this.client.readyState === this.client.OPEN && this.client.bufferedAmount > waitingBytesMax)
      await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const go of this.waiting) go();
    this.waiting.clear();
  }

  /** Resolves when the message is on its way; a client that does not take it in time is dropped. */
  private send(text: string): Promise<void> {
    const { client } = this;
    if (client.readyState !== client.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const stalled = setTimeout(() => {
        this.options.subscriptions.drop();
        void this.end(closeCodes.tooSlow, 'events were not taken in time');
      }, this.options.stallMs);
      client.send(text, () => {
        clearTimeout(stalled);
        this.wake();
        resolve();
      });
    });
  }

  private receive(text: string, take: (text: string) => Promise<void>): void {
    if (this.client.bufferedAmount > unreadBytesMax) {
      this.client.terminate();
      return;
    }
    const work = (): void =>
      void take(text).catch((error: unknown) => {
        toRefusal(error, this.options.logger);
        return this.end(closeCodes.internal, 'Internal server error');
      });
    inRequest(this.opening, () => {
      if (this.options.isScoped && this.tenantId !== undefined) enterTenant(this.tenantId, work);
      else work();
    });
  }

  private ping(): void {
    if (!this.isAlive) {
      this.client.terminate();
      return;
    }
    this.isAlive = false;
    this.client.ping();
  }
}

/** Refusals that concern all of a connection. */
const endsAll: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'UNAVAILABLE']);

/** Clients of graphql-ws come again after each of these, and say anew who they are. */
function closeCodeOf({ code }: DomainError): number {
  return code === 'UNAVAILABLE' || code === 'RATE_LIMITED' ? closeCodes.tryAgain : closeCodes.forbidden;
}

function shortened(reason: string): string {
  const bytes = Buffer.from(reason);
  return bytes.length <= reasonBytesMax ? reason : `${bytes.subarray(0, reasonBytesMax - 6).toString()}...`;
}
