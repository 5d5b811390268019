import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import Negotiator from 'negotiator';
import type { Config } from '../../platform/config.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { isLoopback } from '../../platform/loopback.js';
import type { Addresses } from './addresses.js';

/** Apollo's hosted Sandbox, which talks to servers on the user's machine. */
export const sandboxOrigin = 'https://studio.apollographql.com';
const exposedHeaders = [
  'ETag',
  'Last-Modified',
  'Location',
  'Link',
  'X-Total-Count',
  'X-Result-Count',
  'Content-Range',
  'Idempotency-Replayed',
  'X-Operation-Cost',
  'X-Database-Position',
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'Retry-After',
];
const preflightMaxAgeSeconds = 600;

/** RFC 9110 §9.2.1: methods that change nothing. */
export const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Values of Sec-Fetch-Site for requests that no page of another origin caused. */
const ownSites = new Set(['same-origin', 'none']);

/** Decides which pages of other origins may call the server and read its answers. */
export class OriginPolicy {
  private readonly allowed: ReadonlySet<string>;
  private readonly publicOrigin: string | undefined;
  private readonly allowCors: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

  constructor(
    { mode, corsOrigins, publicUrl }: Pick<Config, 'mode' | 'corsOrigins' | 'publicUrl'>,
    private readonly addresses: Addresses,
  ) {
    this.allowed = new Set(mode === 'sandbox' ? [sandboxOrigin, ...corsOrigins] : corsOrigins);
    this.publicOrigin = publicUrl && new URL(publicUrl).origin;
    const shared = { exposedHeaders, maxAge: preflightMaxAgeSeconds };
    const open = { ...shared, origin: true };
    const closed = { ...shared, origin: [] };
    this.allowCors = cors((request: IncomingMessage, done: (error: null, options: object) => void) =>
      done(null, this.isAllowed(request, request.headers.origin ?? '') ? open : closed),
    );
  }

  /** Answers a CORS preflight. To any other request it adds the CORS headers that an allowed page needs, and calls `next`. */
  handle(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    // An OPTIONS that is no preflight is answered by the resource.
    const isPlain = request.method === 'OPTIONS' && request.headers['access-control-request-method'] === undefined;
    if (request.headers.origin === undefined || isPlain) next();
    else this.allowCors(request, response, next);
  }

  /**
   * Returns the refusal of a request that a page of another origin caused (cross-site request forgery), or undefined. Only
   * requests that may change something, and all of GraphQL, are checked. Programs send neither Origin nor Sec-Fetch-Site.
   */
  refusal(request: IncomingMessage, isGraphql: boolean): DomainError | undefined {
    if (!isGraphql && safeMethods.has(request.method ?? '')) return undefined;
    const { origin, 'sec-fetch-site': site } = request.headers;
    if (origin === undefined && site === undefined) return undefined;
    const isOwn = site !== undefined && ownSites.has(String(site));
    if (
      origin === undefined ? isOwn || isVisit(request) : origin !== 'null' && (isOwn || this.isAllowed(request, origin))
    )
      return undefined;
    const source =
      origin === undefined ? `Sec-Fetch-Site is '${abbreviated(String(site))}'` : `Origin is '${abbreviated(origin)}'`;
    return new DomainError(
      'FOREIGN_PAGE',
      `pages of other origins may not call this: ${source}; CORS_ORIGINS tells which may`,
    );
  }

  private isAllowed(request: IncomingMessage, origin: string): boolean {
    if (
      this.allowed.has(origin) ||
      origin === this.publicOrigin ||
      origin === this.addresses.requestedOriginOf(request)
    )
      return true;
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    return (
      url.origin === origin &&
      url.protocol === 'http:' &&
      isLoopback(url.hostname) &&
      Number(url.port || 80) === request.socket.localPort
    );
  }
}

/** Whether a user follows a link to the page at /graphql. With a query it is no such visit: without the page it would run. */
function isVisit({ method, url = '', headers }: IncomingMessage): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document', accept = '' } = headers;
  if (method !== 'GET' || mode !== 'navigate' || destination !== 'document' || !accept.includes('text/html'))
    return false;
  const question = url.indexOf('?');
  return question < 0 || !new URLSearchParams(url.slice(question + 1)).has('query');
}

/** What /graphql answers besides its page, as Apollo offers it. */
const offeredBeforePages = [
  'application/json; charset=utf-8',
  'application/graphql-response+json; charset=utf-8',
  'multipart/mixed; deferSpec=20220824',
  'multipart/mixed; incrementalSpec=v0.2',
  'multipart/mixed',
];

/** Whether a request is a browser's that wants a page: programs want JSON, or do not say. A page is shown and nothing run. */
export function isPageVisit({ method, headers: { accept } }: IncomingMessage): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || accept === undefined) return false;
  return new Negotiator({ headers: { accept } }).mediaType([...offeredBeforePages, 'text/html']) === 'text/html';
}
