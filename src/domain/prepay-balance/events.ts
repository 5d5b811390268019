import { changeEvent as eventOf } from '../events.js';
import type { IdSource } from '../../platform/ids.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { DomainEvent } from '../../platform/write/outbox.js';

/** The event kinds of TMF654 (DIGEST §1d). */
export type Change = 'Create' | 'Cancel' | 'Failure' | 'AttributeValueChange' | 'StatusChange' | 'Delete';

/** An event about one resource of TMF654. */
export const changeEvent: (
  resourceType: string,
  change: Change,
  payload: JsonObject,
  now: Date,
  nextId: IdSource,
) => DomainEvent = eventOf;
