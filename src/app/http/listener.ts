import { createServer as createNodeServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { Addresses } from './addresses.js';
import { refuseGraphql, refuseRest, refuseUnreadable, setCommonHeaders, takeBody } from './answer.js';
import { answerFailure } from './failure.js';
import { eventStreamPath, graphqlPath } from './paths.js';
import { UpgradableMessage, upgradesBy, type Upgrade } from './upgrades.js';
import { Connections } from './connections.js';
import type { Gate } from './gate.js';
import { secondsSince } from '../metrics/ended-operation.js';
import type { Metrics } from '../metrics/metrics.js';
import { endOf, metricsRoute, surfaceOf } from '../metrics/http.js';
import type { OriginPolicy } from './origins.js';
import type { Readiness } from '../readiness.js';
import { inRequest } from './request-trace.js';
import type { FindStream } from './streams.js';
import { inSpan } from '../../platform/tracing.js';
import type { BeginRequestSpan } from '../tracing/request-spans.js';

/** Paths that Express serves: probes and OpenAPI. GraphQL and TMF REST would lose a third of their speed to it. */
const expressPaths = /^\/(health|metrics)([/?]|$)|\/openapi\.json(\?|$)/i;

/** Longer than clients and balancers keep connections, so that the server does not close one that is about to be used. */
const keepAliveMs = 65_000;
/** How often headers are checked for having come in time. */
const headerCheckMs = 1_000;
/** How often connections that became idle are closed while the server stops. */
const idleCheckMs = 50;

/** Answers one request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
/** Finds what answers a request; undefined: something else does. */
export type FindHandler = (request: IncomingMessage) => RequestHandler | undefined;

export interface HttpServerOptions {
  config: Config;
  readiness: Readiness;
  logger: Logger;
  addresses: Addresses;
  origins: OriginPolicy;
  /** Lets requests in. */
  gate: Gate;
  /** What is told to those who watch. */
  metrics: Metrics;
  /** Begins the span of a request, where there are traces. */
  beginSpan: BeginRequestSpan | undefined;
  graphql: RequestHandler;
  /** Tells subscriptions, as text/event-stream. */
  eventStream: RequestHandler;
  /** Takes over connections that are to speak WebSocket. */
  upgrade: Upgrade;
  /** The schema as a text; none where clients may not read it. */
  findSdl?: FindHandler;
  findStream: FindStream;
  /** Pages for people and their files, which everybody may have. */
  findPage: FindHandler;
  /** Answers every request that no other handler is for. */
  rest: RequestHandler;
  openApi: Router;
}

/** The HTTP server, before it listens. */
export interface HttpServer {
  /** Starts to listen and returns the origin, e.g. http://127.0.0.1:4000. Throws when the address cannot be used. */
  listen(): Promise<string>;
  /** Takes no new connections; resolves when all open requests are answered. */
  close(): Promise<void>;
}

/** Creates the HTTP server, which hands each request to the transport it is for. */
export function createHttpServer({
  config,
  readiness,
  logger,
  addresses,
  origins,
  gate,
  metrics,
  beginSpan,
  graphql,
  eventStream,
  upgrade,
  findSdl,
  findStream,
  findPage,
  rest,
  openApi,
}: HttpServerOptions): HttpServer {
  const probes = createExpress(readiness, metricsRoute(config, metrics), openApi, guarded(rest, gate, logger), logger);
  const openResponses = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    setCommonHeaders(response);
    const misdirection = addresses.normalize(request);
    const url = request.url ?? '';
    const isEventStream = eventStreamPath.test(url);
    const isGraphql = isEventStream || graphqlPath.test(url);
    const refuse = isGraphql ? refuseGraphql : refuseRest;
    if (misdirection) {
      refuse(request, response, misdirection);
      return;
    }
    origins.handle(request, response, () => {
      const refusal = origins.refusal(request, isGraphql);
      if (refusal) {
        refuse(request, response, refusal);
        return;
      }
      if (expressPaths.test(url)) {
        takeBody(request, response);
        probes(request, response);
        return;
      }
      // Pages are where people type their tokens in.
      const page = findPage(request);
      const file = isGraphql || page ? undefined : findStream(request);
      const ofGraphql = isEventStream ? eventStream : graphql;
      const handle = page ?? (isGraphql ? ofGraphql : (findSdl?.(request) ?? file?.handle ?? rest));
      const goOn = (): void => {
        takeBody(request, response);
        handle(request, response).catch((error: unknown) => answerFailure(error, response, logger));
      };
      if (page) goOn();
      else gate(request, response, refuse, goOn, file?.signed);
    });
  };
  const connections = new Connections(config, addresses);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    // Code that uses the connection listens to 'close'; an 'error' without a listener would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    connections.take(request, response, begin);
  };
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    openResponses.add(response);
    const begun = performance.now();
    const surface = surfaceOf(request.url ?? '');
    const span = beginSpan?.(request, response, surface);
    response.once('close', () => {
      openResponses.delete(response);
      // A stream that has begun lasts as long as its client wants.
      if (surface !== 'events' || response.statusCode !== 200)
        metrics.answered({ ...endOf(request, response), surface, seconds: secondsSince(begun) });
    });
    const answerOrFail = (): void => {
      try {
        answer(request, response);
      } catch (error) {
        answerFailure(error, response, logger);
      }
    };
    inRequest(request, () => inSpan(span, answerOrFail), response);
  };

  // Node's own refusals would lack the headers that every answer has.
  const server = createNodeServer(
    {
      requireHostHeader: false,
      headersTimeout: config.headerMaxMs,
      connectionsCheckingInterval: headerCheckMs,
      IncomingMessage: UpgradableMessage,
    },
    serve,
  );
  server.on('checkContinue', serve);
  server.on('upgrade', upgradesBy(upgrade, { addresses, origins, connections }));
  server.on('checkExpectation', (request, response) => {
    connections.take(request, response, refuseExpectation);
  });
  const refuseExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    setCommonHeaders(response);
    refuseRest(
      request,
      response,
      new DomainError(
        'INVALID_EXPECTATION',
        `Expect '${abbreviated(request.headers.expect ?? '')}' is not 100-continue`,
      ),
    );
  };
  server.on('clientError', (error, socket) => {
    // Nothing may be written into an answer that has begun.
    if ([...openResponses].some((response) => response.socket === socket && response.headersSent)) socket.destroy();
    else refuseUnreadable(error, socket);
  });
  server.keepAliveTimeout = keepAliveMs;
  // Node's limit would end long uploads. The pace of bodies is limited instead.
  server.requestTimeout = 0;
  connections.guard(server);
  return { listen: () => listen(server, config, logger), close: () => close(server, connections, openResponses) };
}

