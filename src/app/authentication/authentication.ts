import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import { abbreviated } from '../../platform/errors.js';
import { anonymous, type Principal } from '../../platform/principal.js';
import { keyPrefix, type KeyDirectory, type KnownTenant, type TenantDirectory } from '../../domain/tenancy/index.js';
import { ApiKeyAuthentication } from './api-keys.js';
import type { Claimed } from './claims.js';
import { credentialOf } from './credentials.js';
import type { AppSignedLinks, SignedRequest } from '../links/signed-links.js';
import { FileKeys } from './file-keys.js';
import { IssuerKeys } from './issuer-keys.js';
import { Tokens } from './tokens.js';
import { Unauthenticated } from './unauthenticated.js';

/** Who sends the requests. */
export interface Authentication {
  /**
   * Makes the principal of a request from its header, at once where nobody has to be asked, or from the signature that a
   * request for a file has instead. Throws Unauthenticated, or UNAVAILABLE when it cannot be known now.
   */
  admit(request: IncomingMessage, signed?: SignedRequest): Principal | Promise<Principal>;
  /** The principal that was made of it. Throws Unauthenticated when there is none. */
  principalOf(request: IncomingMessage): Principal;
}

export interface AuthenticationDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose requests are answered. */
  readonly tenants: TenantDirectory;
  readonly keys: KeyDirectory;
  /** The address of the client. */
  clientOf(request: IncomingMessage): string;
  readonly links: Pick<AppSignedLinks, 'principalOf'>;
}

/** Throws ConfigError when AUTH_JWKS_FILE cannot be used. */
export async function createAuthentication(
  config: Config,
  dependencies: AuthenticationDependencies,
): Promise<Authentication> {
  if (config.auth === 'off') return everybody;
  return new RequiredAuthentication(await createTokens(config, dependencies), dependencies);
}

/** AUTH=off: nobody has to tell who they are, and nobody is asked. */
const everybody: Authentication = { admit: () => anonymous, principalOf: () => anonymous };

/** Undefined where no tokens are taken, but only API keys. */
async function createTokens(
  config: Config,
  { clock, logger }: Pick<AuthenticationDependencies, 'clock' | 'logger'>,
): Promise<Tokens | undefined> {
  if (config.authJwksFile !== undefined)
    return new Tokens((await FileKeys.read(config.authJwksFile, logger)).keyOf, config, clock);
  if (config.authIssuer === undefined) return undefined;
  const keys = new IssuerKeys(config.authIssuer, logger);
  keys.begin();
  return new Tokens(keys.keyOf, config, clock);
}

class RequiredAuthentication implements Authentication {
  private readonly principals = new WeakMap<IncomingMessage, Principal>();
  /** One principal for a token, however many requests it comes with: what it may do is kept with it. */
  private readonly resolved = new WeakMap<Claimed, Principal>();

  private readonly apiKeys: ApiKeyAuthentication;

  constructor(
    private readonly tokens: Tokens | undefined,
    private readonly dependencies: AuthenticationDependencies,
  ) {
    this.apiKeys = new ApiKeyAuthentication(dependencies.keys, dependencies.clock);
  }

  admit(request: IncomingMessage, signed?: SignedRequest): Principal | Promise<Principal> {
    const found = signed ? this.maker(request, signed) : this.find(credentialOf(request), request);
    if (found instanceof Promise) return found.then((principal) => this.admitFound(request, principal));
    return this.admitFound(request, found);
  }

  principalOf(request: IncomingMessage): Principal {
    const principal = this.principals.get(request);
    if (principal === undefined) throw new Unauthenticated('the request was not authenticated');
    return principal;
  }

  private maker({ headers }: IncomingMessage, signed: SignedRequest): Promise<Principal> {
    if (headers.authorization !== undefined || headers['x-api-key'] !== undefined)
      throw new Unauthenticated('the request has a signature and a header that says who sends it', 'invalid_request');
    return this.dependencies.links.principalOf(signed).then((maker) => {
      // Made while nobody was asked who they are.
      if (maker.kind === 'anonymous') throw new Unauthenticated('nobody made the link', 'invalid_token');
      return maker.keyId ? this.apiKeys.confirm(maker) : maker;
    });
  }

  private find(credential: string, request: IncomingMessage): Principal | Promise<Principal> {
    if (credential.startsWith(keyPrefix))
      return this.apiKeys.principalOf(credential, this.dependencies.clientOf(request));
    if (this.tokens === undefined)
      throw new Unauthenticated('no tokens are taken here, only API keys', 'invalid_token');
    const claimed = this.tokens.claimedBy(credential);
    return claimed instanceof Promise ? claimed.then((one) => this.resolve(one)) : this.resolve(claimed);
  }

  /** From here on the tenant is what its rows have. */
  private resolve(claimed: Claimed): Principal | Promise<Principal> {
    const tenant = this.dependencies.tenants.named(claimed.tenant);
    return tenant instanceof Promise
      ? tenant.then((one) => this.principalIn(one, claimed))
      : this.principalIn(tenant, claimed);
  }

  private principalIn(found: KnownTenant | undefined, claimed: Claimed): Principal {
    if (found === undefined) throw noTenant(claimed.tenant);
    const before = this.resolved.get(claimed);
    if (before?.tenantId === found.id) return before;
    const { tenant: _, ...others } = claimed;
    const principal = { ...others, tenantId: found.id };
    this.resolved.set(claimed, principal);
    return principal;
  }

  private admitFound(request: IncomingMessage, principal: Principal): Principal | Promise<Principal> {
    const isActive = this.dependencies.tenants.isActive(principal.tenantId);
    if (isActive instanceof Promise) return isActive.then((active) => this.remember(request, principal, active));
    return this.remember(request, principal, isActive);
  }

  private remember(request: IncomingMessage, principal: Principal, isActive: boolean): Principal {
    if (!isActive) throw noTenant(this.dependencies.tenants.nameOf(principal.tenantId));
    this.principals.set(request, principal);
    return principal;
  }
}

function noTenant(name: string): Unauthenticated {
  return new Unauthenticated(`the tenant '${abbreviated(name)}' does not exist or is suspended`, 'invalid_token');
}
