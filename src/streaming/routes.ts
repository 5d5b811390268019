import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';

/** A request for bytes on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of the body, in lower case and without parameters; empty: there is none. */
  readonly mediaType: string;
  /** The client, as far as its address shows it. */
  readonly client: string;
  readonly tenantId: string;
  readonly idempotencyKey: string | undefined;
  /** Of the resource that the address names; empty: the address is that of the collection. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** Whether If-None-Match says that the client has what this ETag stands for. */
  isNotModified(tag: string): boolean;
  /** Opens the body of the answer, whose headers are set, once: what is written there goes out compressed when the client takes that. */
  open(): Writable;
  /** Answers with a resource of ours as TMF REST gives it; 201 carries its Location. */
  answer(status: 200 | 201, id: string): Promise<void>;
  /** Resources of ours as TMF REST gives them, in the order of the ids; those that do not exist are left out. */
  represent(typeName: string, ids: readonly string[]): Promise<object[]>;
}

/** An address below TMF REST whose bytes no GraphQL answer can carry. */
export interface StreamRoute {
  /** GET stands for HEAD, too, whose body is dropped. */
  readonly method: 'GET' | 'POST' | 'PUT';
  /** The GraphQL type of the resource it belongs to. */
  readonly typeName: string;
  /** What follows the id in the address; undefined: it is the collection. */
  readonly part?: string;
  /** Media types of the body; another one is TMF REST's. Undefined: whatever comes. */
  readonly mediaTypes?: ReadonlySet<string>;
  /** What is thrown before the answer began becomes a TMF error; later it cuts the connection. */
  handle(exchange: Exchange): Promise<void>;
}
