import { DomainError } from '../../platform/errors.js';

/** What RFC 6750 §3.1 calls the reasons; a request that has no credentials at all is given none. */
export type TokenError = 'invalid_request' | 'invalid_token';

/** What a client may do about a refusal is not told by the name of the realm: there is one. */
const realm = 'tmf-balance';

/** Nobody knows who sends the request: it is answered with 401. */
export class Unauthenticated extends DomainError {
  constructor(
    message: string,
    readonly error?: TokenError,
  ) {
    super('UNAUTHENTICATED', message);
  }

  /** The value of WWW-Authenticate (RFC 6750 §3). */
  get challenge(): string {
    if (this.error === undefined) return `Bearer realm="${realm}"`;
    // RFC 6750 §3: a description has neither quotes nor backslashes, and is ASCII.
    const description = this.message.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
    return `Bearer realm="${realm}", error="${this.error}", error_description="${description}"`;
  }
}
