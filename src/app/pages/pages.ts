import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ApiDescriptor } from '../../../rest-compat/apis/api.js';
import type { Config } from '../../platform/config.js';
import { endEmpty, vary } from '../http/answer.js';
import type { FindHandler, RequestHandler } from '../http/listener.js';
import { isPageVisit, sandboxOrigin } from '../http/origins.js';
import { browserFolder, folderOf, versionOfServer } from './package.js';
import { PageFile } from './page-file.js';

/** Files of packages that pages load, by the name under /pages/vendor/. */
const vendorFiles = {
  'lit-html/lit-html.js': ['lit-html', 'lit-html.js'],
  'lit-html/directive.js': ['lit-html', 'directive.js'],
  'lit-html/directive-helpers.js': ['lit-html', 'directive-helpers.js'],
  'lit-html/directives/repeat.js': ['lit-html', 'directives/repeat.js'],
  'react.js': ['react', 'umd/react.production.min.js'],
  'react-dom.js': ['react-dom', 'umd/react-dom.production.min.js'],
  'graphiql.js': ['graphiql', 'graphiql.min.js'],
  'graphiql.css': ['graphiql', 'graphiql.min.css'],
  'swagger-ui.js': ['swagger-ui-dist', 'swagger-ui-bundle.js'],
  'swagger-ui-preset.js': ['swagger-ui-dist', 'swagger-ui-standalone-preset.js'],
  'swagger-ui.css': ['swagger-ui-dist', 'swagger-ui.css'],
} as const;

/** The dialogs of GraphiQL write a style element that stops the page from scrolling, and its fonts are data URLs. */
const explorerPolicy = { 'style-src-elem': "'self' 'unsafe-inline'", 'font-src': "'self' data:" };
/** Swagger UI writes style attributes. */
const apiPolicy = { 'style-src': "'self' 'unsafe-inline'" };

/**
 * The pages for people: `/`, the explorer at `/graphql`, the documentation of TMF REST at `/docs`. They are files and use only what every
 * client may use, so everybody may have them (docs/decisions/0048-front-door.md). Paths are looked up as they stand: none leads elsewhere.
 */
export function createPages(config: Config, apis: readonly ApiDescriptor[]): FindHandler {
  if (!config.arePagesShown) return () => undefined;
  const own = (name: string, policy?: Readonly<Record<string, string>>): PageFile =>
    new PageFile({ name, path: join(browserFolder, name), policy });
  const home = own('home.html');
  const explorer = own('explorer.html', explorerPolicy);
  const files = new Map<string, PageFile>([
    ...readdirSync(browserFolder)
      .filter((name) => !name.endsWith('.html'))
      .map((name) => [`/pages/${name}`, own(name)] as const),
    ...Object.entries(vendorFiles).map(
      ([name, [packageName, path]]) =>
        [
          `/pages/vendor/${name}`,
          new PageFile({ name: basename(name), path: join(folderOf(packageName), path) }),
        ] as const,
    ),
    ['/pages/server.json', new PageFile({ name: 'server.json', content: JSON.stringify(aboutServer(config, apis)) })],
    ['/docs/', own('docs.html', apiPolicy)],
  ]);
  const visited = new Map([
    ['/', home],
    ['/graphql', explorer],
  ]);
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const [path = '', query] = (request.url ?? '').split(/\?(.*)/, 2);
    const file = files.get(path);
    if (file) return (...exchange) => file.send(...exchange);
    const search = query === undefined ? '' : `?${query}`;
    if (path === '/docs') return redirectTo(`docs/${search}`);
    if (path === '/graphql/' && isPageVisit(request)) return redirectTo(`../graphql${search}`);
    const page = visited.get(path);
    if (!page || !isPageVisit(request)) return undefined;
    return (visit, response) => {
      vary(response, 'Accept');
      return page.send(visit, response);
    };
  };
}

/** Relative, so that it works behind a proxy that adds a prefix. */
function redirectTo(location: string): RequestHandler {
  return async (request, response) => {
    response.statusCode = 302;
    response.setHeader('Location', location);
    endEmpty(request, response);
  };
}

/** What pages say of the server, and how they ask it. */
function aboutServer(config: Config, apis: readonly ApiDescriptor[]): object {
  return {
    version: versionOfServer(),
    mode: config.mode,
    isTokenNeeded: config.auth === 'required',
    isSchemaShown: config.isIntrospectionEnabled,
    isDemo: config.seed === 'demo',
    pageSizeMax: config.pageSizeMax,
    isSandboxAllowed: config.mode === 'sandbox' || config.corsOrigins.includes(sandboxOrigin),
    apis: apis.map(({ number, title, basePaths: [path], resources }) => ({
      number,
      title,
      path,
      resources: Object.keys(resources),
    })),
  };
}
