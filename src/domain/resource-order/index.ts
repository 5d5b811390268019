import type { Database } from '../../platform/database/database.js';
import { CancelResourceOrders } from './cancel-orders.js';
import { ResourceOrders } from './orders.js';
import { Simulator } from './simulator.js';
import type { ResourceOrderDependencies } from './model.js';

export { simulatedCategory } from './simulator.js';
export { resourceOrderResources } from './model.js';
export { openStates } from './transitions.js';

/** The ordering domain: what the GraphQL resolvers of TMF652 call. */
export interface ResourceOrderDomain {
  readonly orders: ResourceOrders;
  readonly cancellations: CancelResourceOrders;
  readonly simulator: Simulator;
}

/** Builds the domain. */
export function createResourceOrder(database: Database, dependencies: ResourceOrderDependencies): ResourceOrderDomain {
  const orders = new ResourceOrders(database, dependencies);
  return {
    orders,
    cancellations: new CancelResourceOrders(database, dependencies),
    simulator: new Simulator(database, dependencies, orders),
  };
}
