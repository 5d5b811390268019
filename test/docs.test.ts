import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate, type GraphQLSchema } from 'graphql';
import { errorCatalogue } from '../src/app/errors.js';
import { help as listenerHelp } from '../src/app/cli/listener/arguments.js';
import { help as billRunHelp } from '../src/app/cli/bill-run/run.js';
import { help as usageHelp } from '../src/app/cli/usage/run.js';
import * as limits from '../src/platform/limits.js';
import { settings, type Setting } from '../src/platform/settings.js';
import { eventCatalogue } from '../src/domain/events.js';
import { tablesOfSchema, whatIsKept } from './support/what-is-kept.js';
import { documentTables, withTable } from './contract/tables.js';

const notOurs = new Set(['node_modules', 'dist', 'data', 'reports', 'generated', '.git', 'contract', 'coverage']);

function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !notOurs.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(path, pattern);
      return pattern.test(entry.name) ? [path] : [];
    });
}

const textOf = (path: string): string => readFileSync(path, 'utf8');
const self = 'test/docs.test.ts';
const documents = filesUnder('.', /\.md$/);
/** What users read; it names nothing that does not exist. */
const userDocuments = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  /^(README|docs\/(?!upgrading|glossary)[^/]*)\.md$/.test(path),
);
const code = ['src', 'graphql', 'rest-compat', 'test', 'prisma', '.github', '.ci']
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => filesUnder(folder, /\.(ts|js|prisma|sql|yml|sh)$/))
  .filter((path) => path !== self);
