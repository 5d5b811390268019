import type { Database } from '../../platform/database/database.js';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import type { TenantSettings } from './model.js';
import { readTenants, type KnownTenant } from './tenants.store.js';

/** How often the tenants are read again: another server may have changed them ... */
const readEveryMs = 2_000;
/** ... and how old what is known may be: then it is read first. */
const ageMaxMs = 4_000;

/**
 * All tenants, in mind: every request asks for its own. What this server changes holds at once; what another one changes within
 * a few seconds. The embedded database belongs to one process, and is read once.
 */
export class TenantDirectory {
  private tenants = new Map<string, KnownTenant>();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;
  private readonly isShared: boolean;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly reportFailure: (error: unknown) => void,
  ) {
    this.isShared = database.kind === 'postgresql';
  }

  /** Reads the tenants, and from then on again and again until it is stopped. */
  async begin(): Promise<void> {
    await this.read();
    if (!this.isShared) return;
    this.timer = setInterval(() => void this.read().catch(this.reportFailure), readEveryMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Whether requests of the tenant are answered. */
  isActive(tenantId: string): boolean | Promise<boolean> {
    const isOld = this.isShared && performance.now() - this.readAt > ageMaxMs;
    const answer = (): boolean => this.tenants.get(tenantId)?.state === 'active';
    return isOld ? this.read().then(answer) : answer();
  }

  /** Whether there is such a tenant, as far as is known. */
  has(tenantId: string): boolean {
    return this.tenants.has(tenantId);
  }

  /** What the tenant has otherwise than the operator; nothing where there is no such tenant. */
  settingsOf(tenantId: string): TenantSettings {
    return this.tenants.get(tenantId)?.settings ?? {};
  }

  /** Notes a change that was made here. */
  changed(tenant: KnownTenant): void {
    this.tenants.set(tenant.id, tenant);
    // What is being read now may be from before.
    if (this.reading) this.reading = undefined;
  }

  private read(): Promise<void> {
    const reading = (this.reading ??= runForAllTenants(() => readTenants(this.database))
      .then((rows) => {
        if (this.reading !== reading) return;
        this.tenants = new Map(rows.map((row) => [row.id, row]));
        this.readAt = performance.now();
      })
      .finally(() => {
        if (this.reading === reading) this.reading = undefined;
      }));
    return reading;
  }
}
