// type-graphql needs it before the first decorator runs.
import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { withFederation } from '../../graphql/federation/federation.js';
import { createSchema } from '../../graphql/schema.js';
import { allMappings } from '../../graphql/resource-mapping.js';
import { apis } from '../../rest-compat/apis/index.js';
import { problemOfEditions } from '../../rest-compat/edition.js';
import type { PageSizes } from '../../rest-compat/query/paging.js';
import { Rest } from '../../rest-compat/rest.js';
import type { Domains } from '../domain/domains.js';
import { SteadyClock, type Clock, type RunningClock, type TimeSources } from '../platform/clock.js';
import { ConfigError, type Config } from '../platform/config.js';
import { Backfills } from '../platform/database/backfills.js';
import { wordsOfEnums } from '../platform/database/words-of-enums.js';
import type { Database } from '../platform/database/database.js';
import { planOf } from '../platform/database/statement-plan.js';
import { DatabaseClock } from '../platform/database/database-clock.js';
import { noExtensionSchemas, readExtensionSchemas } from '../platform/extension-schemas.js';
import { createIdSource } from '../platform/ids.js';
import { Jobs } from '../platform/jobs/jobs.js';
import type { Principal } from '../platform/principal.js';
import { Plans } from '../../graphql/plan/plans.js';
import { withRights } from '../../graphql/rights/guarded-roots.js';
import { operationsOfSchema } from '../../graphql/rights/operations.js';
import { Policies } from '../platform/rights/rights.js';
import { loadPolicy, policyTermsOf } from './rights/load-policy.js';
import { accessBy } from './rights/access.js';
import { withPlans } from '../../graphql/plan/executor.js';
import { Router } from '../../rest-compat/route.js';
import { lastIdOf } from '../platform/write/outbox.js';
import type { FigureSource } from '../platform/figures.js';
import { keepOutboxEpoch } from '../platform/write/outbox-epoch.js';
import { createAuthentication } from './authentication/authentication.js';
import { Addresses } from './http/addresses.js';
import { openApiRouter } from './http/openapi.js';
import { createSdl } from './http/sdl.js';
import { createPages } from './pages/pages.js';
import { createDomainModules } from './domains/index.js';
import { errorCatalogue } from './errors.js';
import { createAudit } from './audit/audit.js';
import { auditMutations } from './audit/audited-mutations.js';
import { withQuotas } from './quotas/quota-gate.js';
import { createQuotas } from './quotas/quotas.js';
import { createExecutor } from './execute.js';
import { createServerGate } from './http/gate.js';
import { createGraphqlHttp } from './http/graphql.js';
import { guardResolvers } from './guarded-resolvers.js';
import { createHttpServer } from './http/listener.js';
import { defineRepeatingWork, forgetIdempotencyKeys, keepOutbox } from './jobs.js';
import { figureSourcesOf } from './metrics/figures.js';
import { Metrics } from './metrics/metrics.js';
import { samplesRoute } from './metrics/samples-route.js';
import { SlowOperations } from './metrics/slow-operations.js';
import { Readiness } from './readiness.js';
import { AppSignedLinks } from './links/signed-links.js';
import { readSigningKeys } from './links/signing-keys.js';
import { OriginPolicy } from './http/origins.js';
import { restHandler } from './http/rest.js';
import { seed } from './seed/index.js';
import { createStreams } from './http/streams.js';
import { requestSpans } from './tracing/request-spans.js';
import { createTracing } from './tracing/tracing.js';
import { ListFiles } from '../streaming/list-file/list-files.js';
import { readsOf } from './snapshot-reads.js';
import { createContexts } from './request-context.js';
import { createSubscriptionDoors } from './subscriptions/doors.js';
import type { AppContext } from './app-context.js';
import { auditExportRoutes } from '../streaming/audit-export/routes.js';
import { onlyWorker, type Workers } from './workers/workers.js';

/** A server that has not started to listen yet. */
export interface AppServer {
  readonly domains: Domains;
  /** Runs the backfills that must be complete before the server listens. Throws when one fails. */
  backfill(): Promise<void>;
  /** Writes what is missing of the data that SEED names. */
  seed(): Promise<void>;
  /** Starts to listen and returns the origin, e.g. http://127.0.0.1:4000. Throws when the address cannot be used. */
  listen(): Promise<string>;
  /** Starts to run background jobs, those of other servers on the database included, and the remaining backfills. */
  startJobs(): void;
  /** Reports that the server is not ready from now on; it still answers requests. */
  retire(): void;
  /** Waits for open requests and jobs, then stops. The database stays open. */
  close(): Promise<void>;
}

