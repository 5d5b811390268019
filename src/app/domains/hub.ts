import { mappingsOf } from '../../../graphql/resource-mapping.js';
import { apis } from '../../../rest-compat/apis/index.js';
import { Router } from '../../../rest-compat/route.js';
import { derivedEvents } from '../../domain/derived-events.js';
import { resourcesOfApis, toldResources } from '../../domain/events.js';
import {
  createHub,
  readBrokerFigures,
  type BrokerDelivery,
  hubResources,
  type HubApi,
  type HubDomain,
  type HubFigures,
  type Registration,
} from '../../domain/hub/index.js';
import type { TenancyDomain } from '../../domain/tenancy/index.js';
import { accessBy } from '../rights/access.js';
import type { Database } from '../../platform/database/database.js';
import type { Figure } from '../../platform/figures.js';
import type { AppContext, DomainModule } from '../app-context.js';
import { forgetting } from '../jobs.js';
import { createBrokers } from '../brokers/brokers.js';
import { checkCallback, tell } from '../hub/callbacks.js';
import { createPost } from '../hub/post.js';
import { bodiesOfEvents } from '../hub/event-bodies.js';
import { queryOfEvents, requireVisibleEvents } from '../hub/event-query.js';

function resourcesOf(api: HubApi | null): readonly string[] {
  return api === null ? toldResources : resourcesOfApis[api];
}

export async function createHubModule(
  appContext: AppContext,
  { directory, keys }: TenancyDomain,
): Promise<DomainModule<HubDomain>> {
  const { config, database, clock, nextId, extensions, schema, policies, logger } = appContext;
  const { mayCallPrivate, callbackTimeoutMs: timeoutMs } = config;
  const accessOf = accessBy(policies, schema);
  const bodyDependencies = { database, schema, router: new Router(schema, apis) };
  const { post, close } = createPost({ mayCallPrivate, timeoutMs });
  const domain = createHub(database, {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf(hubResources),
    checkCallback: (callback) => checkCallback(callback, { mayCallPrivate }),
    checkQuery: (query, api, principal) =>
      requireVisibleEvents(queryOfEvents(query, resourcesOf(api)), accessOf(principal)),
    delivery: { concurrency: config.callbackConcurrency, timeoutMs, retryMs: config.callbackRetrySeconds * 1_000 },
    derivedEvents,
    tell: (message) => tell(message, post, appContext),
    mayBeTold: async ({ tenantId, subscriber: { principal } }: Registration) => {
      if (principal.kind === 'anonymous') return config.auth === 'off';
      if (!(await directory.isActive(tenantId))) return false;
      if (principal.keyId === undefined) return true;
      const key = await keys.findById(tenantId, principal.keyId);
      return key !== undefined && !key.isRevoked && !(key.expiresAt && key.expiresAt <= clock.now());
    },
    resourcesOf: ({ api }) => resourcesOf(api),
    bodiesOf: (registration, events) =>
      bodiesOfEvents(
        registration,
        events,
        resourcesOf(registration.api),
        accessOf(registration.subscriber.principal),
        bodyDependencies,
      ),
    reportFailure: (error) => logger.warn({ err: error }, 'events cannot be told now, which is tried again'),
  });
  const brokers = await createBrokers(appContext, {
    accessOf,
    bodies: bodyDependencies,
    resources: toldResources,
    tenantNameOf: (tenantId) => directory.findNameOf(tenantId),
  });
  return {
    domain,
    figures: {
      own: () => brokers.map(failingFigure),
      shared: async () => [...figuresOf(await domain.figures()), ...(await lagFigures(database, brokers))],
    },
    repeatingWork: [
      forgetting('forget-dead-letters', config.deadLetterDays, clock, (before, signal) =>
        domain.forgetDeadLetters(before, signal),
      ),
    ],
    start: () => {
      domain.delivery.begin();
      for (const broker of brokers) broker.begin();
    },
    stop: async () => {
      await Promise.all([domain.delivery.stop(), ...brokers.map((broker) => broker.stop())]);
      close();
    },
  };
}

function failingFigure(broker: BrokerDelivery): Figure {
  return {
    name: 'broker_failing_seconds',
    help: 'For how long a broker has been taking nothing.',
    kind: 'gauge',
    labels: { broker: broker.name },
    value: broker.failingMs() / 1_000,
  };
}

/** Of brokers that are configured: others that were told once are not waited for. */
async function lagFigures(database: Database, brokers: readonly BrokerDelivery[]): Promise<Figure[]> {
  if (brokers.length === 0) return [];
  const lags = new Map((await readBrokerFigures(database)).map(({ broker, lagSeconds }) => [broker, lagSeconds]));
  return brokers.map(({ name }) => ({
    name: 'broker_lag_seconds',
    help: 'Since the oldest event that a broker has not been told.',
    kind: 'gauge',
    labels: { broker: name },
    value: lags.get(name) ?? 0,
  }));
}

function figuresOf({ registrations, failing, lagSeconds, deadLetters }: HubFigures): Figure[] {
  const facts = { kind: 'gauge' } as const;
  return [
    { ...facts, name: 'hub_registrations', help: 'Registrations that are told of events.', value: registrations },
    {
      ...facts,
      name: 'hub_failing',
      help: 'Registrations that did not take an event that is tried again.',
      value: failing,
    },
    {
      ...facts,
      name: 'hub_lag_seconds',
      help: 'Since the oldest event that was looked at for a registration and that it has not taken.',
      value: lagSeconds,
    },
    { ...facts, name: 'hub_dead_letters', help: 'Events that were given up.', value: deadLetters },
  ];
}
