import type { Database, Transaction } from '../../platform/database/database.js';
import { localTime } from '../../platform/calendar.js';
import { Decimal, zero } from '../../platform/decimal.js';
import { lockRow, readRows } from '../../platform/write/rows.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { readEvents, type OutboxEvent } from '../../platform/write/outbox-reader.js';
import { Names, namingAttributes } from '../customer-directory/index.js';
import { DECIMAL_PLACES_MAX } from '../limits.js';
import { ResourceChanges } from '../resource-changes.js';
import type { Span, Spent } from '../spending.js';
import { areConvertible, fromBase, toBase } from '../units.js';
import { claimCursor, claimDue, dropCursor, dueAgain, markDue, moveCursor } from './limits.store.js';
import type { Named, SpendLimitDependencies, SpendLimitRow, SpendPeriod } from './model.js';
import { upperFirst } from '../../platform/letter-case.js';

/** Events that are looked through in one transaction. */
const eventsMax = 500;
/** How long a limit rests that could not be looked at. */
const restMs = 30_000;

export interface WatchDependencies extends SpendLimitDependencies {
  /** Whose change may make somebody spend; their rows name the spender. */
  readonly spending: readonly string[];
  /** What rows of the balances that an event moved name, who spends of them. */
  readonly balances: ResourceMapping;
  /** Ids of the balances that an event moved. */
  balancesMoved(event: OutboxEvent): readonly string[];
}

/**
 * Finds limits that are reached. What is spent is not counted along with every change, which would make all who share a limit
 * wait for each other: the events say whose limits are to be looked at, and a look adds up what was spent, under the lock of
 * the limit. So each is told once for a period, however many changes cross it, and whatever is killed meanwhile.
 */
export class SpendWatch {
  constructor(
    private readonly database: Database,
    private readonly dependencies: WatchDependencies,
  ) {}

  /** Looks through the events there are, and at the limits that they touch. */
  async run(signal: AbortSignal): Promise<void> {
    // In turns: where events never end, limits are looked at all the same.
    for (let more = true; more && !signal.aborted;) {
      const hasRead = await this.database.transaction((tx) => this.readOn(tx), { workClass: 'job' });
      more = (await this.lookAtNext()) || hasRead;
    }
  }

  /** @returns whether there was something to be read */
  private async readOn(tx: Transaction): Promise<boolean> {
    const claim = await claimCursor(tx);
    if (claim === undefined) return false;
    const { tenantId, from, upTo } = claim;
    if (!claim.isNeeded) {
      await dropCursor(tx, tenantId);
      return true;
    }
    const { spending: resources } = this.dependencies;
    const { events, end } = await readEvents(tx, { tenantId, from, upTo, resources, limit: eventsMax });
    await markDue(tx, tenantId, await this.spenders(tx, tenantId, events));
    await moveCursor(tx, tenantId, end);
    return true;
  }

  private async spenders(tx: Transaction, tenantId: string, events: readonly OutboxEvent[]): Promise<Named> {
    const { balances, balancesMoved } = this.dependencies;
    const names = new Names();
    for (const { resourceType, payload } of events)
      if (namingAttributes(upperFirst(resourceType)).length > 0) names.add(upperFirst(resourceType), [payload]);
    const moved = [...new Set(events.flatMap(balancesMoved))];
    names.add(balances.name, [...(await readRows(tx, balances, tenantId, moved)).values()]);
    return { parties: [...names.parties.keys()], accounts: [...names.accounts.keys()] };
  }

  /** @returns whether there was one to be looked at */
  private async lookAtNext(): Promise<boolean> {
    const { database } = this;
    const failed: { tenantId: string; id: string }[] = [];
    try {
      return await database.transaction(
        async (tx) => {
          const claimed = await claimDue(tx);
          if (claimed === undefined) return false;
          failed.push(claimed);
          await this.look(tx, claimed);
          return true;
        },
        { workClass: 'job' },
      );
    } catch (error) {
      const [one] = failed;
      if (one === undefined) throw error;
      this.dependencies.reportFailure(error, one.id);
      await database.transaction((tx) => tx.execute(dueAgain(one.tenantId, one.id, restMs)), { workClass: 'job' });
      return true;
    }
  }

  private async look(tx: Transaction, { tenantId, id }: { tenantId: string; id: string }): Promise<void> {
    const { mappings, clock, nextId, zoneOf, sources, partyRoles } = this.dependencies;
    // What is committed from here on and not seen below marks it again, when this transaction has ended.
    await tx.execute(dueAgain(tenantId, id, undefined));
    const limit = await lockRow(tx, mappings.spendLimit, tenantId, id);
    if (limit === undefined) return;
    const now = clock.now();
    const changes = new ResourceChanges({ tx, tenantId, now }, nextId);
    const span = spanOf(limit.period as SpendPeriod, now, zoneOf(tenantId));
    if (limit.reachedPeriod !== span.start.toISOString()) {
      const { relatedParty, billingAccount } = limit;
      const spender = {
        ...{ tenantId, partyRoles },
        parties: relatedParty ? [relatedParty.id] : [],
        accounts: billingAccount ? [billingAccount.id] : [],
      };
      const parts: Spent[] = [];
      for (const source of sources) parts.push(...(await source(tx, spender, span)));
      const spent = sumIn(limit.amount.units, parts);
      if (spent.gte(limit.amount.amount))
        changes.update(mappings.spendLimit, limit, reached(limit, spent, span, now), { as: 'Reached' });
    }
    await changes.flush();
  }
}

function reached(
  { amount: { units } }: SpendLimitRow,
  spent: Decimal,
  { start }: Span,
  now: Date,
): Pick<SpendLimitRow, 'reachedPeriod' | 'reachedAt' | 'spent'> {
  return {
    reachedPeriod: start.toISOString(),
    reachedAt: now.toISOString(),
    spent: { amount: spent.toDecimalPlaces(DECIMAL_PLACES_MAX).toNumber(), units },
  };
}

/** The period of the calendar that an instant lies in. */
export function spanOf(period: SpendPeriod, at: Date, zone: string): Span {
  const start = localTime(at, zone).startOf(period);
  return { start: start.toJSDate(), end: start.plus({ [period]: 1 }).toJSDate() };
}

/** What amounts come to in these units; those that do not convert are not of it. */
function sumIn(units: string, parts: readonly Spent[]): Decimal {
  const base = parts
    .filter((part) => areConvertible(part.units, units))
    .reduce((sum, part) => sum.plus(toBase(new Decimal(part.amount), part.units)), zero);
  return fromBase(base, units) ?? base.div(toBase(new Decimal(1), units));
}