/** What a server is created with; the database is open and migrated. */
export interface ServerOptions {
  config: Config;
  database: Database;
  logger: Logger;
  /** The processes that answer on its port; by default it is the only one. */
  workers?: Workers;
  /** Replaces how the principal of a request is found, in tests. */
  principalOf?: (request: IncomingMessage) => Principal;
  /** Replaces the server's own clock, in tests. */
  clock?: Clock;
  /** Replaces the machine's clocks that the server's own clock reads. */
  time?: TimeSources;
}

/** Puts the layers together; src/app/domains does so for the domains. Throws ConfigError when a setting cannot be used. */
export async function createServer(options: ServerOptions): Promise<AppServer> {
  if (options.clock) return createServerWith(options, options.clock, () => Promise.resolve());
  const clock = await startClock(options);
  try {
    return await createServerWith(options, clock, () => clock.stop());
  } catch (error) {
    await clock.stop();
    throw error;
  }
}

/** Servers on one database share its time; the embedded database has only the time of this machine. */
export async function startClock({
  database,
  logger,
  time,
}: Pick<ServerOptions, 'database' | 'logger' | 'time'>): Promise<RunningClock> {
  return database.kind === 'postgresql' ? DatabaseClock.start(database, logger, time) : new SteadyClock(logger, time);
}

async function createServerWith(
  options: ServerOptions,
  clock: Clock,
  stopClock: () => Promise<void>,
): Promise<AppServer> {
  const { config, database, logger } = options;
  const bare = await createSchema();
  const operations = operationsOfSchema(bare);
  const policies = new Policies(await loadPolicy(config.policyFile, policyTermsOf(bare)));
  // The order counts: a right is asked for before anything is done, refusals for want of one are recorded, and what a write answers
  // is read by plans behind both.
  const guarded = withFederation(withRights(bare, operations), config.isIntrospectionEnabled);
  const schema = guardResolvers(withPlans(config.isAuditKept ? auditMutations(guarded) : guarded));
  const router = new Router(schema, apis);
  const workers = options.workers ?? onlyWorker();
  const tracing = await createTracing(config, logger);
  const slow = new SlowOperations(logger, config.slowOperationMs, (sql) => planOf(database, sql));
  const metrics = new Metrics(workers, () => figureSources, logger, slow);
  const { pageSizeDefault, pageSizeMax, operationCostMax: costMax, answerMaxBytes } = config;
  const collectionOf = (typeName: string): string => router.collectionOf(typeName);
  const executor = createExecutor(
    schema,
    { pageSizeDefault, pageSizeMax, costMax, answerMaxBytes },
    new Plans({ schema, collectionOf }),
    operations,
    { ended: (operation) => metrics.ended(operation), areStatementsTimed: slow.areWatched, tracing },
  );
  const appContext = await createAppContext(options, clock, { schema, executor, policies, tracing });
  const { jobs } = appContext;
  const audit = createAudit(appContext);
  const quotas = createQuotas(appContext);
  const outbox = keepOutbox(appContext);
  const domainModules = await createDomainModules(appContext);
  const { domains, modules, tenants, keys } = domainModules;
  defineRepeatingWork(jobs, [
    ...modules.flatMap(({ repeatingWork = [] }) => repeatingWork),
    forgetIdempotencyKeys(appContext),
    outbox.work,
    ...(audit ? [audit.repeatingWork] : []),
    ...(quotas ? [quotas.repeatingWork] : []),
  ]);
  const figureSources: FigureSource[] = [
    ...figureSourcesOf(database, jobs),
    ...modules.flatMap(({ figures }) => figures ?? []),
    { own: () => tracing?.figures() ?? [] },
  ];
  const backfills = new Backfills(
    database,
    clock,
    logger,
    // The check comes first: nothing else is to work on words that there are not.
    [wordsOfEnums(allMappings()), ...modules.flatMap((one) => one.backfills ?? [])],
  );
  await keepOutboxEpoch(database);
  await tenants.begin();
  // What SEED names and requests may send jobs, so the job store must exist before either.
  await jobs.prepare();
  await outbox.prepare();
  await audit?.prepare();

  const rest = createRest(appContext, router);
  const addresses = new Addresses(config);
  const originOf = (request: IncomingMessage): string => addresses.originOf(request);
  const clientOf = (request: IncomingMessage): string => addresses.clientOf(request);
  const links = new AppSignedLinks({
    keys: await readSigningKeys(config, database),
    clock,
    secondsMax: config.signedLinkSeconds,
    files: () => streams,
  });
  const authentication = await createAuthentication(config, { clock, logger, tenants, keys, clientOf, links });
  const principalOf = options.principalOf ?? ((request: IncomingMessage) => authentication.principalOf(request));
  const contexts = createContexts(appContext, domainModules, {
    router,
    addresses,
    audit,
    quotas,
    links,
    principalOf,
    accessOf: accessBy(policies, schema),
  });
  const contextOf = contexts.ofRequest;
  const stopping = new AbortController();
  const { isIntrospectionEnabled } = config;
  const bodyLimits = {
    maxBytes: config.bodyMaxBytes,
    pace: { bytesPerSecond: config.bodyBytesPerSecondMin, windowMs: config.bodySlowMs },
  };
  const graphqlHttp = await createGraphqlHttp({
    schema,
    execute: executor.execute,
    contextOf,
    bodyLimits,
    isIntrospectionEnabled,
    logger,
  });
  const { partyRoles } = policies.policy;
  const streaming = { contextOf, partyRoles, stopping: stopping.signal };
  const routes = modules.flatMap((one) => one.streams?.(streaming) ?? []);
  const served = { rest, contextOf, originOf, clientOf, pageSizeMax, logger };
  const streams = createStreams([...routes, ...auditExportRoutes(database, clock), samplesRoute(metrics)], served);
  const listFiles = new ListFiles(database);
  const readiness = new Readiness(database, () => modules.flatMap((one) => one.problem?.() ?? [])[0], workers);
  const gate = createServerGate({
    authentication,
    principalOf,
    throttle: quotas && ((inner) => withQuotas(inner, { quotas, clientOf, principalOf, logger })),
    isScoped: config.isRowLevelSecurityOn,
    logger,
  });
  const doors = createSubscriptionDoors(appContext, { contexts, authentication, principalOf, gate, bodyLimits });
  figureSources.push({ own: () => doors.figures() });
  const http = createHttpServer({
    config,
    readiness,
    logger,
    addresses,
    origins: new OriginPolicy(config, addresses),
    gate,
    metrics,
    beginSpan: tracing && requestSpans(tracing, router),
    graphql: graphqlHttp.handle,
    eventStream: doors.eventStream,
    upgrade: doors.upgrade,
    ...(isIntrospectionEnabled && { findSdl: createSdl(bare) }),
    findStream: streams.find,
    findPage: createPages(config, apis),
    rest: restHandler(rest, {
      bodyLimits,
      contextOf,
      originOf,
      clientOf,
      files: listFiles,
      readsOf: (snapshot) => readsOf(snapshot, config),
      logger,
    }),
    openApi: openApiRouter({
      schema,
      apis,
      pageSizes: pageSizesOf(config),
      isExplainOffered: isExplainOffered(config),
      isAuthenticationRequired: config.auth === 'required',
      errors: errorCatalogue,
      originOf,
    }),
  });

  return {
    domains,
    backfill: () => backfills.runBlocking(),
    seed: () => seed(appContext, domains),
    listen: () => {
      database.replica?.watch(logger);
      return http.listen();
    },
    startJobs: () => {
      jobs.start();
      backfills.start();
      for (const one of modules) one.start?.();
    },
    retire: () => readiness.retire(),
    close: async () => {
      readiness.retire();
      stopping.abort();
      await Promise.all([http.close(), doors.close(), jobs.stop(), backfills.stop()]);
      await Promise.all([streams.drain(), listFiles.drain()]);
      await graphqlHttp.stop();
      for (const one of modules) await one.stop?.();
      await audit?.close();
      await slow.close();
      await tracing?.close();
      await stopClock();
    },
  };
}

