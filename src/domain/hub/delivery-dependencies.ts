import type { Clock } from '../../platform/clock.js';
import type { IdSource } from '../../platform/ids.js';
import type { DerivedEvents, OutboxEvent } from '../../platform/write/outbox-reader.js';
import type { Registration } from './model.js';

export interface DeliverySettings {
  /** Registrations that are delivered to at once. */
  readonly concurrency: number;
  /** For one event. */
  readonly timeoutMs: number;
  /** Age up to which an event is tried again. */
  readonly retryMs: number;
}

/** An event on its way to a receiver. */
export interface Message {
  readonly callback: string;
  /** What it is signed with, each by itself. */
  readonly secrets: readonly string[];
  readonly eventId: string;
  readonly eventType: string;
  readonly resourceType: string;
  /** The trace of the change, where it was traced. */
  readonly traceParent?: string | null | undefined;
  readonly body: string;
  /** Of this event, counted from 1. */
  readonly attempt: number;
  /** Aborting it ends the attempt. */
  readonly signal: AbortSignal;
}

export interface DeliveryDependencies {
  readonly clock: Clock;
  readonly nextId: IdSource;
  readonly delivery: DeliverySettings;
  /** What is told of beside the events of the outbox. */
  readonly derivedEvents: DerivedEvents;
  /** Sends a message, within its time; undefined: it was taken. Else why not, in words for people. */
  tell(message: Message): Promise<string | undefined>;
  /** Whether its principal is still somebody: until then nothing is told, and nothing is passed over. */
  mayBeTold(registration: Registration): Promise<boolean>;
  /** Whose events a registration is told of. */
  resourcesOf(registration: Registration): readonly string[];
  /**
   * What each event says to this receiver, by id: JSON. Those that are not in it are not for the receiver: it may not see them, or
   * has not asked for them.
   */
  bodiesOf(registration: Registration, events: readonly OutboxEvent[]): Promise<ReadonlyMap<string, string>>;
  /** Told of what keeps events from being delivered here; it is tried again. */
  readonly reportFailure: (error: unknown) => void;
}
