import { operatorTenant } from '../../domain/tenancy/index.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { StreamRoute } from '../../streaming/routes.js';
import type { Metrics } from './metrics.js';

/** `GET /server/metrics`: what Prometheus is told, for the page of whoever runs the server. */
export function samplesRoute(metrics: Pick<Metrics, 'samples'>): StreamRoute {
  return {
    method: 'GET',
    typeName: 'Server',
    path: '/server/metrics',
    operation: 'server:watch',
    isImpersonal: true,
    handle: async ({ tenantId, response, open }) => {
      // They are of all tenants together.
      if (tenantId !== operatorTenant)
        throw new DomainError('NOT_FOUND', `the server is the operator's: tenant '${abbreviated(tenantId)}' has none`);
      const samples = await metrics.samples();
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Cache-Control', 'no-store');
      open().end(JSON.stringify(samples));
    },
  };
}
