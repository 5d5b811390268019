import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DomainError } from '../../platform/errors.js';
import type { Addresses } from './addresses.js';
import { refuseGraphql, setCommonHeaders } from './answer.js';
import type { Connections } from './connections.js';
import { graphqlPath } from './paths.js';
import type { OriginPolicy } from './origins.js';
import { inRequest } from './request-trace.js';

/** Takes over a connection that is to speak WebSocket. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * A request to which an Upgrade means something only where it asks GraphQL for WebSocket. Node treats it as any other one
 * otherwise: there are clients that offer HTTP/2 with every first request. A tunnel (CONNECT) is offered to nobody.
 */
export class UpgradableMessage extends IncomingMessage {
  private asked = false;

  get upgrade(): boolean {
    return this.asked && (this.method === 'CONNECT' || isWebSocket(this));
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked === true;
  }
}

function isWebSocket({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && graphqlPath.test(url ?? '');
}

/** Hands connections on that may speak WebSocket: pages of other origins are refused as they are by requests. */
export function upgradesBy(
  upgrade: Upgrade,
  { addresses, origins, connections }: { addresses: Addresses; origins: OriginPolicy; connections: Connections },
): (request: IncomingMessage, socket: Socket, head: Buffer) => void {
  return (request, socket, head) => {
    // Code that uses the connection listens to 'close'; an 'error' without a listener would end the process.
    socket.on('error', () => socket.destroy());
    if (!connections.handOver(socket)) return;
    inRequest(request, () => {
      const refusal = addresses.normalize(request) ?? origins.refusal(request, true);
      if (refusal) refuse(request, socket, refusal);
      else upgrade(request, socket, head);
    });
  };
}

function refuse(request: IncomingMessage, socket: Socket, refusal: DomainError): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  setCommonHeaders(response);
  response.setHeader('Connection', 'close');
  response.once('finish', () => socket.end());
  refuseGraphql(request, response, refusal);
}
