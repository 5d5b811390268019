import type { Shape } from '../../platform/read/shape.js';
import type { WriterTools } from '../resource-writer.js';

/** The resources this domain writes. */
export const resourceOrderResources = ['resourceOrder', 'cancelResourceOrder'] as const;

export interface ResourceOrderTools extends WriterTools {
  readonly shapes: Readonly<Record<(typeof resourceOrderResources)[number], Shape>>;
}
