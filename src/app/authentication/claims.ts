import type { JWTPayload } from 'jose';
import type { Config } from '../../platform/config.js';
import { abbreviated } from '../../platform/errors.js';
import type { Principal, PrincipalKind } from '../../platform/principal.js';
import { isStorable } from '../../platform/storable-text.js';
import { Unauthenticated } from './unauthenticated.js';

/** Characters of one name or id in a token; OpenID Connect bounds `sub` by it. */
const textLengthMax = 255;

export type ClaimSettings = Pick<
  Config,
  | 'authClaimTenant'
  | 'authClaimRoles'
  | 'authClaimParties'
  | 'authClaimAccounts'
  | 'authClaimLogicalResources'
  | 'authMachines'
>;

/** A principal as a token says it. A token names the tenant by its handle, which nothing is stored by. */
export type Claimed = Omit<Principal, 'tenantId'> & { readonly tenant: string };

/** Who the claims of a verified token say it is. Throws Unauthenticated when they do not say it, or in another form. */
export function principalOfClaims(claims: JWTPayload, settings: ClaimSettings): Claimed {
  const tenant = claimOf(claims, settings.authClaimTenant);
  if (tenant === undefined) throw refusal(`names no tenant: it has no claim ${settings.authClaimTenant}`);
  const listOf = (path: string): string[] => textsOf(path, claimOf(claims, path));
  return {
    tenant: textOf(settings.authClaimTenant, tenant),
    id: subjectOf(claims.sub),
    kind: kindOf(claims, settings),
    roles: listOf(settings.authClaimRoles),
    parties: listOf(settings.authClaimParties),
    accounts: listOf(settings.authClaimAccounts),
    logicalResources: listOf(settings.authClaimLogicalResources),
  };
}

function kindOf(claims: JWTPayload, { authMachines }: ClaimSettings): PrincipalKind {
  const isMachine = authMachines.some(({ claim, value, start, other }) => {
    const found = claimOf(claims, claim);
    if (typeof found !== 'string') return false;
    if (start !== undefined) return found.startsWith(start);
    return found === (other === undefined ? value : claimOf(claims, other));
  });
  return isMachine ? 'machine' : 'person';
}

/** Some issuers give claims names with dots, e.g. https://example.org/roles: the name as a whole goes before a path. */
function claimOf(claims: object, path: string): unknown {
  if (Object.hasOwn(claims, path)) return (claims as Record<string, unknown>)[path];
  const dot = path.indexOf('.');
  if (dot < 0) return undefined;
  const [head, rest] = [path.slice(0, dot), path.slice(dot + 1)];
  const inner = Object.hasOwn(claims, head) ? (claims as Record<string, unknown>)[head] : undefined;
  return typeof inner === 'object' && inner !== null ? claimOf(inner, rest) : undefined;
}

function textOf(path: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > textLengthMax || !isStorable(value))
    throw refusal(`has a claim ${path} that is not a text of 1 to ${textLengthMax} characters`);
  return value;
}

/** In records nobody is to pass for the server, or for several lines. */
function subjectOf(sub: unknown): string {
  const text = textOf('sub', sub);
  if (reserved.has(text) || /\p{Cc}/u.test(text)) throw refusal('has a claim sub that nobody may have');
  return text;
}

const reserved: ReadonlySet<string> = new Set(['system', 'anonymous']);

function textsOf(path: string, value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value.split(' ').flatMap((text) => (text === '' ? [] : textOf(path, text)));
  if (!Array.isArray(value)) throw refusal(`has a claim ${path} that is not a list of texts`);
  return value.map((one) => textOf(path, one));
}

function refusal(what: string): Unauthenticated {
  return new Unauthenticated(`the token ${abbreviated(what)}`, 'invalid_token');
}
