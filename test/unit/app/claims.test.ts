import { describe, expect, test } from '@jest/globals';
import { principalOfClaims, type ClaimSettings } from '../../../src/app/authentication/claims.js';
import { readConfig } from '../../../src/platform/config.js';

const settings = (env: Record<string, string> = {}): ClaimSettings => readConfig(env, 'sandbox');
const usual = { sub: 'jane', tenant: 'acme' };

describe('the principal of a token', () => {
  test('has what its claims say', () => {
    const claims = { ...usual, roles: ['customer'], parties: ['p1', 'p2'], accounts: ['a1'], logical_resources: ['1'] };
    expect(principalOfClaims(claims, settings())).toEqual({
      tenant: 'acme',
      id: 'jane',
      kind: 'person',
      roles: ['customer'],
      parties: ['p1', 'p2'],
      accounts: ['a1'],
      logicalResources: ['1'],
    });
  });

  test.each(['system', 'anonymous', 'two\r\nlines'])('is not %j', (sub) => {
    expect(() => principalOfClaims({ ...usual, sub }, settings())).toThrow('nobody may have');
  });

  test('has nothing where there is no claim', () => {
    expect(principalOfClaims({ ...usual, accounts: null } as never, settings())).toMatchObject({
      roles: [],
      parties: [],
      accounts: [],
      logicalResources: [],
    });
  });

  test('is found where the settings say, by whole names and by paths', () => {
    const env = {
      AUTH_CLAIM_TENANT: 'https://example.org/tenant',
      AUTH_CLAIM_ROLES: 'realm_access.roles',
      AUTH_CLAIM_PARTIES: 'https://example.org/of.me.ids',
    };
    const claims = {
      sub: 'jane',
      'https://example.org/tenant': 'acme',
      realm_access: { roles: ['agent'] },
      'https://example.org/of.me': { ids: ['not here: a path begins at the first dot'] },
    };
    expect(principalOfClaims(claims, settings(env))).toMatchObject({ tenant: 'acme', roles: ['agent'], parties: [] });
  });

  test('has the words of a text, as scopes have them', () => {
    expect(principalOfClaims({ ...usual, roles: ' reader  agent ' }, settings()).roles).toEqual(['reader', 'agent']);
  });

  test.each([
    [{ gty: 'client-credentials' }, 'machine'],
    [{ gty: 'password' }, 'person'],
    [{ idtyp: 'app' }, 'machine'],
    [{ client_id: 'jane' }, 'machine'],
    [{ client_id: 'portal', azp: 'portal' }, 'person'],
    [{ azp: 'jane' }, 'machine'],
  ])('is by default, with %j, a %s', (more, kind) => {
    expect(principalOfClaims({ ...usual, ...more }, settings()).kind).toBe(kind);
  });

  test('is a machine by conditions that the operator has set', () => {
    const kindOf = (more: object): string =>
      principalOfClaims({ ...usual, ...more }, settings({ AUTH_MACHINES: 'user.name=service-account-*' })).kind;
    expect(kindOf({ user: { name: 'service-account-crm' } })).toBe('machine');
    expect(kindOf({ user: { name: 'jane' } })).toBe('person');
    expect(kindOf({ gty: 'client-credentials' })).toBe('person');
  });

  test('reads nothing that objects have by themselves', () => {
    for (const name of ['constructor', '__proto__.x', 'toString'])
      expect(() => principalOfClaims(usual, settings({ AUTH_CLAIM_TENANT: name }))).toThrow('names no tenant');
  });
});
