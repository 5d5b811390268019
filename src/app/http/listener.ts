import { createServer as createNodeServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../../platform/config.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { Addresses } from './addresses.js';
import { refuseGraphql, refuseRest, refuseUnreadable, setCommonHeaders, takeBody } from './answer.js';
import { answerFailure } from './failure.js';
import { Connections } from './connections.js';
import type { OriginPolicy } from './origins.js';
import type { Readiness } from '../readiness.js';
import { inRequest } from './request-trace.js';
import type { FindStream } from './streams.js';

const graphqlPath = /^\/graphql\/?(\?|$)/;
/** What Express serves: pages for people and probes. It would take a third of the speed of GraphQL and TMF REST. */
const expressPaths = /^\/(docs|health)([/?]|$)|\/openapi\.json(\?|$)/i;

/** Longer than clients and balancers keep theirs: who closes first must not be the one that is about to get a request. */
const keepAliveMs = 65_000;
/** How often it is looked whether a header has come in time. */
const headerCheckMs = 1_000;
/** How often connections are looked at that became idle while the server waits to stop. */
const idleCheckMs = 50;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface HttpServerOptions {
  config: Config;
  readiness: Readiness;
  logger: Logger;
  addresses: Addresses;
  origins: OriginPolicy;
  graphql: RequestHandler;
  findStream: FindStream;
  /** Answers whatever nobody else does. */
  rest: RequestHandler;
  docs: Router;
}

export interface HttpServer {
  /** Starts to listen; answers the origin, e.g. http://127.0.0.1:4000. */
  listen(): Promise<string>;
  /** No new connections; resolves when the open requests are answered. */
  close(): Promise<void>;
}

/** Leads each request to the transport it is for. */
export function createHttpServer({
  config,
  readiness,
  logger,
  addresses,
  origins,
  graphql,
  findStream,
  rest,
  docs,
}: HttpServerOptions): HttpServer {
  const pages = createPages(readiness, docs, rest, logger);
  const underWay = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    setCommonHeaders(response);
    const misdirection = addresses.settle(request);
    const url = request.url ?? '';
    const isGraphql = graphqlPath.test(url);
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
      takeBody(request, response);
      if (expressPaths.test(url)) {
        pages(request, response);
        return;
      }
      const handle = isGraphql ? graphql : (findStream(request) ?? rest);
      handle(request, response).catch((error: unknown) => answerFailure(error, response, logger));
    });
  };
  const connections = new Connections(config, addresses);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    // Whoever waits for a connection hears of its death by 'close'; an error that nobody listens to would end the process.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    connections.take(request, response, begin);
  };
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    inRequest(request, () => {
      try {
        answer(request, response);
      } catch (error) {
        answerFailure(error, response, logger);
      }
    });
  };

  // Refusals of node's own would lack what every answer has.
  const server = createNodeServer(
    { requireHostHeader: false, headersTimeout: config.headerMaxMs, connectionsCheckingInterval: headerCheckMs },
    serve,
  );
  server.on('checkContinue', serve);
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
    // Into an answer that has begun nothing may be written.
    if ([...underWay].some((response) => response.socket === socket && response.headersSent)) socket.destroy();
    else refuseUnreadable(error, socket);
  });
  server.keepAliveTimeout = keepAliveMs;
  // Node's limit would end every upload that takes long. Bodies have a pace to keep to.
  server.requestTimeout = 0;
  connections.guard(server);
  return { listen: () => listen(server, config, logger), close: () => close(server, underWay) };
}

/** What stands at none of these paths is TMF REST's to refuse. */
function createPages(readiness: Readiness, docs: Router, rest: RequestHandler, logger: Logger): express.Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.get('/health/live', (_request, response) => void response.json({ status: 'live' }));
  app.get('/health/ready', async (_request, response) => {
    const problem = await readiness.problem();
    response.status(problem === undefined ? 200 : 503).json({ status: problem ?? 'ready' });
  });
  app.use(docs);
  app.use(rest);
  // Express knows a handler of errors by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    answerFailure(error, response, logger),
  );
  return app;
}

function listen(server: Server, config: Config, logger: Logger): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      // What goes wrong from now on is a connection that could not be taken: the others go on.
      server.on('error', (error) => logger.error({ err: error }, 'a connection could not be taken'));
      const { port } = server.address() as AddressInfo;
      resolve(config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`);
    });
  });
}

/** No new connections; idle ones go at once, the others when their request is answered. */
function close(server: Server, underWay: ReadonlySet<ServerResponse>): Promise<void> {
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
