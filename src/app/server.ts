// type-graphql's decorators want it before the first of them runs.
import 'reflect-metadata';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import cors from 'cors';
import express from 'express';
import type { Logger } from 'pino';
import type { Context } from '../../graphql/context.js';
import { AdjustBalance } from '../../graphql/prepay-balance/adjust-balance.js';
import { Bucket } from '../../graphql/prepay-balance/bucket.js';
import { ReserveBalance } from '../../graphql/prepay-balance/reserve-balance.js';
import { TopupBalance } from '../../graphql/prepay-balance/topup-balance.js';
import { TransferBalance } from '../../graphql/prepay-balance/transfer-balance.js';
import { createSchema } from '../../graphql/schema.js';
import { UsageSpecification } from '../../graphql/usage/usage-specification.js';
import { Usage } from '../../graphql/usage/usage.js';
import { shapeOf } from '../../graphql/shape.js';
import { apis } from '../../rest-compat/apis/index.js';
import { Rest } from '../../rest-compat/rest.js';
import { createPrepayBalance, type PrepayBalance } from '../domain/prepay-balance/index.js';
import { createUsage, type UsageDomain } from '../domain/usage/index.js';
import { systemClock, type Clock } from '../platform/clock.js';
import type { Config } from '../platform/config.js';
import type { Database } from '../platform/database/database.js';
import { noExtensionSchemas, readExtensionSchemas } from '../platform/extension-schemas.js';
import { createIdSource } from '../platform/ids.js';
import { Jobs } from '../platform/jobs/jobs.js';
import { anonymous } from '../platform/principal.js';
import { Reader } from '../platform/read/reader.js';
import { docsRouter } from './docs.js';
import { createExecute } from './execute.js';
import { createGraphqlHttp } from './graphql-http.js';
import { defineJobs } from './jobs.js';
import { toRefusal } from './refusal.js';
import { restHandler } from './rest-http.js';

/** Apollo's hosted Sandbox, which talks to servers on the user's machine. */
const sandboxOrigin = 'https://studio.apollographql.com';
const exposedHeaders = ['ETag', 'Last-Modified', 'Location', 'Link', 'X-Total-Count', 'X-Result-Count', 'Content-Range', 'Idempotency-Replayed'];

const graphqlPath = /^\/graphql\/?(\?|$)/;
/** What Express serves: pages for people and probes. It would take a third of the speed of GraphQL and TMF REST. */
const expressPaths = /^\/(docs|health)([/?]|$)|\/openapi\.json(\?|$)/i;

/** Longer than clients and balancers keep theirs: who closes first must not be the one that is about to get a request. */
const keepAliveMs = 65_000;
/** How often connections are looked at that became idle while the server waits to stop. */
const idleCheckMs = 50;

export interface AppServer {
  readonly prepayBalance: PrepayBalance;
  readonly usage: UsageDomain;
  /** Starts to listen; answers the origin, e.g. http://127.0.0.1:4000. */
  listen(): Promise<string>;
  /** Begins to run background jobs: its own and those of other servers on the database. */
  startJobs(): void;
  /** Lets open requests and jobs end, then stops; the database stays open. */
  close(): Promise<void>;
}

export interface ServerOptions {
  config: Config;
  database: Database;
  logger: Logger;
  clock?: Clock;
}

