import { createHash } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import { abbreviated } from '../../platform/errors.js';
import { principalOfClaims, type Claimed, type ClaimSettings } from './claims.js';
import { Unauthenticated } from './unauthenticated.js';

/** Tokens that are remembered as verified, by their hashes ... */
const verifiedMax = 10_000;
/** ... and for how long: a key that the issuer withdraws counts no longer than this for what it had signed. */
const verifiedMs = 10_000;

export type TokenSettings = ClaimSettings &
  Pick<Config, 'authIssuer' | 'authAudience' | 'authAlgorithms' | 'authClockSkewSeconds'>;

interface Verified {
  readonly claimed: Claimed;
  readonly until: number;
}

/** Verifies the tokens of one issuer: JSON Web Tokens, signed by a key of its own. */
export class Tokens {
  private readonly verified = new LRUCache<string, Verified>({ max: verifiedMax });

  constructor(
    private readonly keyOf: JWTVerifyGetKey,
    private readonly settings: TokenSettings,
    private readonly clock: Clock,
  ) {}

  /** Whose token it is. Throws Unauthenticated, or UNAVAILABLE when the issuer would have to be asked and does not answer. */
  claimedBy(token: string): Claimed | Promise<Claimed> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.verified.get(hash);
    if (known && known.until > this.clock.now().getTime()) return known.claimed;
    return this.verify(token, hash);
  }

  private async verify(token: string, hash: string): Promise<Claimed> {
    const { authIssuer, authAudience, authAlgorithms, authClockSkewSeconds } = this.settings;
    const now = this.clock.now();
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.keyOf, {
        algorithms: authAlgorithms,
        audience: authAudience,
        ...(authIssuer !== undefined && { issuer: authIssuer }),
        requiredClaims: ['exp', 'sub'],
        clockTolerance: authClockSkewSeconds,
        currentDate: now,
      }));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new Unauthenticated(reasonOf(error), 'invalid_token');
      throw error;
    }
    const claimed = principalOfClaims(payload, this.settings);
    const expiry = ((payload.exp ?? 0) + authClockSkewSeconds) * 1_000;
    this.verified.set(hash, { claimed, until: Math.min(expiry, now.getTime() + verifiedMs) });
    return claimed;
  }
}

/** What is wrong with a token, in words of ours: those of jose change with its versions. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token is expired';
  if (error instanceof errors.JWTClaimValidationFailed) return reasonOfClaim(error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is wrong';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token is signed by an algorithm that is not accepted here';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token is signed by a key that its issuer does not have';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'the token does not say which of several keys it is signed by';
  return 'the token is no signed JSON Web Token';
}

function reasonOfClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `the token has no claim ${abbreviated(claim)}`;
  if (claim === 'nbf') return 'the token is not valid yet';
  if (claim === 'aud') return 'the token was made for another service';
  if (claim === 'iss') return 'the token is of another issuer';
  return `the claim ${abbreviated(claim)} of the token cannot be used`;
}
