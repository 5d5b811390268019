import {
  anyText,
  choice,
  claimCondition,
  claimPath,
  integer,
  issuer,
  listOf,
  onOrOff,
  signingKeys,
} from './setting-values.js';
import type { Setting } from './settings.js';

/** Algorithms of signatures by a key pair. Those with a shared secret, and none, are not there on purpose. */
const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** Settings of who sends a request. */
export const authSettings = {
  AUTH: {
    key: 'auth',
    default: { sandbox: 'off', serve: 'required' },
    schema: choice(['required', 'off']),
    meaning:
      'required lets in only requests with a valid token or API key; with off everybody may do everything, whatever Authorization says',
  },
  AUTH_OFF_BEYOND_LOOPBACK: {
    key: 'isOpenBeyondLoopback',
    default: 'off',
    schema: onOrOff,
    meaning: 'on lets a server with AUTH=off listen where other machines reach it',
  },
  AUTH_ISSUER: {
    key: 'authIssuer',
    default: undefined,
    schema: issuer,
    meaning:
      'issuer of tokens, exactly as their claim iss has it; its keys are found by OpenID Connect Discovery, unless AUTH_JWKS_FILE has them',
  },
  AUTH_JWKS_FILE: {
    key: 'authJwksFile',
    default: undefined,
    schema: anyText,
    meaning: 'file with the public keys of the issuer, a JSON Web Key Set; read again when it changes',
  },
  AUTH_AUDIENCE: {
    key: 'authAudience',
    default: '',
    schema: listOf(anyText),
    meaning:
      'names of this server in the claim aud, separated by commas, one of which a token must have; needed for tokens',
  },
  AUTH_ALGORITHMS: {
    key: 'authAlgorithms',
    default: 'RS256,PS256,ES256,EdDSA',
    schema: listOf(choice(tokenAlgorithms)),
    meaning: `algorithms that tokens may be signed by, separated by commas, of ${tokenAlgorithms.join(', ')}`,
  },
  AUTH_CLOCK_SKEW_SECONDS: {
    key: 'authClockSkewSeconds',
    default: '30',
    schema: integer(0, 300),
    unit: 'seconds',
    meaning: 'how far the clock of the issuer may be off, where the times of a token are checked',
  },
  AUTH_CLAIM_TENANT: {
    key: 'authClaimTenant',
    default: 'tenant',
    schema: claimPath,
    meaning: 'claim with the tenant; a path with dots leads into objects, as in all of these',
  },
  AUTH_CLAIM_ROLES: {
    key: 'authClaimRoles',
    default: 'roles',
    schema: claimPath,
    meaning: 'claim with the roles: a list of texts, or one text with blanks in between, as in all of the following',
  },
  AUTH_CLAIM_PARTIES: {
    key: 'authClaimParties',
    default: 'parties',
    schema: claimPath,
    meaning: 'claim with the ids of the parties whose data is theirs',
  },
  AUTH_CLAIM_ACCOUNTS: {
    key: 'authClaimAccounts',
    default: 'accounts',
    schema: claimPath,
    meaning: 'claim with the ids of the billing accounts that are theirs',
  },
  AUTH_CLAIM_LOGICAL_RESOURCES: {
    key: 'authClaimLogicalResources',
    default: 'logical_resources',
    schema: claimPath,
    meaning: 'claim with the ids of the logical resources, such as numbers, that are theirs',
  },
  AUTH_MACHINES: {
    key: 'authMachines',
    default: 'gty=client-credentials,idtyp=app,sub=$client_id,sub=$azp',
    schema: listOf(claimCondition),
    meaning:
      'conditions, separated by commas, one of which makes a token that of a machine instead of a person: `claim=value`, `claim=start*`, `claim=$other` (equal to another claim)',
  },
  SIGNING_KEY: {
    key: 'signingKey',
    default: undefined,
    schema: signingKeys,
    meaning:
      'secret that signed links are made by, at least 32 characters; a second one behind a comma is the one before, by which no more links are made, but read. Absent: made by the first server and kept in the database',
    shown: () => '…',
  },
  SIGNING_KEY_FILE: {
    key: 'signingKeyFile',
    default: undefined,
    schema: anyText,
    meaning: 'file with these secrets instead of SIGNING_KEY, one on a line; read at the start',
  },
  SIGNED_LINK_SECONDS: {
    key: 'signedLinkSeconds',
    default: '600',
    schema: integer(1, 86_400),
    unit: 'seconds',
    meaning: 'how long a signed link holds, and the most that its maker may ask for',
  },
} as const satisfies Readonly<Record<string, Setting>>;
