import { createHash } from 'node:crypto';
import { DomainError } from '../src/platform/errors.js';
import { INT_MAX } from '../src/platform/limits.js';
import type { RestRequest } from './http.js';

export const jsonType = 'application/json';

/** Characters of a hash in an ETag: 96 bits. */
const hashLength = 16;

/**
 * The version of a resource as an ETag; with a hash where the answer is not the resource alone and whole, and may
 * change without it.
 */
export function eTag(revision: number, hash?: string): string {
  return hash === undefined ? `"${revision}"` : `"${revision}-${hash}"`;
}

/** The hash of an answer for its ETag. */
export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, hashLength);
}

/** If-None-Match: whether the client has this very answer; a weak tag is one that was compressed. */
export function isNotModified(headers: { readonly 'if-none-match'?: string | undefined }, tag: string): boolean {
  const header = headers['if-none-match'];
  return header !== undefined && (header.trim() === '*' || tagsOf(header).includes(tag.slice(1, -1)));
}

/** If-Match: the revisions that the client accepts, whatever form of the resource it saw; undefined: any. */
export function acceptedRevisions({ headers }: RestRequest): readonly number[] | undefined {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  return tagsOf(header).flatMap((tag) => {
    const revision = Number(/^(0|[1-9]\d{0,9})(?:-|$)/.exec(tag)?.[1] ?? NaN);
    return revision <= INT_MAX ? [revision] : [];
  });
}

/** What stands between the quotes of each ETag, weak or not. */
function tagsOf(header: string): string[] {
  return [...header.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag = '']) => tag);
}

/** 415 unless the body is of one of these types; where there is none, the first. */
export function requireMediaType(request: RestRequest, types: readonly string[]): string {
  const given = mediaTypeOf(request.headers['content-type']) ?? types[0] ?? '';
  if (types.includes(given)) return given;
  throw new DomainError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Content-Type '${given}' is not supported here, but ${types.join(', ')}`,
  );
}

/** The offered media type that the client likes best, the first where it says nothing; 406 when it accepts none. */
export function acceptableType(request: RestRequest, offered: readonly string[]): string {
  const accept = request.headers['accept'];
  const isAny = accept === undefined || accept.trim() === '' || accept === '*/*';
  const type = isAny ? offered[0] : request.preferred(offered);
  if (type !== undefined) return type;
  throw new DomainError(
    'NOT_ACCEPTABLE',
    `only ${offered.join(', ')} ${offered.length > 1 ? 'are' : 'is'} offered, '${(accept ?? '').slice(0, 100)}' accepts none of it`,
  );
}

/** The media type that a Content-Type names, in lower case and without parameters; undefined when there is none. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  return header?.split(';', 1)[0]?.trim().toLowerCase();
}
