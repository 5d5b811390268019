import { AsyncLocalStorage } from 'node:async_hooks';

/** Instead of a tenant: the work is the server's own, and may see the rows of all. No tenant has this id. */
export const allTenants = '*';

const scopes = new AsyncLocalStorage<string>();

/** Whose rows the statements of the running work may touch: a tenant, or `*` outside of requests. */
export function currentTenant(): string {
  return scopes.getStore() ?? allTenants;
}

/** Runs a request, and all that it starts, in the scope of its tenant. Only with ROW_LEVEL_SECURITY. */
export function enterTenant<T>(tenantId: string, work: () => T): T {
  return scopes.run(tenantId, work);
}

/**
 * Runs work of a tenant that a request of another one may have started: work for several requests at once, and what a timer
 * begins, have the scope of whoever came first. Outside of requests the scope stays as it is.
 */
export function runForTenant<T>(tenantId: string, work: () => T): T {
  return scopes.getStore() === undefined ? work() : scopes.run(tenantId, work);
}

/** The same for work of no single tenant: look-ups of keys and tenants, jobs, probes. */
export function runForAllTenants<T>(work: () => T): T {
  return runForTenant(allTenants, work);
}
