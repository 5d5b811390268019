import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { withRetry } from '../../platform/write/retry.js';
import { applyDue, type BalanceTools } from './apply.js';
import type { DueCommand } from './commands.js';
import { findDue, isDue, tenantsWithDue, type Due } from './due.js';

/** Due things of one transaction. */
const dueMax = 256;
/** Tenants of one round; the next round finds the others. */
const tenantsMax = 1_000;
/** How often a thing is found due at the same instant before it counts as stuck. */
const foundMax = 5;

/**
 * Does what is due: reservations and buckets that lapse, top-ups whose time has come. Every read and every
 * write asks for it first, so nobody sees what should be over; a background job asks, too, so that it does not
 * wait for somebody to look. Who comes first does it, the others find it done.
 */
export class Settler {
  private readonly running = new Map<string, Promise<number>>();

  constructor(
    private readonly database: Database,
    private readonly tools: BalanceTools,
  ) {}

  /** SQL that is true when something of the tenant is due: for whoever has a statement to put it into. */
  condition(tenantId: string): Prisma.Sql {
    return isDue(tenantId, this.tools.clock.now());
  }

  /** Settles what is due, if anything is. */
  async settleIfDue(tenantId: string): Promise<void> {
    const [row] = await this.database.read<{ isDue: boolean }>(Prisma.sql`SELECT ${this.condition(tenantId)} AS "isDue"`, { isPlanKept: true });
    if (row?.isDue) await this.settle(tenantId);
  }

  /** Settles all that is due of a tenant, and answers how much that was. Calls at one time share the work. */
  settle(tenantId: string): Promise<number> {
    const running = this.running.get(tenantId);
    if (running) return running;
    const settling = this.settleAll(tenantId).finally(() => this.running.delete(tenantId));
    this.running.set(tenantId, settling);
    return settling;
  }

  /** Settles what is due of every tenant: the background job. Answers how much that was. */
  async settleTenants(): Promise<number> {
    let settled = 0;
    for (const tenantId of await tenantsWithDue(this.database, this.tools.clock.now(), tenantsMax)) settled += await this.settle(tenantId);
    return settled;
  }

  private async settleAll(tenantId: string): Promise<number> {
    let settled = 0;
    const found = new Map<string, number>();
    const stuck = new Set<string>();
    for (;;) {
      const now = this.tools.clock.now();
      const limit = dueMax + stuck.size;
      const all = await findDue(this.database, tenantId, now, limit);
      const due = all.filter(({ id }) => !stuck.has(id));
      if (due.length === 0) return settled;
      for (const { id, dueAt } of due) {
        // A series that catches up is found once per period, each time at a later date.
        const key = `${id} ${dueAt.toISOString()}`;
        const times = (found.get(key) ?? 0) + 1;
        found.set(key, times);
        if (times === foundMax) stuck.add(id);
      }
      const last = all.length === limit ? all.at(-1) : undefined;
      await this.apply(tenantId, due, last?.dueAt ?? now, stuck);
      settled += due.length;
    }
  }

  private async apply(tenantId: string, due: readonly Due[], until: Date, stuck: Set<string>): Promise<void> {
    const commands = due.map(toCommand);
    try {
      await withRetry(() => this.database.transaction((tx) => applyDue(tx, this.tools, tenantId, commands, until)));
    } catch (error) {
      // An outage concerns whoever asked; any other refusal is of a thing that is due, and a bug.
      if (error instanceof DomainError && error.code === 'UNAVAILABLE') throw error;
      const [first, ...others] = due;
      if (first && commands[0] && others.length === 0) {
        // Whoever reads or writes is not to suffer from it: the bug is reported, and the thing stays due.
        stuck.add(first.id);
        this.tools.reportStuck(error, commands[0]);
        return;
      }
      for (const one of due) await this.apply(tenantId, [one], one.dueAt, stuck);
    }
  }
}

function toCommand({ kind, id }: Due): DueCommand {
  if (kind === 'bucket') return { type: 'expire', bucketId: id };
  return kind === 'reserveBalance' ? { type: 'lapse', actionId: id } : { type: 'topupDue', actionId: id };
}
