import type { Database } from '../../platform/database/database.js';
import { CancelResourceOrders } from './cancel-orders.js';
import { ResourceOrders } from './orders.js';
import { Simulator } from './simulator.js';
import type { ResourceOrderTools } from './tools.js';

export { simulatedCategory } from './simulator.js';
export { resourceOrderResources } from './tools.js';

/** The ordering domain: what the GraphQL resolvers of TMF652 call. */
export interface ResourceOrderDomain {
  readonly orders: ResourceOrders;
  readonly cancellations: CancelResourceOrders;
  readonly simulator: Simulator;
}

export function createResourceOrder(database: Database, tools: ResourceOrderTools): ResourceOrderDomain {
  const orders = new ResourceOrders(database, tools);
  return {
    orders,
    cancellations: new CancelResourceOrders(database, tools),
    simulator: new Simulator(database, tools, orders),
  };
}
