import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { Context } from '../../../graphql/context.js';
import type { SignedLink, SignedLinks } from '../../../graphql/files/signed-link.js';
import { URL_LENGTH_MAX } from '../../../rest-compat/limits.js';
import { invalid } from '../../domain/input.js';
import type { Clock } from '../../platform/clock.js';
import type { Principal } from '../../platform/principal.js';
import { Unauthenticated } from '../authentication/unauthenticated.js';
import type { SigningKey } from './signing-keys.js';

/** AES-CBC and HMAC-SHA256: what a link says about its maker, ids and numbers among it, is read by nobody. */
const encryption = 'A128CBC-HS256';
const management = 'dir';
/** What tells links from all else that such keys may ever be used for. */
const audience = 'file';
const parameter = 'signature';

/** The file that an address leads to. */
export interface FileAddress {
  /** The right that it takes. */
  readonly operation: string;
  /** Resource, id and part; a path of its own is the part. */
  readonly typeName: string;
  readonly id: string;
  readonly part: string;
  /** The query string without the signature, as it is written. */
  readonly query: string;
}

/** A request for a file that comes with a signature instead of a token. */
export interface SignedRequest {
  readonly signature: string;
  readonly file: FileAddress;
}

interface Claims {
  readonly file: readonly string[];
  readonly who: Principal;
}

/** Which files there are. */
export interface FileAddresses {
  /** The file that GET of a path gives; undefined: none. */
  fileAt(path: string, query: string): FileAddress | undefined;
  /** Throws what its GET would refuse this client with: FORBIDDEN where the right is missing, NOT_FOUND where it is not there. */
  requireFile(context: Context, file: FileAddress): Promise<void>;
}

export interface SignedLinksOptions {
  readonly keys: readonly SigningKey[];
  readonly clock: Clock;
  readonly secondsMax: number;
  files(): FileAddresses;
}

/**
 * Links to files that need no header, for browsers. A link says in secret who made it, and counts as a request of theirs:
 * what they may do and see is asked again when it is used.
 */
export class AppSignedLinks implements SignedLinks {
  constructor(private readonly options: SignedLinksOptions) {}

  async make(context: Context, url: string, expiresIn: number | null | undefined): Promise<SignedLink> {
    const { clock, secondsMax, keys } = this.options;
    const seconds = expiresIn ?? secondsMax;
    if (seconds < 1 || seconds > secondsMax)
      throw invalid('expiresIn', `must be 1 to ${secondsMax} seconds: the limit SIGNED_LINK_SECONDS is ${secondsMax}`);
    const file = this.fileAt(url, context.origin);
    await this.options.files().requireFile(context, file);
    const [key] = keys;
    if (key === undefined) throw new Error('there is a signing key');
    // Whole seconds, as RFC 7519 counts: not before what was asked for.
    const expiresAt = new Date(Math.ceil(clock.now().getTime() / 1_000 + seconds) * 1_000);
    const claims = { file: named(file), who: context.principal } satisfies Claims;
    const signature = await new EncryptJWT(claims)
      .setProtectedHeader({ alg: management, enc: encryption, kid: key.kid })
      .setAudience(audience)
      .setExpirationTime(expiresAt)
      .encrypt(key.key);
    const signed = `${url}${file.query === '' ? '?' : '&'}${parameter}=${signature}`;
    if (signed.length > URL_LENGTH_MAX)
      throw invalid(
        'url',
        `would have ${signed.length} characters with its signature, which carries all that is yours: the limit URL_LENGTH_MAX is ${URL_LENGTH_MAX}`,
      );
    return { url: signed, expiresAt };
  }

  private fileAt(url: string, origin: string): FileAddress {
    const path = url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
    const question = path.indexOf('?');
    const [before, query] = question < 0 ? [path, ''] : [path.slice(0, question), path.slice(question + 1)];
    const file = path.startsWith('/') && !path.includes('#') ? this.options.files().fileAt(before, query) : undefined;
    if (file === undefined || hasSignature(query))
      throw invalid('url', 'is not the address of a file of this server, as its resources give it');
    return file;
  }

  /** Who made the link. Throws Unauthenticated when it is not as it was made, of another file, or expired. */
  async principalOf({ signature, file }: SignedRequest): Promise<Principal> {
    const { keys, clock } = this.options;
    let claims: Claims;
    try {
      const { payload } = await jwtDecrypt<Claims>(
        signature,
        ({ kid }) => {
          const known = keys.find((one) => one.kid === kid);
          if (known === undefined)
            throw new Unauthenticated('the key of the link is not known any more', 'invalid_token');
          return known.key;
        },
        {
          audience,
          currentDate: clock.now(),
          requiredClaims: ['exp'],
          keyManagementAlgorithms: [management],
          contentEncryptionAlgorithms: [encryption],
        },
      );
      claims = payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Unauthenticated('the link is expired', 'invalid_token');
      if (error instanceof errors.JOSEError) throw new Unauthenticated('the signature is wrong', 'invalid_token');
      throw error;
    }
    if (JSON.stringify(claims.file) !== JSON.stringify(named(file)))
      throw new Unauthenticated('the signature is of another file', 'invalid_token');
    return claims.who;
  }
}

/** Only GET, and HEAD with it, can be signed; so the method is in the name. */
function named({ typeName, id, part, query }: FileAddress): string[] {
  return ['GET', typeName, id, part, query];
}

function hasSignature(query: string): boolean {
  return query.split('&').some(isSignature);
}

const isSignature = (one: string): boolean => one === parameter || one.startsWith(`${parameter}=`);

/** Parts a query string from the signature in it; undefined where it has none. */
export function partSignature(rawQuery: string): { signature: string; query: string } | undefined {
  const all = rawQuery.split('&');
  const signatures = all.filter(isSignature);
  if (signatures.length === 0) return undefined;
  return {
    // Several are none of ours.
    signature: signatures.map((one) => one.slice(parameter.length + 1)).join('&'),
    query: all.filter((one) => !isSignature(one)).join('&'),
  };
}
