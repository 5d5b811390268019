import type { Database } from '../../platform/database/database.js';
import { HubDeadLetters } from './dead-letters.js';
import { forgetDeadLetters } from './dead-letters.store.js';
import { HubDelivery } from './delivery.js';
import type { DeliveryDependencies } from './delivery-dependencies.js';
import { readHubFigures, type HubFigures } from './figures.store.js';
import { Hubs } from './hubs.js';
import type { HubDependencies } from './model.js';

export { BrokerDelivery, type Broker, type BrokerMessage } from './broker-delivery.js';
export { readBrokerFigures } from './broker.store.js';
export type { Message } from './delivery-dependencies.js';
export { readHubFigures, type HubFigures } from './figures.store.js';
export { hubResources, type HubApi, type Registration } from './model.js';

/** Who is told of events, and the telling. */
export interface HubDomain {
  readonly hubs: Hubs;
  readonly deadLetters: HubDeadLetters;
  readonly delivery: HubDelivery;
  figures(): Promise<HubFigures>;
  /** Deletes dead letters that were last tried before that. */
  forgetDeadLetters(before: Date, signal: AbortSignal): Promise<number>;
}

/** Builds the domain; nothing is delivered before the delivery has begun. */
export function createHub(database: Database, dependencies: HubDependencies & DeliveryDependencies): HubDomain {
  return {
    hubs: new Hubs(database, dependencies),
    deadLetters: new HubDeadLetters(database, dependencies),
    delivery: new HubDelivery(database, dependencies),
    figures: () => readHubFigures(database),
    forgetDeadLetters: (before, signal) => forgetDeadLetters(database, before, signal),
  };
}
