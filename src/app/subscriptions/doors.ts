import type { IncomingMessage } from 'node:http';
import type { AppContext, Contexts } from '../app-context.js';
import type { Authentication } from '../authentication/authentication.js';
import type { Figure } from '../../platform/figures.js';
import type { Principal } from '../../platform/principal.js';
import type { BodyLimits } from '../http/body.js';
import type { Gate } from '../http/gate.js';
import type { RequestHandler } from '../http/listener.js';
import type { Upgrade } from '../http/upgrades.js';
import { EventStreams } from './event-stream.js';
import { Subscriptions } from './subscriptions.js';
import { WebSockets } from './websocket.js';

export interface DoorDependencies {
  readonly contexts: Contexts;
  readonly authentication: Authentication;
  principalOf(this: void, request: IncomingMessage): Principal;
  readonly gate: Gate;
  readonly bodyLimits: BodyLimits;
}

/** The ways by which subscriptions come in. */
export interface SubscriptionDoors {
  readonly upgrade: Upgrade;
  readonly eventStream: RequestHandler;
  figures(): Figure[];
  /** Ends all of them. */
  close(): Promise<void>;
}

export function createSubscriptionDoors(
  app: AppContext,
  { contexts, authentication, principalOf, gate, bodyLimits }: DoorDependencies,
): SubscriptionDoors {
  const { config, schema, logger } = app;
  const subscriptions = new Subscriptions(app, { contexts, authentication, principalOf });
  const shared = { subscriptions, stallMs: config.subscriberStallMs, logger };
  const webSockets = new WebSockets({
    ...shared,
    schema,
    gate,
    principalOf,
    isScoped: config.isRowLevelSecurityOn,
    messageMaxBytes: config.bodyMaxBytes,
  });
  const eventStreams = new EventStreams({ ...shared, bodyLimits });
  return {
    upgrade: (request, socket, head) => webSockets.accept(request, socket, head),
    eventStream: (request, response) => eventStreams.handle(request, response),
    figures: () => subscriptions.figures(),
    close: async () => {
      eventStreams.close();
      await webSockets.close();
      subscriptions.stop();
    },
  };
}
