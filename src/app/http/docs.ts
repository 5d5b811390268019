import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { ApiDescriptor } from '../../../rest-compat/apis/api.js';
import { isNotModified } from '../../../rest-compat/headers.js';
import { openApiDocument, type OpenApiOptions } from '../../../rest-compat/openapi/openapi.js';
import { endWith } from './answer.js';

/** Characters of the hash in an ETag: 132 bits. */
const tagLength = 22;

export interface DocsOptions extends OpenApiOptions {
  schema: GraphQLSchema;
  apis: readonly ApiDescriptor[];
  originOf(request: IncomingMessage): string;
}

/** The files of swagger-ui-dist that are served; its own page would load an example document from the internet. */
const swaggerUiFiles = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-32x32.png',
];
const swaggerUiFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** A new version of the server brings new pages, so a browser asks each time whether the one it has is still current. */
const revalidated = { 'Cache-Control': 'no-cache' };

/** Nothing is loaded from other origins. React sets inline styles, and the icons of Swagger UI are data URLs. */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  ...revalidated,
};

/** Serves the OpenAPI document of each API at openapi.json below its base path, and Swagger UI for all of them at /docs. */
export function docsRouter({ schema, apis, originOf, ...options }: DocsOptions): Router {
  const router = Router({ strict: true, caseSensitive: true });
  for (const api of apis) {
    const document = openApiDocument(schema, api, options);
    router.get(api.basePaths.map(documentPath), (request, response) => {
      const origin = originOf(request);
      response.set(revalidated).type('json');
      endWith(
        request,
        response,
        JSON.stringify({ ...document, servers: document.servers.map(({ url }) => ({ url: origin + url })) }),
      );
    });
  }
  // Relative, so that it works behind a proxy that adds a prefix.
  router.get('/docs', (request, response) =>
    response.redirect(302, request.originalUrl.replace(/^.*?\/docs/, 'docs/')),
  );
  router.get('/docs/', text('html', page));
  router.get('/docs/initializer.js', text('js', initializer(apis)));
  router.get('/docs/page.css', text('css', pageStyle));
  for (const file of swaggerUiFiles) {
    let content: Buffer | undefined;
    router.get(`/docs/${file}`, async (request, response) => {
      content ??= await readFile(join(swaggerUiFolder, file));
      sendPage(request, response, extname(file), content);
    });
  }
  return router;
}

function text(type: string, content: string): RequestHandler {
  return (request, response) => sendPage(request, response, type, content);
}

function sendPage(request: Request, response: Response, type: string, content: string | Buffer): void {
  const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, tagLength)}"`;
  response.set({ ...pageHeaders, ETag: tag }).type(type);
  if (isNotModified(request.headers, tag)) response.status(304).end();
  else endWith(request, response, content);
}

function documentPath(basePath: string): string {
  return `${basePath}/openapi.json`;
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TMF REST API</title>
<link rel="icon" type="image/png" href="favicon-32x32.png">
<link rel="stylesheet" href="swagger-ui.css">
<link rel="stylesheet" href="page.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript. The OpenAPI documents themselves are at openapi.json below the base path of each API.</noscript>
<script src="swagger-ui-bundle.js"></script>
<script src="swagger-ui-standalone-preset.js"></script>
<script src="initializer.js"></script>
</body>
</html>
`;

const pageStyle = `body { margin: 0; }
.swagger-ui .parameters textarea, .swagger-ui .parameters .highlight-code pre { height: auto; min-height: 5em; }
noscript { display: block; padding: 2rem; font-family: sans-serif; }
`;

/** The script that starts Swagger UI. HEAD and OPTIONS are hidden: they would double the page. */
function initializer(apis: readonly ApiDescriptor[]): string {
  const urls = apis.map(({ number, title, basePaths }) => ({
    name: `${number} ${title}`,
    url: `..${documentPath(basePaths[0])}`,
  }));
  return `const hidden = ['head', 'options'];
const withoutHidden = () => ({
  wrapComponents: {
    operation: (Original, { React }) => (props) => (hidden.includes(props.operation.get('method')) ? null : React.createElement(Original, props)),
  },
});
SwaggerUIBundle({
  dom_id: '#docs',
  urls: ${JSON.stringify(urls)},
  layout: 'StandaloneLayout',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [withoutHidden],
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;
}
