import { LRUCache } from 'lru-cache';
import { isKeyText, type KeyDirectory, type KnownKey } from '../../domain/tenancy/index.js';
import type { Clock } from '../../platform/clock.js';
import { DomainError } from '../../platform/errors.js';
import type { Principal } from '../../platform/principal.js';
import { Unauthenticated } from './unauthenticated.js';

/** Keys that nobody knows that an address may send in a row ... */
const wrongKeysMax = 200;
/** ... and how many more each second after that. */
const wrongKeysPerSecond = 5;
/** Addresses that are kept in mind. */
const addressesMax = 10_000;

/** Says by keys who sends requests. What is no key at all is known at once, and costs nobody anything. */
export class ApiKeyAuthentication {
  private readonly wrongKeys = new LRUCache<string, { count: number; at: number }>({ max: addressesMax });

  constructor(
    private readonly keys: KeyDirectory,
    private readonly clock: Clock,
  ) {}

  /**
   * Whose key it is. Throws Unauthenticated, and RATE_LIMITED when it would have to be looked for while too many keys of its
   * client were wrong.
   */
  principalOf(text: string, client: string): Principal | Promise<Principal> {
    if (!isKeyText(text)) throw refusal('the API key is not as it was told: its check is wrong');
    const known = this.keys.recall(text);
    return known === undefined ? this.find(text, client) : this.judge(known);
  }

  /** The principal of a key that made a link, as the key stands now. Throws Unauthenticated when it lets in nobody any more. */
  async confirm({ tenantId, keyId = '' }: Principal): Promise<Principal> {
    return this.judge((await this.keys.findById(tenantId, keyId)) ?? null);
  }

  private async find(text: string, client: string): Promise<Principal> {
    this.suspect(client);
    const found = await this.keys.find(text);
    if (found) this.trust(client);
    return this.judge(found ?? null);
  }

  private judge(key: KnownKey | null): Principal {
    if (key === null) throw refusal('there is no such API key');
    if (key.isRevoked) throw refusal('the API key is revoked');
    if (key.expiresAt && key.expiresAt <= this.clock.now()) throw refusal('the API key is expired');
    this.keys.used(key);
    return key.principal;
  }

  /** Every key counts as wrong until it was found, so that many at once are counted, too. */
  private suspect(client: string): void {
    const now = performance.now();
    const before = this.wrongKeys.get(client) ?? { count: 0, at: now };
    const count = Math.max(0, before.count - ((now - before.at) / 1_000) * wrongKeysPerSecond);
    if (count >= wrongKeysMax)
      throw new DomainError('RATE_LIMITED', 'too many wrong API keys came from this address; try again later');
    this.wrongKeys.set(client, { count: count + 1, at: now });
  }

  private trust(client: string): void {
    const counted = this.wrongKeys.get(client);
    if (counted) this.wrongKeys.set(client, { ...counted, count: Math.max(0, counted.count - 1) });
  }
}

function refusal(message: string): Unauthenticated {
  return new Unauthenticated(message, 'invalid_token');
}