const packageJson = JSON.parse(textOf('package.json')) as { version: string; scripts: Record<string, string> };

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf(path: string): string[] {
  return [...textOf(path).matchAll(/^#+ +(.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Everything that a pattern finds in these files, as `file: match`, but what `isRight` accepts. */
function wrongMatches(paths: readonly string[], pattern: RegExp, isRight: (match: string) => boolean): string[] {
  return paths.flatMap((path) =>
    [...textOf(path).matchAll(pattern)]
      .map(([all, part]) => part ?? all)
      .flatMap((one) => (isRight(one) ? [] : [`${path}: ${one}`])),
  );
}

describe('documents', () => {
  it('lead to files and headings that exist', () => {
    const broken = documents.flatMap((path) =>
      [...textOf(path).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : normalize(join(dirname(path), file));
        const isThere = existsSync(target) && (anchor === undefined || anchorsOf(target).includes(anchor));
        return isThere ? [] : [`${path}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('name files of the repository that exist', () => {
    const named = /`((?:src|graphql|rest-compat|prisma|test|docs|contract|openapi)\/[\w./-]*\w)`/g;
    // The examples of CONTRIBUTING.md are yet to be made.
    const isExample = (path: string): boolean => /\b(voucher|stock)\b/.test(path);
    const wrong = documents.flatMap((document) =>
      wrongMatches([document], named, (path) => {
        const places = [path, join(dirname(document), path)].flatMap((place) => [place, `${place}.test.ts`]);
        return isExample(path) || places.some((place) => existsSync(place));
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('follow functions that are where they say', () => {
    const followed = documents.flatMap((path) => [...textOf(path).matchAll(/`([\w/.-]+\.ts): ([\w.]+)`/g)]);
    expect(followed.length).toBeGreaterThan(20);
    const wrong = followed.filter(([, file = '', name = '']) => {
      const text = existsSync(file) ? textOf(file) : '';
      return !name.split('.').every((part) => new RegExp(`\\b${part}\\b`).test(text));
    });
    expect(wrong.map(([step]) => step)).toEqual([]);
  });

  it('name the newest migration that makes the SQL function', () => {
    const named = /\bSQL function `(\w+)` in `(prisma\/migrations\/[\w/.-]+)`/g;
    const claims = [...textOf('docs/architecture.md').matchAll(named)];
    expect(claims.map(([, name]) => name)).toContain('accumulatedBalancesAt');
    const migrations = filesUnder('prisma/migrations', /\.sql$/).sort();
    const stale = claims.filter(([, name = '', path]) => {
      const makes = new RegExp(`CREATE (?:OR REPLACE )?FUNCTION (?:"public"\\.)?"${name}"`, 'i');
      return path !== migrations.findLast((one) => makes.test(textOf(one)));
    });
    expect(stale.map(([claim]) => claim)).toEqual([]);
  });

  it('name every file of a domain that another domain imports', () => {
    const architecture = textOf('docs/architecture.md');
    const domains = readdirSync('src/domain', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const imported = domains.flatMap(({ name: own }) =>
      filesUnder(join('src/domain', own), /\.ts$/).flatMap((path) =>
        [...textOf(path).matchAll(/from '(\.[^']+)\.js'/g)]
          .map(([, target = '']) => `${normalize(join(dirname(path), target))}.ts`)
          .filter((target) => domains.some(({ name }) => name !== own && target.startsWith(`src/domain/${name}/`))),
      ),
    );
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((path) => !architecture.includes(`\`${path}\``))).toEqual([]);
  });

  it('that code cites exist', () => {
    const cited = /\b((?:docs|src|graphql|test)\/[\w./-]+\.md)\b/g;
    expect(wrongMatches(code, cited, (path) => existsSync(path))).toEqual([]);
  });

  it('are the only ones that are cited', () => {
    const foreign = /\b(?:DESIGN|DIGEST|CONVENTIONS|TMF630\.md|CTK\.md)\b/g;
    expect(wrongMatches([...code, ...documents], foreign, () => false)).toEqual([]);
  });

  it('name other products for comparison in docs/performance.md and the bench only', () => {
    const peers =
      /\b(?:Hasura|PostGraphile|TigerBeetle|Formance|Medplum|OpenMeter|Kill Bill|Lago|SigScale|Supabase|PocketBase|Directus|Vendure|OpenTMF)\b/gi;
    const others = [...code, ...documents].filter(
      (path) => path !== 'docs/performance.md' && !path.startsWith('test/bench/'),
    );
    expect(wrongMatches(others, peers, () => false)).toEqual([]);
  });

  it.each(['decisions', 'standard'])('of docs/%s are listed in its README', (folder) => {
    const listed = [...textOf(`docs/${folder}/README.md`).matchAll(/\]\(([^)#/]+\.md)\)/g)].map(([, name]) => name);
    const there = readdirSync(`docs/${folder}`).filter((name) => name !== 'README.md');
    expect(there.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('say of every table how long its rows are kept, and of settings what they are at first', () => {
    const rows = whatIsKept();
    expect(rows.flatMap(({ tables }) => tables).sort()).toEqual(tablesOfSchema().sort());
    const section = /^## What is kept\n(.*?)^## /ms.exec(textOf('docs/operations.md'))?.[1] ?? '';
    const stated = [...section.matchAll(/`([A-Z_]+)` \((\d+)\)/g)].map(([, name = '', value]) => [name, value]);
    expect(stated.length).toBeGreaterThan(6);
    const named = settings as Readonly<Record<string, Setting>>;
    expect(stated).toEqual(stated.map(([name = '']) => [name, named[name]?.default]));
  });

  it('of topics can be found from the README', () => {
    const linked = [...textOf('README.md').matchAll(/\]\(docs\/([\w-]+\.md)\)/g)].map(([, name]) => name);
    expect(readdirSync('docs').filter((name) => name.endsWith('.md') && !linked.includes(name))).toEqual([]);
  });

  describe('have GraphQL that the schema takes', () => {
    let schema: GraphQLSchema;
    beforeAll(() => {
      schema = buildSchema(textOf('schema.graphql'));
    });
    const blocks = userDocuments.flatMap((path) =>
      [...textOf(path).matchAll(/```graphql\n([^`]+)```/g)].map(([, block = '']) => [path, block] as const),
    );
    it.each(blocks)('%s: %s', (_path, block) => expect(validate(schema, parse(block))).toEqual([]));
  });
});

describe('README.md', () => {
  const lines = textOf('README.md').split('\n');
  it('has at most 120 lines of at most 140 characters', () => {
    expect(lines.length - 1).toBeLessThanOrEqual(120);
    expect(lines.filter((line) => line.length > 140)).toEqual([]);
  });

  it('has the two lines that set everything up', () =>
    expect(lines).toEqual(expect.arrayContaining(['npm ci && npm start', 'npm ci && npm test'])));
});

describe('everything that the code declares is documented, and nothing else', () => {
  it.each(documentTables().map((table) => [table.path, table.name, table] as const))(
    '%s, %s (npm run contract writes it)',
    (path, _name, table) => {
      const text = textOf(path);
      expect(text).toBe(withTable(text, table));
    },
  );

  it('settings and errors', () => {
    const known = new Set<string>([
      ...Object.keys(settings),
      ...errorCatalogue.map(({ code: name }) => name),
      ...Object.keys(limits),
      ...Object.values(ApolloServerErrorCode),
      'BENCH_DATABASE_URL',
      'TMF_API_KEY',
      'LISTENER_SECRET',
      // Of Compose.
      'POSTGRES_PASSWORD',
      // Of the soak.
      'PG_BIN',
      'SOAK_FOLDER',
      // Of the commands of a backup.
      'BACKUP_URL',
    ]);
    expect(wrongMatches(userDocuments, /`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g, (name) => known.has(name))).toEqual([]);
  });

  it('events', () => {
    const known = Object.values(eventCatalogue).flat();
    expect(
      wrongMatches(
        userDocuments,
        /`([A-Z]\w+Event)`/g,
        (name) => known.includes(name) || tablesOfSchema().includes(name),
      ),
    ).toEqual([]);
  });

  it('npm commands', () => {
    const own = Object.keys(packageJson.scripts).filter((name) => !/^(pre|post)./.test(name) || name === 'preview');
    const builtIn = ['start', 'test'];
    const all = documents.map(textOf).join('\n');
    const isNamed = (name: string): boolean =>
      all.includes(`npm run ${name}`) || (builtIn.includes(name) && all.includes(`npm ${name}`));
    expect(own.filter((name) => !isNamed(name))).toEqual([]);
    const named = /npm run (?:--silent )?([a-z][\w:-]*)/g;
    expect(wrongMatches([...documents, ...code], named, (name) => name in packageJson.scripts)).toEqual([]);
  });

  it.each([
    ['usage', usageHelp, 'docs/usage.md'],
    ['bill-run', billRunHelp, 'docs/bills.md'],
    ['listener', listenerHelp, 'docs/events.md'],
  ])('options of tmf-balance-server %s', (_name, text, document) => {
    const options = [...text.matchAll(/^ +(--\w+)/gm)].map(([, option = '']) => option);
    expect(options.length).toBeGreaterThan(3);
    expect(options.filter((option) => !textOf(document).includes(option))).toEqual([]);
  });
});
