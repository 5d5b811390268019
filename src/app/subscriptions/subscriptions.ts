import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import { contextWith, type Context } from '../../../graphql/context.js';
import { derivedEvents } from '../../domain/derived-events.js';
import { toldResources } from '../../domain/events.js';
import type { Clock } from '../../platform/clock.js';
import type { DomainError } from '../../platform/errors.js';
import type { Figure } from '../../platform/figures.js';
import type { Principal } from '../../platform/principal.js';
import { OutboxTail } from '../../platform/write/outbox-tail.js';
import type { AppContext, Contexts } from '../app-context.js';
import type { Authentication } from '../authentication/authentication.js';
import type { ToldResult } from '../subscribe.js';
import { toRefusal } from '../refusal.js';
import { Admission } from './admission.js';
import { SubscriptionDocuments } from './documents.js';
import { createFeed, type Subscriber } from './event-feed.js';

export interface SubscriptionDependencies {
  readonly contexts: Contexts;
  readonly authentication: Pick<Authentication, 'admit'>;
  principalOf(request: IncomingMessage): Principal;
}

/** A subscription as a client asks for it. */
export interface Asked {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
  /** The last event that the client has, where the transport knows it. */
  readonly lastEventId?: string;
}

/** What is told, one result for each event. To return from it ends the subscription. Throws what ends it otherwise. */
export type Results = AsyncGenerator<ToldResult, undefined, undefined>;

/** All subscriptions of this process, whatever they came by. */
export class Subscriptions {
  private readonly tail: OutboxTail;
  private readonly documents: SubscriptionDocuments;
  private readonly admission: Admission;
  private told = 0;
  private dropped = 0;

  constructor(
    private readonly app: AppContext,
    private readonly dependencies: SubscriptionDependencies,
  ) {
    const { config, database, logger, schema } = app;
    this.documents = new SubscriptionDocuments(schema, config.isIntrospectionEnabled);
    this.admission = new Admission(config);
    this.tail = new OutboxTail(database, {
      resources: toldResources,
      derived: derivedEvents,
      reportFailure: (error) => logger.warn({ err: error }, 'events cannot be read now, which is tried again'),
    });
  }

  /** Begins a subscription for whoever its request is known to come from; or says why not. */
  async begin(request: IncomingMessage, asked: Asked): Promise<Results | readonly GraphQLError[]> {
    const document = this.documents.read(asked.query);
    if (!('kind' in document)) return document;
    const stop = new AbortController();
    let release: () => void;
    try {
      release = this.admission.admit(this.dependencies.principalOf(request));
    } catch (error) {
      return [refused(toRefusal(error, this.app.logger))];
    }
    try {
      const context = this.contextOf(request, stop.signal, asked.lastEventId);
      const { operationName, variables } = asked;
      const result = await this.app.executor.subscribe({ document, operationName, variables, context });
      if (Symbol.asyncIterator in result) return ended(result, stop, release, () => (this.told += 1));
      release();
      return (result.errors ?? []).map(asInputError);
    } catch (error) {
      stop.abort();
      release();
      return [refused(toRefusal(error, this.app.logger))];
    }
  }

  stop(): void {
    this.tail.stop();
  }

  /** Notes that a client took nothing for too long. */
  drop(): void {
    this.dropped += 1;
  }

  figures(): Figure[] {
    return [
      { name: 'subscriptions', help: 'Subscriptions.', kind: 'gauge', value: this.admission.open },
      {
        name: 'subscription_events_total',
        help: 'Events that subscriptions were told of.',
        kind: 'counter',
        value: this.told,
      },
      {
        name: 'subscribers_dropped_total',
        help: 'Clients that took nothing of what they were told for too long.',
        kind: 'counter',
        value: this.dropped,
      },
    ];
  }

  private contextOf(request: IncomingMessage, signal: AbortSignal, lastEventId: string | undefined): Context {
    const { contexts, authentication } = this.dependencies;
    const context = contexts.ofSubscription(request, signal);
    const confirm = confirmer(context, this.app.clock, async () => {
      await authentication.admit(request);
      return contexts.ofSubscription(request, signal);
    });
    const events = createFeed({ confirm, signal, lastEventId }, context, { ...this.app, tail: this.tail });
    return contextWith(context, { events });
  }
}

/** Asks again who it is when that was too long ago. */
function confirmer(first: Context, clock: Clock, again: () => Promise<Context>): Subscriber['confirm'] {
  let known = first;
  let at = performance.now();
  return async (ageMaxMs) => {
    const asked = performance.now();
    if (asked > at + ageMaxMs) {
      known = await again();
      at = asked;
    }
    return contextWith(known, { now: clock.now() });
  };
}

/** Ends what belongs to a subscription when nobody wants its results any more. */
function ended(results: Results, stop: AbortController, release: () => void, told: () => void): Results {
  const finish = (): void => {
    stop.abort();
    release();
  };
  const generator: Omit<Results, typeof Symbol.asyncDispose> = {
    next: async () => {
      try {
        const next = await results.next();
        if (!stop.signal.aborted && !next.done) {
          told();
          return next;
        }
      } catch (error) {
        // Whoever has ended it is told nothing.
        if (!stop.signal.aborted) {
          finish();
          throw error;
        }
      }
      finish();
      return { done: true, value: undefined };
    },
    return: async () => {
      finish();
      // It may wait for the database, which nobody waits for any more.
      results.return(undefined).catch(() => undefined);
      return { done: true, value: undefined };
    },
    throw: async (error) => {
      finish();
      throw error;
    },
    [Symbol.asyncIterator]: () => generator as Results,
  };
  return generator as Results;
}

/** An error of the subscription as a whole. */
export function refused(refusal: DomainError): GraphQLError {
  return new GraphQLError(refusal.message, { originalError: refusal });
}

/** GraphQL's own refusals of variables have no code. */
function asInputError(error: GraphQLError): GraphQLError {
  if (error.originalError) return error;
  return new GraphQLError(error.message, { extensions: { code: 'BAD_USER_INPUT' } });
}
