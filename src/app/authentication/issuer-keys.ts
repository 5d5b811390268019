import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose';
import type { Logger } from 'pino';
import { DomainError } from '../../platform/errors.js';
import { isLoopback } from '../../platform/loopback.js';

/** Bytes of a document of the issuer. */
const documentBytesMax = 1024 ** 2;

export interface IssuerTimes {
  /** How long the issuer may take to answer. */
  readonly answerMaxMs: number;
  /** How long it is not asked again after it did not answer: requests are refused at once meanwhile. */
  readonly retryMs: number;
  /** How long it is not asked again for a key that it did not have. */
  readonly unknownKeyMs: number;
  /** After this its keys are read again, while those that are known still count ... */
  readonly renewMs: number;
  /** ... until this: then they must be read again first. */
  readonly keepMs: number;
}

const usualTimes: IssuerTimes = {
  answerMaxMs: 5_000,
  retryMs: 2_000,
  unknownKeyMs: 5_000,
  renewMs: 10 * 60_000,
  keepMs: 60 * 60_000,
};

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/**
 * The public keys of an issuer, found by OpenID Connect Discovery. An issuer that does not answer never holds up the start of
 * the server, and its keys go on to count for a while; where it has to be asked, the request is refused with UNAVAILABLE.
 */
export class IssuerKeys {
  private keys: RemoteKeys | undefined;
  private discovering: Promise<RemoteKeys> | undefined;
  private renewing: Promise<void> | undefined;
  private renewedAt = -Infinity;
  private failedAt = -Infinity;

  constructor(
    private readonly issuer: string,
    private readonly logger: Logger,
    private readonly times = usualTimes,
  ) {}

  /** Begins to look for the keys before the first token comes. */
  begin(): void {
    this.discover()
      .then(() => this.renew())
      .catch(() => undefined);
  }

  /** The key that a token names; a token that names none of the issuer's is refused by jose's own error. */
  readonly keyOf: JWTVerifyGetKey = async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    try {
      const keys = this.keys ?? (await this.discover());
      const age = performance.now() - this.renewedAt;
      if (age > this.times.keepMs) await this.renew();
      else if (age > this.times.renewMs) this.renew().catch(() => undefined);
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new DomainError('UNAVAILABLE', 'the issuer of tokens cannot be asked for its keys; try again later');
    }
  };

  private discover(): Promise<RemoteKeys> {
    return (this.discovering ??= this.findKeys().finally(() => (this.discovering = undefined)));
  }

  private async findKeys(): Promise<RemoteKeys> {
    const url = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await this.fetch(url, {
      method: 'GET',
      headers: new Headers({ accept: 'application/json' }),
      redirect: 'manual',
      signal: AbortSignal.timeout(this.times.answerMaxMs),
    });
    const { issuer, jwks_uri: address } = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    try {
      if (issuer !== this.issuer) throw new Error(`it calls itself ${JSON.stringify(issuer)}`);
      this.keys = createRemoteJWKSet(safeUrl(address), {
        timeoutDuration: this.times.answerMaxMs,
        cooldownDuration: this.times.unknownKeyMs,
        // When they are read again is decided here: known keys still count while the issuer does not answer.
        cacheMaxAge: Infinity,
        [customFetch]: this.fetch,
      });
      return this.keys;
    } catch (error) {
      throw this.failed(url, error);
    }
  }

  /** Reads the keys again. Where that fails for long they may have moved, and are looked for again. */
  private renew(): Promise<void> {
    return (this.renewing ??= (async () => {
      try {
        await this.keys?.reload();
        this.renewedAt = performance.now();
      } catch (error) {
        if (performance.now() - this.renewedAt > this.times.keepMs) this.keys = undefined;
        throw error;
      } finally {
        this.renewing = undefined;
      }
    })());
  }

  /** Asks the issuer for a JSON document, which is bounded; after a failure not again for a while. */
  private readonly fetch: FetchImplementation = async (url, options) => {
    if (performance.now() - this.failedAt < this.times.retryMs) throw new Error('the issuer did not answer just now');
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) throw new Error(`it answers with status ${response.status}`);
      return Response.json(JSON.parse(await boundedText(response)));
    } catch (error) {
      throw this.failed(url, error);
    }
  };

  private failed(url: string, error: unknown): unknown {
    this.failedAt = performance.now();
    this.logger.warn({ err: error, url }, 'the issuer of tokens cannot be asked');
    return error;
  }
}

/** Where an issuer says its keys are; a plain connection could give anybody's. */
function safeUrl(address: unknown): URL {
  const url = new URL(String(address));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new Error(`its keys are at ${url.origin}, which is not https`);
  return url;
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > documentBytesMax) throw new Error(`its answer has more than ${documentBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
