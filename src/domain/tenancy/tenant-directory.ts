import type { Database } from '../../platform/database/database.js';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
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
  private byHandle = new Map<string, KnownTenant>();
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
    return this.upToDate(() => this.tenants.get(tenantId)?.state === 'active');
  }

  /** The tenant that somebody names; undefined: there is none. */
  named(handle: string): KnownTenant | undefined | Promise<KnownTenant | undefined> {
    return this.upToDate(() => this.byHandle.get(handle));
  }

  /** The same for a command. Throws NOT_FOUND. */
  async require(handle: string): Promise<KnownTenant> {
    const tenant = await this.named(handle);
    if (tenant === undefined) throw new DomainError('NOT_FOUND', `tenant '${abbreviated(handle)}' does not exist`);
    return tenant;
  }

  /** What people call the tenant, as far as is known; otherwise its id. */
  nameOf(tenantId: string): string {
    return this.tenants.get(tenantId)?.handle ?? tenantId;
  }

  /** The same of a tenant that another server may have made a moment ago. */
  async findNameOf(tenantId: string): Promise<string> {
    if (!this.tenants.has(tenantId)) await this.read();
    return this.nameOf(tenantId);
  }

  /** What the tenant has otherwise than the operator; nothing where there is no such tenant. */
  settingsOf(tenantId: string): TenantSettings {
    return this.tenants.get(tenantId)?.settings ?? {};
  }

  /** Notes a change that was made here. */
  changed(tenant: KnownTenant): void {
    this.keep([...this.tenants.values()].filter(({ id }) => id !== tenant.id).concat(tenant));
    // What is being read now may be from before.
    if (this.reading) this.reading = undefined;
  }

  private upToDate<T>(answer: () => T): T | Promise<T> {
    const isOld = this.isShared && performance.now() - this.readAt > ageMaxMs;
    return isOld ? this.read().then(answer) : answer();
  }

  private keep(tenants: readonly KnownTenant[]): void {
    this.tenants = new Map(tenants.map((tenant) => [tenant.id, tenant]));
    const former = tenants.flatMap((tenant) => (tenant.formerHandle === null ? [] : [[tenant.formerHandle, tenant]]));
    // What a tenant is called goes before what another one was called.
    this.byHandle = new Map([...former, ...tenants.map((tenant) => [tenant.handle, tenant])] as [
      string,
      KnownTenant,
    ][]);
  }

  private read(): Promise<void> {
    const reading = (this.reading ??= runForAllTenants(() => readTenants(this.database))
      .then((rows) => {
        if (this.reading !== reading) return;
        this.keep(rows);
        this.readAt = performance.now();
      })
      .finally(() => {
        if (this.reading === reading) this.reading = undefined;
      }));
    return reading;
  }
}
