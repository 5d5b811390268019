import { DomainError } from '../src/platform/errors.js';
import type { RestRequest } from './http.js';

/** The version of a resource as an ETag. */
export function eTag(revision: number): string {
  return `"${revision}"`;
}

/** Whether a list of ETags, weak ones included, or `*`, names this version. */
export function matchesETag(header: string | undefined, revision: number): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === eTag(revision));
}

/** The client's condition on the version: absent, it accepts any. */
export function ifMatch(request: RestRequest): (revision: number) => boolean {
  const header = request.headers['if-match'];
  return (revision) => header === undefined || matchesETag(header, revision);
}

/** 415 unless the body is of one of these types; where there is none, the first. */
export function requireMediaType(request: RestRequest, types: readonly string[]): string {
  const given = mediaType(request.headers['content-type'] ?? types[0] ?? '');
  if (types.includes(given)) return given;
  throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `Content-Type '${given}' is not supported here, but ${types.join(', ')}`);
}

/** 406 unless JSON is among what the client accepts. */
export function requireAcceptable(request: RestRequest): void {
  const accept = request.headers['accept'];
  if (accept === undefined || accept.trim() === '' || accept === '*/*' || request.acceptsJson()) return;
  throw new DomainError('NOT_ACCEPTABLE', `only application/json is offered, '${accept.slice(0, 100)}' does not accept it`);
}

function mediaType(header: string): string {
  return (header.split(';')[0] ?? '').trim().toLowerCase();
}
