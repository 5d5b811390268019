import { mappingsOf } from '../../../graphql/resource-mapping.js';
import {
  createResourceOrder,
  resourceOrderResources,
  type ResourceOrderDomain,
} from '../../domain/resource-order/index.js';
import type { RepeatingWork } from '../jobs.js';
import type { AppContext, DomainModule } from '../app-context.js';

export function createResourceOrderModule({
  config,
  database,
  clock,
  nextId,
  extensions,
}: AppContext): DomainModule<ResourceOrderDomain> {
  const domain = createResourceOrder(database, {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(resourceOrderResources),
  });
  const cancel: RepeatingWork = {
    name: 'cancel-resource-orders',
    everySeconds: 5,
    expireInSeconds: 300,
    run: ({ signal }) => domain.cancellations.workDue(signal),
  };
  const simulate: RepeatingWork = {
    name: 'simulate-resource-orders',
    everySeconds: 15,
    expireInSeconds: 300,
    run: ({ signal }) => domain.simulator.round(signal),
  };
  return { domain, repeatingWork: config.isWorkSimulated ? [cancel, simulate] : [cancel] };
}
