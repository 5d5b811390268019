import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { systemPrincipalId } from '../../platform/principal.js';
import { readRows } from '../../platform/write/rows.js';
import { isOpen, started } from './items.js';
import type { OrderRow, ResourceOrderDependencies } from './model.js';
import type { ResourceOrders } from './orders.js';
import { findOpenOrders } from './orders.store.js';

/** The category of the orders that the simulator works on; it leaves all others alone. */
export const simulatedCategory = 'simulated';
/** Orders that one round works on. */
const ordersMax = 20;

/** What becomes of an item that can never begin or resume: what it waits for has ended without being completed. */
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

  /** One round over all tenants; answers how many items moved. */
  async round(signal: AbortSignal): Promise<number> {
    let moved = 0;
    for (const { tenantId, id } of await findOpenOrders(this.database, simulatedCategory, ordersMax)) {
      if (signal.aborted) break;
      if (await this.moveOn(tenantId, id)) moved += 1;
    }
    return moved;
  }

  private async moveOn(tenantId: string, id: string): Promise<boolean> {
    const order = (await readRows(this.database, this.dependencies.mappings.resourceOrder, tenantId, [id])).get(id);
    const move = order && nextMove(order);
    if (order === undefined || move === undefined) return false;
    try {
      await this.orders.updateItem(
        { tenantId, principalId: systemPrincipalId },
        { id, ifRevision: order.revision },
        move.itemId,
        {
          state: move.state,
          note: `simulated: ${move.state}`,
        },
      );
      return true;
    } catch (error) {
      // Another client was faster: the order is left to it until the next round.
      if (error instanceof DomainError) return false;
      throw error;
    }
  }
}

/** The first item that is under way ends, or the first that can begin does; when there is none, one is given up. Pure. */
function nextMove(order: OrderRow): { itemId: string; state: string } | undefined {
  const items = order.orderItem;
  const ableAt = started(order, items, Object.keys(givenUpStates)).findIndex(({ state }) => state === 'inProgress');
  const item = items[ableAt] ?? items.find(isOpen);
  return item && { itemId: item.id, state: nextStateOf(item.state, ableAt >= 0) };
}

function nextStateOf(state: string, isAble: boolean): string {
  if (!isAble) return String(givenUpStates[state]);
  return state === 'inProgress' ? 'completed' : 'inProgress';
}
