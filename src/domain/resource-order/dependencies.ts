import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { WriterDependencies } from '../resource-writer.js';

/** The resources this domain writes. */
export const resourceOrderResources = ['resourceOrder', 'cancelResourceOrder'] as const;

export interface ResourceOrderDependencies extends WriterDependencies {
  readonly mappings: Readonly<Record<(typeof resourceOrderResources)[number], ResourceMapping>>;
}
