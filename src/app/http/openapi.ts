import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { ApiDescriptor } from '../../../rest-compat/apis/api.js';
import { openApiDocument, type OpenApiOptions } from '../../../rest-compat/openapi/openapi.js';
import { endWith } from './answer.js';

export interface OpenApiRouterOptions extends OpenApiOptions {
  schema: GraphQLSchema;
  apis: readonly ApiDescriptor[];
  originOf(request: IncomingMessage): string;
}

/** Serves the OpenAPI document of each API at openapi.json below its base path. */
export function openApiRouter({ schema, apis, originOf, ...options }: OpenApiRouterOptions): Router {
  const router = Router({ strict: true, caseSensitive: true });
  for (const api of apis) {
    const document = openApiDocument(schema, api, options);
    router.get(
      api.basePaths.map((basePath) => `${basePath}/openapi.json`),
      (request, response) => {
        const origin = originOf(request);
        // A new version of the server brings a new document.
        response.set('Cache-Control', 'no-cache').type('json');
        endWith(
          request,
          response,
          JSON.stringify({ ...document, servers: document.servers.map(({ url }) => ({ url: origin + url })) }),
        );
      },
    );
  }
  return router;
}
