/** What clients build upon, as it stands in the repository: the GraphQL schema and the OpenAPI documents. */
import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { createSchema } from '../../graphql/schema.js';
import { printedSchema } from '../../graphql/sdl.js';
import { apis } from '../../rest-compat/apis/index.js';
import { openApiDocument } from '../../rest-compat/openapi/openapi.js';
import { errorCatalogue } from '../../src/app/errors.js';
import { readConfig } from '../../src/platform/config.js';

/** The name of an API as our folders have it: `Prepay Balance Management` is prepay-balance. */
function fileNameOf(title: string): string {
  const words = title.replace(/ Management$/, '').toLowerCase();
  return words === 'resource ordering' ? 'resource-order' : words.replaceAll(' ', '-');
}

/** The files of the contract by their path in the repository, as the code of now makes them with its default settings for production. */
export async function contractFiles(): Promise<Map<string, string>> {
  const schema = await createSchema();
  const { pageSizeMax, restPageSizeDefault } = readConfig({}, 'sandbox');
  const pageSizes = { pageSizeMax, pageSizeDefault: restPageSizeDefault };
  const files = new Map([['schema.graphql', printedSchema(schema)]]);
  for (const api of apis) {
    const document = openApiDocument(schema, api, {
      pageSizes,
      isExplainOffered: false,
      isAuthenticationRequired: true,
      errors: errorCatalogue,
    });
    files.set(`openapi/${fileNameOf(api.title)}.json`, `${JSON.stringify(document, null, 2)}\n`);
  }
  return files;
}

/** The contract of the last release, which `npm run contract -- --release` keeps, and its version. */
export function releasedContract(): { version: string; files: Map<string, string> } {
  const folders = readdirSync('contract', { withFileTypes: true }).filter((one) => one.isDirectory());
  const [version = '', ...others] = folders.map(({ name }) => name);
  if (others.length > 0) throw new Error(`contract/ keeps one release, not ${[version, ...others].join(' and ')}`);
  const apiFiles = readdirSync(`contract/${version}/openapi`).map((name) => `openapi/${name}`);
  const paths = ['schema.graphql', ...apiFiles];
  return { version, files: new Map(paths.map((path) => [path, readFileSync(`contract/${version}/${path}`, 'utf8')])) };
}
