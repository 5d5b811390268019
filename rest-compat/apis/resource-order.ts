import type { ErrorRegistry } from '../../src/platform/errors.js';
import type { ApiDescriptor } from './api.js';

export const resourceOrder: ApiDescriptor = {
  number: 'TMF652',
  title: 'Resource Ordering Management',
  version: 'v4',
  // The two editions have different base paths, and the certified server left out /tmf-api (docs/standard/resource-order.md).
  basePaths: [
    '/tmf-api/resourceOrderingManagement/v4',
    '/resourceOrderingManagement/v4',
    '/tmf-api/resourceOrdering/v4',
  ],
  fieldsAddIdentity: true,
  resources: { resourceOrder: 'ResourceOrder', cancelResourceOrder: 'CancelResourceOrder', hub: 'Hub' },
  examples: {
    Hub: { callback: 'http://localhost:9000/listener', query: 'eventType=ResourceOrderCreateEvent' },
  },
  fixed: { Hub: { api: 'TMF652' } },
  errorCodes: { RESOURCE_ORDER_UNKNOWN: '107' } satisfies Record<keyof ErrorRegistry['resourceOrder'], string>,
  demo: {
    ids: { ResourceOrder: '01DEM0SEED0000600000000001', CancelResourceOrder: '01DEM0SEED0004550000000001' },
    deletable: { ResourceOrder: '01DEM0SEED0004720000000001' },
  },
  // The edition of December 2019 (docs/standard/resource-order.md).
  aliases: {
    names: { ExternalReference: { entityType: 'externalReferenceType', owner: 'name' } },
    values: { ResourceOrderItem: { action: { no_change: 'noChange' } } },
    // The published sample creates a cancellation in the state that is that of the order at first.
    unsaid: { CancelResourceOrder: { state: ['assessingCancellation'] } },
  },
};
