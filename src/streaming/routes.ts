import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { WriteContext } from '../domain/changes.js';
import type { Position } from '../platform/database/positions.js';
import type { StreamOperation } from './operations.js';

/** A request for a file, and how to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Media type of the body, in lower case and without parameters; empty when there is none. */
  readonly mediaType: string;
  /** The client's address, or its network for IPv6. */
  readonly client: string;
  readonly tenantId: string;
  /** Who writes, and under which idempotency key. */
  readonly write: WriteContext;
  /** A replica that has come to this position may be read for the file; absent: none may. */
  readonly replicaAt: Position | undefined;
  /** Id of the resource in the path; empty when the path is that of the collection. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** Told what the file costs beside what is read for it, in points. */
  costs(points: number): void;
  /** Whether If-None-Match says that the client has what this ETag stands for. */
  isNotModified(tag: string): boolean;
  /** Returns the stream to write the body to, the same one each time; headers must be set before. It compresses if the client accepts that. */
  open(): Writable;
  /** Answers with a resource in the form of TMF REST; 201 carries its Location. */
  answer(status: 200 | 201, id: string): Promise<void>;
  /** Returns resources in the form of TMF REST, in the order of the ids; those that do not exist are left out. */
  represent(typeName: string, ids: readonly string[]): Promise<object[]>;
}

/** A path of TMF REST that sends or receives a file, which no GraphQL answer can carry. */
export interface StreamRoute {
  /** GET includes HEAD, whose body is dropped. */
  readonly method: 'GET' | 'POST' | 'PUT';
  /** The GraphQL type of the resource it belongs to. */
  readonly typeName: string;
  /** The right that it takes. */
  readonly operation: StreamOperation;
  /** Resources that it shows wholly, e.g. usage: none of their attributes may be hidden from who asks. */
  readonly shows?: readonly string[];
  /** The whole path, where it belongs to no resource of TMF REST. */
  readonly path?: string;
  /** Shows nothing of any customer: only who is refused is recorded. */
  readonly isImpersonal?: boolean;
  /** Path segment after the id; undefined for the collection. */
  readonly part?: string;
  /** Media types that the route accepts; bodies of others go to TMF REST. Undefined: any. */
  readonly mediaTypes?: ReadonlySet<string>;
  /** An error thrown before the answer has begun becomes a TMF error; later it closes the connection. */
  handle(exchange: Exchange): Promise<void>;
}
