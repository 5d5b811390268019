import { LRUCache } from 'lru-cache';
import type { Clock } from '../../platform/clock.js';
import type { Database } from '../../platform/database/database.js';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import { DomainError } from '../../platform/errors.js';
import { hashOfKey } from './key-text.js';
import { findKey, findKeys, writeUses, type KeyUse, type KnownKey } from './keys.store.js';

/** Keys that are kept in mind, and texts that are none ... */
const knownMax = 20_000;
/** ... and for how long: a key that another server revokes counts no longer. */
const knownMs = 4_000;
/** Keys that one statement looks for, and keys that wait for the next one. */
const lookedForMax = 200;
const waitingMax = 2_000;
/** How often last uses are written. */
const usesEveryMs = 60_000;

interface Known {
  readonly key: KnownKey | undefined;
  readonly until: number;
}

interface Waiting {
  readonly promise: Promise<KnownKey | undefined>;
  settle(key: KnownKey | undefined): void;
  fail(error: unknown): void;
}

/**
 * Finds keys by their texts. What was found, or not, is kept in mind for a few seconds; what is not is looked for by one
 * statement at a time, for all who wait: however many wrong keys come, the database does not notice.
 */
export class KeyDirectory {
  private readonly known = new LRUCache<string, Known>({ max: knownMax });
  private waiting = new Map<string, Waiting>();
  private isLooking = false;
  /** Counts revocations here: what was looked for before one is not kept in mind. */
  private revocations = 0;
  private readonly uses = new Map<string, KeyUse>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly reportFailure: (error: unknown) => void,
  ) {}

  /** What is kept in mind of a key: null that there is none, undefined that nobody knows. */
  recall(text: string): KnownKey | null | undefined {
    const known = this.known.get(hashOfKey(text));
    return known === undefined || known.until < performance.now() ? undefined : (known.key ?? null);
  }

  /** Looks for a key. Throws UNAVAILABLE when too many are looked for, or the database is away. */
  find(text: string): Promise<KnownKey | undefined> {
    const hash = hashOfKey(text);
    const before = this.waiting.get(hash);
    if (before) return before.promise;
    if (this.waiting.size >= waitingMax)
      throw new DomainError('UNAVAILABLE', 'too many API keys are being looked for; try again later');
    const { promise, settle, fail } = deferred();
    this.waiting.set(hash, { promise, settle, fail });
    if (!this.isLooking) void this.look();
    return promise;
  }

  /** Reads a key by its id, for what was made by it. */
  findById(tenantId: string, id: string): Promise<KnownKey | undefined> {
    return runForAllTenants(() => findKey(this.database, tenantId, id));
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    // Whoever asks within this turn goes along.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const asked = [...this.waiting].slice(0, lookedForMax);
      for (const [hash] of asked) this.waiting.delete(hash);
      try {
        const [until, revocations] = [performance.now() + knownMs, this.revocations];
        const hashes = asked.map(([hash]) => hash);
        const found = await runForAllTenants(() => findKeys(this.database, hashes));
        for (const [hash, { settle }] of asked) {
          if (revocations === this.revocations) this.known.set(hash, { key: found.get(hash), until });
          settle(found.get(hash));
        }
      } catch (error) {
        for (const [, { fail }] of asked) fail(error);
      }
    }
    this.isLooking = false;
  }

  /** Notes that a key was used now; it is written later. */
  used({ principal: { tenantId, id } }: KnownKey): void {
    this.uses.set(`${tenantId}\0${id}`, { tenantId, id, at: this.clock.now() });
    this.timer ??= setTimeout(() => void this.writeUses(), usesEveryMs).unref();
  }

  /** Forgets a key that was revoked here. */
  forget(tenantId: string, id: string): void {
    this.revocations += 1;
    for (const [hash, { key }] of this.known.entries())
      if (key?.principal.id === id && key.principal.tenantId === tenantId) this.known.delete(hash);
  }

  /** Writes the last uses that were noted; what cannot be written is noted again by the next use. */
  async writeUses(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const uses = [...this.uses.values()];
    this.uses.clear();
    if (uses.length === 0) return;
    await runForAllTenants(() => writeUses(this.database, uses)).catch(this.reportFailure);
  }
}

function deferred(): Waiting {
  let settle: Waiting['settle'] = () => undefined;
  let fail: Waiting['fail'] = () => undefined;
  const promise = new Promise<KnownKey | undefined>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}