/** Wires the layers together: the only place that knows them all. */
export async function createServer({ config, database, logger, clock = systemClock }: ServerOptions): Promise<AppServer> {
  const schema = await createSchema();
  const execute = createExecute(schema);
  const extensions = config.extensionSchemaDir ? await readExtensionSchemas(config.extensionSchemaDir) : noExtensionSchemas;
  const nextId = createIdSource();
  const prepayBalance = createPrepayBalance(database, {
    clock,
    nextId,
    extensions,
    shapes: {
      bucket: shapeOf(Bucket),
      topupBalance: shapeOf(TopupBalance),
      adjustBalance: shapeOf(AdjustBalance),
      reserveBalance: shapeOf(ReserveBalance),
      transferBalance: shapeOf(TransferBalance),
    },
    timeZone: config.timeZone,
    reportStuck: (error, command) => logger.error({ err: error, command }, 'what is due cannot be done'),
  });

  const usage = createUsage(database, {
    clock,
    nextId,
    extensions,
    shapes: { usage: shapeOf(Usage), usageSpecification: shapeOf(UsageSpecification) },
  });

  const jobs = new Jobs(database, logger);
  defineJobs(jobs, { config, database, clock, prepayBalance, logger });

  const reader = new Reader(database, config.countMax, prepayBalance.settler);
  const isExplainOffered = config.mode === 'sandbox';
  const originOfRequest = (request: IncomingMessage): string => originOf(config, request);
  const rest = new Rest({
    schema,
    apis,
    pageSizeMax: config.pageSizeMax,
    extensionAttributes: extensions.attributes,
    isExplainOffered,
    execute: async (document, variables, context) => {
      const { data, errors } = await execute({ document, variables, context });
      if (errors?.[0]) throw toRefusal(errors[0].originalError ?? errors[0], logger);
      return data as Record<string, unknown>;
    },
  });

  const limits = { pageSizeDefault: config.pageSizeDefault, pageSizeMax: config.pageSizeMax };
  const contextOf = (request: IncomingMessage, response: ServerResponse): Context => {
    const origin = originOfRequest(request);
    return {
      principal: anonymous,
      now: clock.now(),
      reader,
      prepayBalance,
      usage,
      limits,
      idempotencyKey: headerOf(request, 'idempotency-key'),
      href: (typeName, id) => origin + rest.router.pathOf(typeName, id),
      replayed: () => void response.setHeader('Idempotency-Replayed', 'true'),
    };
  };

  const graphqlHttp = await createGraphqlHttp({
    schema,
    execute,
    contextOf,
    bodyMaxBytes: config.bodyMaxBytes,
    isIntrospectionEnabled: config.isIntrospectionEnabled,
    logger,
  });

  const handleRest = restHandler(rest, { bodyMaxBytes: config.bodyMaxBytes, contextOf, originOf: originOfRequest, logger });

  const allowCors = cors({ origin: [sandboxOrigin, ...config.corsOrigins], exposedHeaders, maxAge: 600 });
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.get('/health/live', (_request, response) => void response.json({ status: 'live' }));
  app.get('/health/ready', async (_request, response) => {
    const isReady = await database.ping().then(() => true, () => false);
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'database unavailable' });
  });
  const { pageSizeMax } = config;
  app.use(docsRouter({ schema, apis, pageSizeMax, isExplainOffered, originOf: originOfRequest }));
  app.use(handleRest);

  const underWay = new Set<ServerResponse>();
  const server = createHttpServer((request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    const answer = (): void => {
      const url = request.url ?? '';
      if (expressPaths.test(url)) {
        app(request, response);
        return;
      }
      const handle = graphqlPath.test(url) ? graphqlHttp.handle : handleRest;
      handle(request, response).catch((error: unknown) => {
        logger.error({ err: error }, 'request failed');
        response.statusCode = 500;
        response.end();
      });
    };
    // An OPTIONS that is no preflight asks the resource itself what it allows.
    const isPlainOptions = request.method === 'OPTIONS' && request.headers['access-control-request-method'] === undefined;
    if (isPlainOptions) answer();
    else allowCors(request, response, answer);
  });

  server.keepAliveTimeout = keepAliveMs;

  return {
    prepayBalance,
    usage,
    listen: async () => {
      // Before the first request, which may send a job.
      await jobs.prepare();
      return listen(server, config);
    },
    startJobs: () => jobs.start(),
    close: async () => {
      await Promise.all([closeServer(server, underWay), jobs.stop()]);
      await graphqlHttp.stop();
      await prepayBalance.drain();
      logger.info({ batchSizes: prepayBalance.batchSizes() }, 'balance actions committed');
    },
  };
}

function listen(server: Server, config: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve(config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`);
    });
  });
}

/** No new connections; idle ones go at once, the others when their request is answered. */
function closeServer(server: Server, underWay: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    for (const response of underWay) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    const closeIdle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
    server.close(() => {
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** The configured public URL, else what the client called us. */
function originOf(config: Config, request: IncomingMessage): string {
  if (config.publicUrl) return config.publicUrl;
  const host = request.headers.host;
  return `http://${host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : 'localhost'}`;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
