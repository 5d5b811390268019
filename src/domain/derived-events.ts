import type { DerivedEvents } from '../platform/write/outbox-reader.js';
import { bucketEvents } from './prepay-balance/bucket-events.js';

/** Events that are made of others when these are read, of all APIs: whoever tells events tells these, too. */
export const derivedEvents: DerivedEvents = bucketEvents;
