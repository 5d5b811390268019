import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import type { Config } from '../../platform/config.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { isLoopback, type Addresses } from './addresses.js';

/** Apollo's hosted Sandbox, which talks to servers on the user's machine. */
const sandboxOrigin = 'https://studio.apollographql.com';
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
];
const preflightMaxAgeSeconds = 600;

/** RFC 9110 §9.2.1: they change nothing. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** What Fetch Metadata says of requests that no foreign page has caused. */
const ownSites = new Set(['same-origin', 'none']);

/** Which pages of other origins may call, and read what they get. */
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

  /** Answers a preflight; to whatever else it adds what lets an allowed page read the answer, and goes on. */
  handle(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    // An OPTIONS that is no preflight asks the resource itself what it allows.
    const isPlain = request.method === 'OPTIONS' && request.headers['access-control-request-method'] === undefined;
    if (request.headers.origin === undefined || isPlain) next();
    else this.allowCors(request, response, next);
  }

  /**
   * Why a request that changes something, or asks GraphQL, is not answered: a page of another origin has caused it, with the
   * user's place in the network. Programs send neither Origin nor Sec-Fetch-Site.
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
    if (this.allowed.has(origin) || origin === this.publicOrigin || origin === this.addresses.calledOf(request))
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

/** Somebody follows a link to the page that stands at the address of GraphQL. One that asks something is no such link. */
function isVisit({ method, url = '', headers }: IncomingMessage): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document', accept = '' } = headers;
  if (method !== 'GET' || mode !== 'navigate' || destination !== 'document' || !accept.includes('text/html'))
    return false;
  const question = url.indexOf('?');
  return question < 0 || !new URLSearchParams(url.slice(question + 1)).has('query');
}
