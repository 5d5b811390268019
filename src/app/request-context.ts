import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '../../graphql/context.js';
import type { Router } from '../../rest-compat/route.js';
import {
  later,
  positionText,
  readPosition,
  WrittenPositions,
  beyondAll,
  nowhere,
  type Position,
} from '../platform/database/positions.js';
import { Reads } from '../platform/plan/reads.js';
import type { Principal } from '../platform/principal.js';
import type { Access } from '../platform/rights/visibility.js';
import type { AuditTransport } from '../platform/audit/audit-record.js';
import type { AppContext, Contexts } from './app-context.js';
import type { Audit } from './audit/audit.js';
import type { DomainModules } from './domains/index.js';
import type { Addresses } from './http/addresses.js';
import { clientOf } from './http/client.js';
import { safeMethods } from './http/origins.js';
import { requestIdOf } from './http/request-id.js';
import { noteSender } from './http/request-trace.js';
import type { AppSignedLinks } from './links/signed-links.js';
import type { Quotas } from './quotas/quotas.js';

/** Tells a client up to where it has written; it may send it back, to any server, to read that. */
const positionHeader = 'X-Database-Position';

/** What contexts are made with. */
export interface RequestDependencies {
  readonly router: Router;
  readonly addresses: Addresses;
  readonly audit: Audit | undefined;
  readonly quotas: Quotas | undefined;
  readonly links: AppSignedLinks;
  principalOf(request: IncomingMessage): Principal;
  accessOf(principal: Principal): Access;
}

/** Where it is told how a request was answered. */
type Reply = Pick<Context, 'replayed'> & {
  /** It only reads, as far as its method says; of GraphQL the operation says it. */
  readonly mayReplicaAnswer: boolean;
  /** Told up to where the request has written. */
  wroteTo(position: Position): void;
  readonly signal: AbortSignal;
  /** Told what has been spent so far. */
  cost(points: number): void;
};

/** Creates the contexts of requests, the same for all transports. */
export function createContexts(
  { config, database, clock }: AppContext,
  { domains, due, zoneOf, tenants }: DomainModules,
  { router, addresses, audit, quotas, links, principalOf, accessOf }: RequestDependencies,
): Contexts {
  const reads = new Reads(
    database,
    { countMax: config.countMax, countWaitMs: config.countWaitMs, bytesMax: config.answerMaxBytes },
    due,
  );
  const written = database.replica && new WrittenPositions(database.replica.lagMsMax);
  const limits = { pageSizeDefault: config.pageSizeDefault, pageSizeMax: config.pageSizeMax };
  const shared = {
    ...domains,
    reads,
    limits,
    zoneOf,
    collectionOf: (typeName: string) => router.collectionOf(typeName),
  };
  const make = (request: IncomingMessage, reply: Reply, transport: AuditTransport): Context => {
    const origin = addresses.originOf(request);
    const principal = principalOf(request);
    noteSender(request, { tenant: tenants.nameOf(principal.tenantId), principal: principal.id });
    const access = accessOf(principal);
    const client = `${principal.tenantId} ${principal.kind} ${principal.id}`;
    let cost = 0;
    const own: Omit<Context, keyof typeof shared> = {
      principal,
      access,
      audit: audit?.of(principal, ({ type }) => access.rights.grantOf(`${type}:read`)?.rows === 'own', {
        address: addresses.clientOf(request),
        requestId: requestIdOf(request),
        transport,
      }),
      now: clock.now(),
      origin,
      links,
      signal: reply.signal,
      ...(written && reply.mayReplicaAnswer && { replicaAt: later(written.of(client), sentPosition(request)) }),
      wrote: async () => {
        // Where it lies is not known while the primary is away.
        const position = await database.replica?.writtenTo().catch(() => beyondAll);
        if (position === undefined) return;
        written?.note(client, position);
        if (position !== beyondAll) reply.wroteTo(position);
      },
      idempotencyKey: headerOf(request, 'idempotency-key'),
      href: (typeName, id) => origin + router.pathOf(typeName, id),
      replayed: () => reply.replayed(),
      costs: (points) => {
        cost += points;
        quotas?.spend({ address: addresses.clientOf(request), principal }, points);
        reply.cost(cost);
      },
    };
    // To spread what is shared would take longer than all else that is made for a request.
    return Object.setPrototypeOf(own, shared) as Context;
  };
  return {
    ofRequest: (request, response, transport) => make(request, replyBy(request, response, transport), transport),
    ofSubscription: (request, signal) =>
      make(
        request,
        { signal, replayed: () => undefined, mayReplicaAnswer: false, wroteTo: () => undefined, cost: () => undefined },
        'graphql',
      ),
  };
}

function replyBy({ method = '' }: IncomingMessage, response: ServerResponse, transport: AuditTransport): Reply {
  return {
    mayReplicaAnswer: transport === 'graphql' || safeMethods.has(method),
    signal: clientOf(response),
    replayed: () => void response.setHeader('Idempotency-Replayed', 'true'),
    wroteTo: (position) => {
      if (!response.headersSent) response.setHeader(positionHeader, positionText(position));
    },
    cost: (points) => {
      if (!response.headersSent) response.setHeader('X-Operation-Cost', String(points));
    },
  };
}

/** Up to where the client has written, by this server or another one. */
function sentPosition(request: IncomingMessage): Position {
  const sent = headerOf(request, positionHeader.toLowerCase());
  return sent === undefined ? nowhere : readPosition(sent);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
