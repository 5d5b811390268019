import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isNotModified } from '../../../rest-compat/headers.js';
import { endEmpty, endWith } from './answer.js';

/** Characters of the hash in an ETag: 132 bits. */
const tagLength = 22;

/** What stays the same until the server is another, with its ETag. */
export interface Tagged {
  readonly content: string | Buffer;
  readonly tag: string;
}

export function tagged(content: string | Buffer): Tagged {
  return { content, tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, tagLength)}"` };
}

/** Ends an answer, whose headers must be set, with the content, or with 304 where the client has it. */
export function endWithTagged(request: IncomingMessage, response: ServerResponse, { content, tag }: Tagged): void {
  response.setHeader('ETag', tag);
  if (isNotModified(request.headers, tag)) {
    response.statusCode = 304;
    endEmpty(request, response);
  } else endWith(request, response, content);
}