async function createAppContext(
  { config, database, logger }: ServerOptions,
  clock: Clock,
  made: Pick<AppContext, 'schema' | 'executor' | 'policies' | 'tracing'>,
): Promise<AppContext> {
  return {
    config,
    database,
    clock,
    nextId: createIdSource(await lastIdOf(database)),
    extensions: config.extensionSchemaDir ? await readExtensionSchemas(config.extensionSchemaDir) : noExtensionSchemas,
    jobs: new Jobs(database, logger, { deadKeptDays: config.deadJobDays, tracing: made.tracing }),
    ...made,
    logger,
  };
}

function createRest({ config, extensions, executor: { execute, read } }: AppContext, router: Router): Rest {
  const problem = problemOfEditions(apis, config.answerEditions);
  if (problem !== undefined) throw new ConfigError(`cannot use ANSWER_EDITIONS: ${problem}`);
  return new Rest({
    router,
    pageSizes: pageSizesOf(config),
    editions: config.answerEditions,
    bodyMaxBytes: config.bodyMaxBytes,
    extensionAttributes: extensions.attributes,
    isExplainOffered: isExplainOffered(config),
    execute,
    read,
  });
}

/** The page sizes of TMF REST. */
function pageSizesOf({ restPageSizeDefault, pageSizeMax }: Config): PageSizes {
  return { pageSizeDefault: restPageSizeDefault, pageSizeMax };
}

function isExplainOffered({ mode }: Config): boolean {
  return mode === 'sandbox';
}
