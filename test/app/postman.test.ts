import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { demoValues } from '../../rest-compat/apis/demo-values.js';
import { apis } from '../../rest-compat/apis/index.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(120_000);

// Neither has types, and both are CommonJS.
const require = createRequire(import.meta.url);
const convert = promisify<any, any, any>(require('openapi-to-postmanv2').convertV2);
const run = promisify<any, any>(require('newman').run);

describe('the collection that is made of an OpenAPI document runs on the demo data', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
  });
  afterAll(() => server.close());

  /** Every operation, with all its parameters at once, by the examples that the document has. */
  async function refusals(document: any): Promise<string[]> {
    const { output } = await convert(
      { type: 'string', data: JSON.stringify(document) },
      { parametersResolution: 'Example', folderStrategy: 'Paths' },
    );
    const baseUrl = document.servers[0].url;
    const { run: done } = await run({
      collection: output[0].data,
      envVar: [{ key: 'baseUrl', value: baseUrl }],
      reporters: [],
      timeoutRequest: 60_000,
    });
    const operations = Object.values(document.paths).flatMap((path: any) => Object.keys(path));
    expect(done.executions.length).toBe(operations.length);
    return done.executions.flatMap(({ request, response }: any) =>
      response?.code < 400 ? [] : [`${request.method} ${request.url.getPath()}: ${response?.code} ${response?.text()}`],
    );
  }

  /** As a sandbox serves it: with the parameter that explains. */
  async function served(basePath: string): Promise<any> {
    const document: any = await (await fetch(`${server.url}${basePath}/openapi.json`)).json();
    // Whoever registers is sent events; the demo data has nobody who could take them.
    delete document.paths['/hub/{id}'];
    return document;
  }

  const basePaths = apis.map(({ number, basePaths: [basePath] }): [string, string] => [number, basePath]);

  it.each(basePaths)('%s, explained', async (_number, basePath) => {
    expect(await refusals(await served(basePath))).toEqual([]);
  });

  it.each(basePaths)('%s, for real', async (_number, basePath) => {
    const document = await served(basePath);
    let explained = 0;
    for (const path of Object.values<any>(document.paths))
      for (const operation of Object.values<any>(path)) {
        const { length } = operation.parameters ?? [];
        operation.parameters = operation.parameters?.filter(
          ({ $ref }: any) => $ref !== '#/components/parameters/explain',
        );
        explained += length - (operation.parameters?.length ?? 0);
      }
    expect(explained).toBeGreaterThan(0);
    expect(await refusals(document)).toEqual([]);
  });

  it('names what the demo data has', async () => {
    const found = new Set<string>();
    for (const [, basePath] of basePaths) {
      const { paths, components } = await served(basePath);
      for (const [path, { get }] of Object.entries<any>(paths)) {
        if (path.includes('{')) continue;
        for (const { $ref } of get.parameters) {
          const { name } = components.parameters[String($ref).replace('#/components/parameters/', '')];
          const value = demoValues[name];
          if (value === undefined || found.has(name)) continue;
          const list = await server.rest('GET', `${path}?${name}=${encodeURIComponent(value)}&fields=id&limit=1`);
          if (list.body.length > 0) found.add(name);
        }
      }
    }
    expect([...found].sort()).toEqual(Object.keys(demoValues).sort());
  });
});