/** Goes on only when it is known who sends the request. */
function guarded(handle: RequestHandler, gate: Gate, logger: Logger): express.RequestHandler {
  return (request, response) =>
    gate(request, response, refuseRest, () => {
      handle(request, response).catch((error: unknown) => answerFailure(error, response, logger));
    });
}

/** Probes and OpenAPI, which everybody may see; TMF REST refuses every other path. */
function createExpress(
  readiness: Readiness,
  watched: express.RequestHandler | undefined,
  openApi: Router,
  rest: express.RequestHandler,
  logger: Logger,
): express.Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.get('/health/live', (_request, response) => void response.json({ status: 'live' }));
  app.get('/health/ready', async (_request, response) => {
    const problem = await readiness.problem();
    response.status(problem === undefined ? 200 : 503).json({ status: problem ?? 'ready' });
  });
  if (watched) app.get('/metrics', watched);
  app.use(openApi);
  app.use(rest);
  // Express recognizes an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    answerFailure(error, response, logger),
  );
  return app;
}

function listen(server: Server, config: Config, logger: Logger): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      // An error from now on concerns one connection that could not be accepted.
      server.on('error', (error) => logger.error({ err: error }, 'a connection could not be accepted'));
      const { port } = server.address() as AddressInfo;
      resolve(config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`);
    });
  });
}

/** Takes no new connections and closes idle ones at once, the others when their request is answered. */
function close(server: Server, connections: Connections, openResponses: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    for (const response of openResponses) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    const closeIdle = setInterval(() => {
      server.closeIdleConnections();
      connections.closeUnused();
    }, idleCheckMs);
    server.close(() => {
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
