import type { JsonObject } from '../../src/platform/json-object.js';
import type { Context } from '../context.js';

/** Which events somebody wants to be told of, of those that they may see. */
export interface EventsAsked {
  /** Of these resources; undefined: of all. */
  readonly resources?: readonly string[];
  /** Names of events; undefined: all. */
  readonly types?: readonly string[];
  /** Filters on the event, as a query string. */
  readonly filter?: string;
  /** Of these alone, by the row as it stood after the change. */
  readonly concerns?: (event: { readonly resourceId: string; readonly payload: JsonObject }) => boolean;
  /** Id of the event behind which it begins; undefined: with what happens from now on. */
  readonly after?: string;
}

/** An event as it is told to one subscriber. */
export interface ToldEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  /** The resource after the change, as far as the subscriber may see it. */
  readonly row: JsonObject;
  /** What is read beside it is read with this: for who the subscriber is now, as of now. */
  readonly context: Context;
}

/** Tells one subscriber of events, as they happen. */
export interface EventFeed {
  /** Throws FORBIDDEN, INVALID_QUERY, EVENTS_GONE and what else refuses the subscription. */
  open(asked: EventsAsked): Promise<AsyncGenerator<ToldEvent, undefined, undefined>>;
}
