import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import { readRows } from '../../platform/write/rows.js';
import { idOf, isOpen, itemsOf, started } from './items.js';
import type { ResourceOrders } from './orders.js';
import type { ResourceOrderDependencies } from './dependencies.js';

/** The category of the orders that the simulator works on; it leaves all others alone. */
export const simulatedCategory = 'simulated';
/** Orders that one round works on. */
const ordersMax = 20;

/** What becomes of an item that can never begin or go on: what it waits for has ended without being completed. */
const givenUpStates: Readonly<Record<string, string>> = {
  acknowledged: 'failed',
  pending: 'cancelled',
  held: 'cancelled',
};

/** Plays the system that does the work: each round one item of each simulated order moves on. */
export class Simulator {
  constructor(
    private readonly database: Database,
    private readonly dependencies: ResourceOrderDependencies,
    private readonly orders: ResourceOrders,
  ) {}

  async round(signal: AbortSignal): Promise<number> {
    let moved = 0;
    for (const { tenantId, id } of await this.openOrders()) {
      if (signal.aborted) break;
      if (await this.moveOn(tenantId, id)) moved += 1;
    }
    return moved;
  }

  private openOrders(): Promise<{ tenantId: string; id: string }[]> {
    return this.database.query<{ tenantId: string; id: string }>(Prisma.sql`
      SELECT "tenantId", "id" FROM "ResourceOrder"
      WHERE "state" IN ('acknowledged', 'inProgress', 'pending', 'held') AND "requestedState" IS NULL AND "category" = ${simulatedCategory}
      ORDER BY "updatedAt" LIMIT ${ordersMax}::int`);
  }

  private async moveOn(tenantId: string, id: string): Promise<boolean> {
    const order = (await readRows(this.database, this.dependencies.mappings.resourceOrder, tenantId, [id])).get(id);
    const move = order && nextMove(order);
    if (move === undefined) return false;
    try {
      await this.orders.updateItem({ tenantId }, { id, ifRevision: Number(order?.['revision']) }, move.itemId, {
        state: move.state,
        note: `simulated: ${move.state}`,
      });
      return true;
    } catch (error) {
      // Somebody else was faster: it is their order now, until the next round.
      if (error instanceof DomainError) return false;
      throw error;
    }
  }
}

/** The first item that is under way ends, or the first that can begin does; when there is none, one is given up. Pure. */
function nextMove(order: JsonObject): { itemId: string; state: string } | undefined {
  const items = itemsOf(order);
  const ableAt = started(order, items, Object.keys(givenUpStates)).findIndex(({ state }) => state === 'inProgress');
  const item = items[ableAt] ?? items.find(isOpen);
  return item && { itemId: idOf(item), state: nextStateOf(String(item['state']), ableAt >= 0) };
}

function nextStateOf(state: string, isAble: boolean): string {
  if (!isAble) return String(givenUpStates[state]);
  return state === 'inProgress' ? 'completed' : 'inProgress';
}
